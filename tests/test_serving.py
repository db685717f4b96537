"""A server for a room: addresses, codes and their QR code, and the question at the entrance."""

import re
import socket
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from app_driver import sound
from PIL import Image, ImageDraw
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from core.cli import app as commands
from core.cli import serve
from core.errors import ExplorerError
from core.paths import ROOT
from core.serving.addresses import addresses, check_port, join_url
from core.serving.codes import check_code, new_class_code, new_teacher_code, plain_code
from core.serving.qr import as_svg, for_terminal
from explorer import access, admission
from explorer.access import Connection

URL = "http://192.168.1.5:8501/?class=KBT4Q7"


def _read(picture: Image.Image) -> str:
    large = picture.resize((picture.width * 8, picture.height * 8), Image.Resampling.NEAREST)
    return str(cv2.QRCodeDetector().detectAndDecode(np.asarray(large.convert("RGB")))[0])


def test_a_phone_reads_the_terminal_s_code_and_the_page_s() -> None:
    lines = for_terminal(URL, False).split("\n")
    dots = np.zeros((2 * len(lines), len(lines[0])), np.uint8)
    for row, line in enumerate(lines):
        for column, sign in enumerate(line):
            dots[2 * row, column] = 255 * (sign in "█▀")
            dots[2 * row + 1, column] = 255 * (sign in "█▄")
    assert _read(Image.fromarray(np.pad(dots, 4, constant_values=255))) == URL
    coloured = for_terminal(URL, True).split("\n")
    assert all(line.startswith("\x1b[97;40m") and line.endswith("\x1b[0m") for line in coloured)
    assert _read(_drawn(as_svg(URL))) == URL


def _drawn(svg: str) -> Image.Image:
    """An SVG of one path of horizontal strokes, in dots."""
    picture = Image.new("L", (60, 60), 255)
    pen = ImageDraw.Draw(picture)
    x, y = 0.0, 0.0
    path = re.search(r'stroke="#000"[^>]* d="([^"]+)"', svg)[1]  # type: ignore[index]
    for kind, told in re.findall(r"([Mmh])([-\d. ]+)", path):
        values = [float(value) for value in told.split()]
        if kind == "h":
            pen.line([(x, int(y)), (x + values[0] - 1, int(y))], fill=0)
            x += values[0]
        else:
            x, y = (x * (kind == "m") + values[0], y * (kind == "m") + values[1])
    return picture


def test_codes_can_be_read_from_the_last_row() -> None:
    codes = {new_class_code() for _ in range(50)}
    assert len(codes) > 45 and all(len(code) == 6 for code in codes)
    assert not set("".join(codes)) & set("IO01") and len(new_teacher_code()) == 16
    assert plain_code(" k-b t\n4Q7") == "KBT4Q7"
    assert check_code("abcd", 4, "class") == "ABCD"
    with pytest.raises(ExplorerError, match="12 letters"):
        check_code("short", 12, "teacher")


def test_addresses_are_those_that_others_reach() -> None:
    assert not [one for one in addresses() if one.startswith(("127.", "169.254.", "0."))]
    assert len(set(addresses())) == len(addresses())
    assert join_url("10.0.0.2", 8501, "") == "http://10.0.0.2:8501/"
    assert join_url("10.0.0.2", 80, "AB", "/lab/") == "http://10.0.0.2:80/lab/?class=AB"


def test_a_port_that_is_taken_is_refused_by_name() -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        with pytest.raises(ExplorerError, match=f"Port {taken.getsockname()[1]} .*--port"):
            check_port(taken.getsockname()[1])


def test_the_command_says_all_and_hands_the_codes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(serve.os, "execve", lambda _, *told: started.append(told) or sys.exit(0))
    monkeypatch.setattr("core.serving.addresses.check_port", lambda port: None)
    said = CliRunner().invoke(commands, ["serve", "--code", "kbt4q7", "--address", "10.9.8.7"])
    assert said.exit_code == 0, said.output
    command, environment = started[0]
    assert environment["LRCLR_CLASS_CODE"] == "KBT4Q7" and environment["OMP_NUM_THREADS"]
    assert environment["MALLOC_ARENA_MAX"] == "2"  # benchmarks/server_memory.py
    assert len(environment["LRCLR_TEACHER_CODE"]) >= 12
    for told in ("http://10.9.8.7:8501/", "Class code: KBT4Q7", "protects nothing", "▀",
                 environment["LRCLR_TEACHER_CODE"]):  # fmt: skip
        assert told in said.output
    assert Path(command[command.index("run") + 1]) == ROOT / "explorer" / "Home.py"
    assert command[command.index("--server.address") + 1] == "0.0.0.0"
    assert "--server.disconnectedSessionTTL" in command
    CliRunner().invoke(commands, ["serve", "--no-code"])
    assert started[1][1]["LRCLR_CLASS_CODE"] == ""


@pytest.fixture
def class_server(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    visitor = Connection("192.168.1.20", {"Host": "192.168.1.5:8501"})
    monkeypatch.setattr(access, "connection", lambda: visitor)
    monkeypatch.setenv("LRCLR_CLASS_CODE", "KBT4Q7")
    monkeypatch.setenv("LRCLR_TEACHER_CODE", "TEACHERSCODE123")
    admission._held.clear()
    admission._wrong.clear()
    return AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300)


def test_who_comes_is_asked_for_the_code_once(class_server: AppTest) -> None:
    app = class_server.run()
    assert not app.sidebar.selectbox and [one.label for one in app.text_input] == ["Class code"]
    app.text_input(key="class_code").set_value("WRONG1")
    app.button(key="class_enter").click().run()
    assert "not the code" in app.error[0].value and not app.sidebar.selectbox
    app.text_input(key="class_code").set_value("kbt 4q7")
    app.button(key="class_enter").click().run()
    sound(app)
    assert app.sidebar.selectbox and "KBT4Q7" in app.query_params["class"]
    app.switch_page("../pages/classroom.py").run()
    assert not app.exception and [one.label for one in app.text_input] == ["Teacher's code"]
    app.text_input(key="teacher_code").set_value("teachers-code-123")
    app.button(key="teacher_enter").click().run()
    sound(app)
    assert any("question that most got wrong" in one.value for one in app.markdown)


def test_the_code_of_an_address_lets_in_and_a_wrong_one_is_said(class_server: AppTest) -> None:
    class_server.query_params["class"] = "KBT4Q8"
    assert "no longer" in class_server.run().warning[0].value
    class_server.query_params["class"] = "KBT4Q7"
    sound(class_server.run())
    assert class_server.sidebar.selectbox
