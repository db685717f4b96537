"""What an archive's own prompts say is read once, by `embed`, and from the disk ever after."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from tiny_archive import FP32, make

from core.archive import own_texts
from core.archive.embed import embed
from core.archive.own_texts import texts_path
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, PromptSet, default_prompts
from core.specs import open_studies

READER = {"added_layers": True, "fusion": "reader"}
SOME = type(FP32)(**{**vars(FP32), "patches": 3})


def _reads(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many films the model reads with texts from now on, a number a pass."""
    read: list[int] = []
    plain = predictor.model.read
    monkeypatch.setattr(
        predictor.model, "read",
        lambda images, texts: read.append(len(images)) or plain(images, texts),
    )  # fmt: skip
    return read


@pytest.mark.parametrize("options", [FP32, SOME])
def test_default_prompts_are_read_by_embed_alone(tmp_path: Path, monkeypatch, options) -> None:
    predictor, studies, _ = make(tmp_path, options=options, **READER)
    spec, folder = f"shards:{tmp_path / 'a'}", tmp_path / "a"
    read = _reads(predictor, monkeypatch)
    kept = predictor.score_set(open_studies(spec), default_prompts())
    assert not read
    for shard in range(3):
        texts_path(folder, shard).unlink()
    anew = predictor.score_set(open_studies(spec), default_prompts())
    assert sum(read) == len(studies)
    for name, values in anew.items():
        np.testing.assert_allclose(kept[name], values, atol=1e-5, err_msg=name)
    read.clear()
    embed(predictor, studies, folder, options)
    assert sum(read) == len(studies)
    predictor.score_set(open_studies(spec), default_prompts())
    assert sum(read) == len(studies)


def test_each_file_is_opened_once_for_all_texts(tmp_path: Path, monkeypatch) -> None:
    predictor, _, _ = make(tmp_path, options=SOME, **READER)
    opened: list[str] = []
    plain = np.load

    def load(path, **options):
        opened.append(Path(path).name)
        return plain(path, **options)

    monkeypatch.setattr(own_texts.np, "load", load)
    predictor.score_set(open_studies(f"shards:{tmp_path / 'a'}"), default_prompts())
    assert sorted(opened) == [texts_path(tmp_path, shard).name for shard in range(3)]


def test_who_asks_for_what_is_kept_waits_for_no_other_text(tmp_path: Path, monkeypatch) -> None:
    predictor, _, _ = make(tmp_path, options=SOME, **READER)
    studies = open_studies(f"shards:{tmp_path / 'a'}")
    reading, go_on, plain = Event(), Event(), predictor.model.read

    def read(images, texts):
        reading.set()
        assert go_on.wait(60)
        return plain(images, texts)

    monkeypatch.setattr(predictor.model, "read", read)
    new = PromptSet({"Edema": FindingPrompts(("words of its own",), ("no edema",))})
    with ThreadPoolExecutor(2) as threads:
        slow = threads.submit(predictor.score_set, studies, new)
        assert reading.wait(60)
        kept = threads.submit(predictor.score_set, studies, default_prompts()).result(60)
        assert not slow.done()
        go_on.set()
        assert slow.result(60)["lrclr"].shape == (len(studies), 1)
    assert kept["lrclr"].shape == (len(studies), len(default_prompts()))


def test_a_damaged_file_is_made_again_and_is_never_scored_by(tmp_path: Path, monkeypatch) -> None:
    predictor, studies, _ = make(tmp_path, options=SOME, **READER)
    spec, path = f"shards:{tmp_path / 'a'}", texts_path(tmp_path / "a", 1)
    whole, before = path.read_bytes(), predictor.score_set(open_studies(spec), default_prompts())
    np.save(path, np.load(path)[:-1])  # of other prompts
    read = _reads(predictor, monkeypatch)
    after = predictor.score_set(open_studies(spec), default_prompts())
    assert sum(read) == len(studies)
    np.testing.assert_allclose(after["lrclr"], before["lrclr"], atol=1e-5)
    read.clear()
    embed(predictor, studies, tmp_path / "a", SOME)
    assert sum(read) == 5 and path.read_bytes() == whole  # of that shard alone


def test_scores_that_need_no_pass_have_no_such_files(tmp_path: Path) -> None:
    make(tmp_path, options=SOME, scorer="text", fusion="none")
    assert not list((tmp_path / "a").glob("texts-*"))


def test_kept_patches_alone_are_read_as_those_of_a_whole_grid(tmp_path: Path) -> None:
    predictor, _, _ = make(tmp_path, options=SOME, **READER)
    archive, texts = open_studies(f"shards:{tmp_path / 'a'}").archive, ["opacity", "no opacity"]
    rows, asked = np.array([7, 2]), predictor.encode_texts(texts)
    few, whole = archive.kept(rows), archive.encoding(rows)
    assert few.patch_features.shape[1] == 3 < whole.patch_features.shape[1]
    with torch.no_grad():
        first, second = predictor.model.read(few, asked), predictor.model.read(whole, asked)
    torch.testing.assert_close(first.match, second.match)
    torch.testing.assert_close(first.local, second.local)
