"""An import's own folder: never shared, never somebody else's, gone when the import is."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from planted import film

from core.claims import claimed, is_alive, owner_of, this_process
from core.errors import ExplorerError
from core.intake import import_studies, open_source
from core.intake.staging import staged
from core.paths import ROOT
from core.specs import open_studies

FILMS = 78
_IMPORT = """
import sys, time
from pathlib import Path
from core.errors import ExplorerError
from core.intake import import_studies, open_source
data, out, gate = map(Path, sys.argv[1:])
source = open_source(data)
print("ready", flush=True)
while not gate.exists():
    time.sleep(0.002)
try:
    print(import_studies(source, out, workers=1).n)
except ExplorerError as error:
    print(error)
"""


def _films(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        Image.fromarray(film(number)).save(folder / f"{number}.png")
    return folder


def _python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, stdout=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def _left(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if "importing" in path.name]


@pytest.mark.slow
def test_two_imports_to_one_place_mix_no_films(tmp_path: Path) -> None:
    data = _films(tmp_path / "in", FILMS)
    for attempt in range(3):
        out, gate = tmp_path / f"out{attempt}", tmp_path / f"gate{attempt}"
        both = [_python(_IMPORT, data, out, gate) for _ in range(2)]
        assert [process.stdout and process.stdout.readline() for process in both] == ["ready\n"] * 2
        gate.touch()
        said = sorted(process.communicate(timeout=600)[0].strip() for process in both)
        assert said[0] == str(FILMS)
        assert "is being written by another process" in said[1] or "not empty" in said[1], said
        rows = set(open_studies(str(out / "manifest.csv")).table["image"])
        images = {f"images/{path.name}" for path in (out / "images").iterdir()}
        assert images == rows and len(rows) == FILMS  # no orphan, none missing
    assert not _left(tmp_path)


def test_the_second_import_in_one_server_says_so(tmp_path: Path) -> None:
    data = _films(tmp_path / "in", 2)
    with staged(tmp_path / "out"), pytest.raises(ExplorerError, match="out is being written by"):
        import_studies(open_source(data), tmp_path / "out")
    assert not list(tmp_path.glob("out/images"))


def test_no_folder_is_deleted_that_the_import_did_not_make(tmp_path: Path) -> None:
    data = _films(tmp_path / "in", 1)
    theirs = tmp_path / "out.importing"
    (theirs / "images").mkdir(parents=True)
    (theirs / "images" / "mine.txt").write_text("mine")
    assert import_studies(open_source(data), tmp_path / "out").n == 1
    assert (theirs / "images" / "mine.txt").read_text() == "mine"
    assert len(list((tmp_path / "out" / "images").iterdir())) == 1


def test_what_appears_at_the_target_meanwhile_stays(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="made by somebody else"), staged(tmp_path / "out") as f:
        (f / "ours").touch()
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "theirs").touch()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["theirs"]
    assert not _left(tmp_path)


def test_a_killed_import_is_stale_and_what_it_left_goes(tmp_path: Path) -> None:
    stuck = "import sys, time\nfrom pathlib import Path\n"
    stuck += "from core.intake.staging import staged\n"
    stuck += "with staged(Path(sys.argv[1]) / 'out') as folder:\n"
    stuck += "    (folder / 'half').touch(); print('in', flush=True); time.sleep(600)"
    process = _python(stuck, tmp_path)
    assert process.stdout and process.stdout.readline() == "in\n"
    assert len(_left(tmp_path)) == 2
    process.kill()
    process.wait()
    with staged(tmp_path / "out") as folder:
        (folder / "whole").touch()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["whole"]
    assert not _left(tmp_path)


def test_a_stale_claim_names_no_folder_but_an_imports_own(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "mine").touch()
    with staged(tmp_path / "out"):
        (claim,) = tmp_path.glob(".importing-*.lock")
    for name in ("in", "../in", ".importing-0123456789abcdef/../in"):
        claim.write_text(json.dumps({"pid": 1, "created": 0.0, "folder": name}))
        with staged(tmp_path / "out"):
            pass
        assert not claim.exists()
    assert (tmp_path / "in" / "mine").exists()


def test_folders_above_that_were_made_go_with_an_import_that_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), staged(tmp_path / "a" / "b" / "out"):
        raise KeyError
    assert not list(tmp_path.iterdir())


def test_a_claim_is_one_processs_until_it_ends(tmp_path: Path) -> None:
    assert is_alive(this_process())
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    owner = owner_of(other.pid)
    assert is_alive(owner) and not is_alive({**owner, "created": owner["created"] - 60})
    claim = tmp_path / "claim"
    claim.write_text(json.dumps(owner))
    with pytest.raises(ExplorerError, match=str(other.pid)), claimed(claim, "It"):
        pass
    other.kill()
    other.wait()
    with claimed(claim, "It") as before:
        assert before == owner and json.loads(claim.read_text())["pid"] == os.getpid()
    assert not claim.exists()
    claim.write_text(json.dumps({**owner, "host": "elsewhere"}))
    with pytest.raises(ExplorerError, match="another computer .elsewhere."), claimed(
        claim, "It", longest=60
    ):
        pass
    os.utime(claim, (time.time() - 100, time.time() - 100))
    with claimed(claim, "It", longest=60):  # that computer is gone
        pass
    assert not claim.exists()
    claim.write_text("")  # of a process that died between making and writing it
    started = time.monotonic()
    with claimed(claim, "It"):
        assert time.monotonic() - started < 120
