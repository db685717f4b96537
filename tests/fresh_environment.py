"""An environment of what a wheel declares and no more, made in seconds.

From nothing, pip would fetch and unpack 6 GB. Here the files of what is declared, and of what that
declares in turn, are linked from the environment of the tests, where `make venv` has put the very
same versions. What is not declared is not there: the tests' own tools, this checkout.
"""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import distribution, distributions
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def requirements_of(wheel: Path) -> list[str]:
    """Lines `Requires-Dist` of a wheel."""
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode().split("\n\n")[0].splitlines()
    return [line.partition(": ")[2] for line in lines if line.startswith("Requires-Dist: ")]


def closure(required: Iterable[str], extras: frozenset[str] = frozenset()) -> set[str]:
    """Names of the distributions that requirements ask for here, and those ask for in turn."""
    names: set[tuple[str, frozenset[str]]] = set()
    waiting = [(line, extras) for line in required]
    while waiting:
        line, wanted = waiting.pop()
        asked = Requirement(line)
        if asked.marker and not any(
            asked.marker.evaluate({"extra": extra}) for extra in (*wanted, "")
        ):
            continue
        node = (canonicalize_name(asked.name), frozenset(asked.extras))
        if node in names:
            continue
        names.add(node)
        for further in distribution(asked.name).requires or []:
            waiting.append((further, node[1]))
    return {name for name, _ in names}


def make(folder: Path, wheel: Path) -> Path:
    """Make an environment with a wheel and what it declares; its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    place = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    _link(closure(requirements_of(wheel)), Path(place))
    pip(python, "install", "--quiet", "--no-deps", "--no-index", str(wheel))
    return python


def pip(python: Path, *arguments: str) -> str:
    """Run this environment's pip on another, which needs none then; what it printed."""
    command = [sys.executable, "-m", "pip", "--python", str(python), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _link(names: set[str], place: Path) -> None:
    """Link what distributions brought: whole folders, or file by file where others share one.

    Their commands lie outside of the packages and stay where they are.
    """
    owners: dict[str, set[str]] = defaultdict(set)
    shared: list[tuple[str, str, str]] = []  # distribution, its folder, a file of it
    for found in distributions():
        name = canonicalize_name(found.metadata["Name"])
        here = str(found.locate_file(""))
        for file in map(str, found.files or []):
            top = file.partition("/")[0]
            if top not in ("..", "__pycache__"):
                owners[os.path.join(here, top)].add(name)
                shared.append((name, here, file))
    whole = {top for top, by in owners.items() if by <= names}
    for top in whole:
        os.symlink(top, place / os.path.basename(top))
    for name, here, file in shared:
        top = os.path.join(here, file.partition("/")[0])
        if name in names and top in owners and top not in whole:
            os.makedirs(place / os.path.dirname(file), exist_ok=True)
            with suppress(FileExistsError):  # a file that belongs to two
                os.symlink(os.path.join(here, file), place / file)
