"""Readers on damaged and malicious files: each reads, or refuses in one sentence.

The seeded part of `benchmarks/fuzz.py`, in this process; properties by hypothesis; the regressions
that fuzzing found; and a proof that the runner notices a reader that breaks the rules.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import fuzz_traps as traps
import pytest
from fuzz_formats import FORMATS, Format
from hypothesis import given, settings
from hypothesis import strategies as st

from core.backbones import openai_checkpoint
from core.backbones.openai_checkpoint import openai_backbone
from core.errors import ExplorerError
from core.films.read import read_image
from core.films.window import parse_window
from core.paths import ROOT
from core.specs import open_studies
from core.studies.manifest import inside

sys.path.insert(0, str(ROOT / "benchmarks"))
from fuzz import judge, one_sentence


@pytest.fixture(autouse=True)
def _few_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The formats' small CLIP sets its vocabulary for the process; here for a test alone."""
    monkeypatch.setattr(openai_checkpoint, "_VOCABULARY", 100)

BY_NAME = {form.name: form for form in FORMATS}


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_seeded_part_of_the_fuzz(form: Format, tmp_path: Path) -> None:
    path = tmp_path / form.file
    path.write_bytes(form.sound()[0])
    assert judge(form.read, path).verdict == "read"
    verdicts = []
    for number in range(3 * form.share):
        path.write_bytes(form.case(number, seed=1))
        started = time.process_time()
        outcome = judge(form.read, path)
        assert outcome.verdict in ("read", "refused"), (number, outcome.said)
        assert time.process_time() - started < 5, number
        verdicts.append(outcome.verdict)
    assert "refused" in verdicts


@pytest.mark.parametrize(
    ("name", "number"),
    [("DICOM", 9), ("CSV", 53), ("pt", 372), ("pt", 464), ("pt", 612), ("config", 350),
     ("XML", 131), ("NIfTI", 785), ("NIfTI.gz", 16)],
)
def test_what_broke_a_reader_once_is_read_or_refused(
    name: str, number: int, tmp_path: Path
) -> None:
    form = BY_NAME[name]
    path = tmp_path / form.file
    path.write_bytes(form.case(number, seed=0))
    outcome = judge(form.read, path)
    assert outcome.verdict in ("read", "refused"), outcome.said


@given(st.binary(max_size=600), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff",
                                                 b"\0" * 128 + b"DICM"]))  # fmt: skip
@settings(deadline=None, max_examples=60)
def test_any_bytes_are_read_or_refused_in_a_sentence(data: bytes, start: bytes) -> None:
    try:
        assert read_image(start + data, "film").pixels.ndim == 2
    except ExplorerError as error:
        assert one_sentence(str(error))


@given(st.text(max_size=40))
def test_no_path_leaves_its_folder(text: str) -> None:
    root = Path("/tmp/a folder").resolve()
    found = inside(root, text)
    assert found is None or found.is_relative_to(root)


@given(st.text(max_size=20))
def test_any_window_is_one_or_refused(text: str) -> None:
    try:
        assert parse_window(text).width > 0
    except ExplorerError as error:
        assert str(error).endswith(".")


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")  # of an odd seed
@pytest.mark.parametrize("seed", range(4))
def test_a_pickle_never_runs_code(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(traps.MARKER, str(tmp_path / "made"))
    path = tmp_path / "weights.pt"
    code = traps.pickle_code if seed == 0 else traps.pickle_bare
    path.write_bytes(code(Random(seed)))
    with pytest.raises(ExplorerError, match="without running code"):
        openai_backbone(path)
    assert not (tmp_path / "made").exists()


def test_a_checkpoint_that_unpacks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(traps._zip_bomb("data/0", 16))
    with pytest.raises(ExplorerError, match="unpacks to 16 MB"):
        openai_backbone(path)


def test_tensors_larger_than_their_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(traps.pt_expanded(Random(0)))
    with pytest.raises(ExplorerError, match="more than the file holds"):
        openai_backbone(path)


@pytest.mark.parametrize(("header", "said"), [
    ("id,image," + ",".join(f"c{n}" for n in range(2000)), "over the limit"),
    ("id,image", "no usable row: there are no rows"),
])  # fmt: skip
def test_tables_beyond_measure(header: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text(header + "\n")
    with pytest.raises(ExplorerError, match=said) as caught:
        open_studies(str(tmp_path / "set.csv"))
    assert one_sentence(str(caught.value))


def test_a_description_of_another_size_than_its_weights_is_refused(tmp_path: Path) -> None:
    form = BY_NAME["config"]
    config = form.sound()[0]
    for wrong in (b'"depth": 1000000', b'"depth": -1', b'"depth": "x"',
                  b'"depth": 1' + b"0" * 400):
        (tmp_path / "config.json").write_bytes(config.replace(b'"depth": 1', wrong, 1))
        with pytest.raises(ExplorerError):
            form.read(tmp_path / "config.json")


def test_brackets_without_end_are_no_crash(tmp_path: Path) -> None:
    """Found by fuzzing: json raises RecursionError, which is no ValueError."""
    form = BY_NAME["CSV"]
    deep = "[" * 100_000
    (tmp_path / "manifest.csv").write_text(f'id,image,boxes,masks\na,a.png,"{deep}","{deep}"\n')
    form.read(tmp_path / "manifest.csv")
    (tmp_path / "config.json").write_text(deep)
    with pytest.raises(ExplorerError, match="not a model description"):
        BY_NAME["config"].read(tmp_path / "config.json")


@pytest.mark.slow
def test_the_runner_notices_every_broken_rule() -> None:
    code = (
        "import fuzz, sys\n"
        "fuzz.SECONDS, fuzz.CLOCK = 4, 600\n"  # sooner a hang, and time for a busy machine
        "if __name__ == '__main__':\n"
        "    rows = fuzz.fuzz('fuzz_bad_formats', 7, 0, 1)\n"
        "    print([o.verdict for o in rows['bad'].outcomes], fuzz.report(rows, 0))\n"
    )
    script = Path(os.environ["LRCLR_CACHE"]).parent / "notices.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(code)
    places = os.pathsep.join([str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "tests")])
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": places}, timeout=600)  # fmt: skip
    last = done.stdout.strip().splitlines()[-1]
    assert last == (
        "['read', 'refused', 'crash', 'raised', 'no sentence', 'hang', 'memory'] 1"
    ), done.stdout + done.stderr
