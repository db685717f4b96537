"""Fixtures of general use."""

import os
import sys
from pathlib import Path

import pytest

from core.cli import main
from core.paths import cxr_data

if "PYTEST_XDIST_WORKER" in os.environ:  # the processes of the tests fill the cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as cores: who waits for a browser or another process leaves one idle."""
    return (os.cpu_count() or 1) * 3 // 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: a long one at the end would leave the other cores idle."""
    marks = ("browser", "slow")
    longest = {
        mark: {item.path for item in items if item.get_closest_marker(mark)} for mark in marks
    }
    items.sort(key=lambda item: [item.path not in longest[mark] for mark in marks])


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests share a cache of their own and leave the user's alone."""
    folder = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("LRCLR_CACHE", str(folder))


@pytest.fixture(autouse=True)
def _own_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a database of its own and leaves the user's notes alone."""
    monkeypatch.setenv("LRCLR_RECORDS", f"sqlite:///{tmp_path}/notes.sqlite")


@pytest.fixture(autouse=True)
def _at_this_computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are tested as their owner, without access.toml; tests/test_access.py has visitors."""
    monkeypatch.setenv("LRCLR_ACCESS", str(tmp_path / "no-access.toml"))
    if "streamlit" in sys.modules:  # no test of core waits for it
        from explorer import access

        here = access.Connection(None, {"Host": "localhost:8501"})
        monkeypatch.setattr(access, "connection", lambda: here)


@pytest.fixture
def cxr() -> Path:
    """The folder of real radiographs."""
    folder = cxr_data()
    if folder is None:
        pytest.skip("no real radiographs: set CXR_DATA to the folder that holds manifest.csv")
    return folder


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Runs a command in this process; gives exit code, stdout and stderr."""
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["core", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
            raise SystemExit(0)
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return call
