"""`python -m core serve`: the app for everybody in the same network, with a code for the class."""

import os
import subprocess
import sys
from typing import Annotated

import typer

_DISCONNECTED_S = 600
"""How long the server keeps what a session holds once its tab is closed, or its phone asleep."""

_UPLOAD_MB = 50
"""A radiograph has 5 to 35; thirty of 200 would fill the memory."""


def serve_command(
    port: Annotated[int, typer.Option(min=1, max=65_535)] = 8501,
    address: Annotated[
        str | None, typer.Option(help="What students type, where this computer has several.")
    ] = None,
    code: Annotated[
        str | None, typer.Option(help="Class code; by default a new one, or LRCLR_CLASS_CODE.")
    ] = None,
    open_to_all: Annotated[bool, typer.Option("--no-code", help="Ask for no class code.")] = False,
) -> None:
    """Serve the app to a room: prints its address, a QR code, a class code and the teacher's."""
    from core.paths import ROOT
    from core.serving.addresses import addresses, check_port
    from core.serving.codes import CLASS_CODE, TEACHER_CODE, check_code, new_class_code
    from core.serving.codes import new_teacher_code as new_teacher
    from core.training.runs import GIVE_WAY

    given = code or os.environ.get(CLASS_CODE)
    chosen = "" if open_to_all else check_code(given or new_class_code(), 4, "class")
    teacher = check_code(os.environ.get(TEACHER_CODE) or new_teacher(), 12, "teacher")
    check_port(port)
    own = [address] if address else addresses()
    _tell(own, port, chosen, teacher)
    command = [
        sys.executable, "-m", "streamlit", "run", str(ROOT / "explorer" / "Home.py"),
        "--server.address", "0.0.0.0", "--server.port", str(port), "--server.headless", "true",
        "--server.disconnectedSessionTTL", str(_DISCONNECTED_S),
        "--server.maxUploadSize", str(_UPLOAD_MB),
        # Else Streamlit asks the Internet for an address, and waits where there is none.
        "--browser.serverAddress", own[0] if own else "localhost",
    ]  # fmt: skip
    environment = {
        "OMP_NUM_THREADS": "1",  # of each pass: thirty people are served side by side
        GIVE_WAY: "1",
        "MALLOC_ARENA_MAX": "2",  # else glibc keeps what each of thirty threads once needed
        **os.environ, CLASS_CODE: chosen, TEACHER_CODE: teacher,
    }  # fmt: skip
    sys.stdout.flush()
    if os.name == "posix":
        os.execve(sys.executable, command, environment)
    raise SystemExit(subprocess.call(command, env=environment))


def _tell(own: list[str], port: int, code: str, teacher: str) -> None:
    from core.serving.addresses import join_url
    from core.serving.qr import for_terminal

    if own:
        print(for_terminal(join_url(own[0], port, code), sys.stdout.isatty()))
        print("\nStudents open, in the same network:")
        for one in own:
            print(f"    {join_url(one, port, '')}")
    else:
        print("This computer is in no network; others cannot reach it.")
    print(f"Class code: {code}" if code else "No class code is asked for.")
    print("    It keeps out who came by accident and protects nothing: do not show films of\n"
          "    patients here. Who must log in: docs/server.md.")  # fmt: skip
    print(f"You open http://localhost:{port} here, or elsewhere with the teacher's code: {teacher}")
