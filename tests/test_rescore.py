"""What an archive computes, against the formulas written out: cosines, kept patches, memory."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_archive import FP32, PROMPTS, make
from tiny_model import tiny_model

from core.archive import read_texts, rescore
from core.archive.keep import keep_patches
from core.archive.shard import Patches, read_head, write_shard
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, PromptSet
from core.lrclr.encodings import ImageEncoding
from core.paths import cache_dir
from core.specs import open_studies


def _images(n: int, patches: int = 6, width: int = 8, seed: int = 0) -> ImageEncoding:
    rng = torch.Generator().manual_seed(seed)
    unit = torch.nn.functional.normalize
    return ImageEncoding(
        unit(torch.randn(n, width, generator=rng), dim=-1),
        unit(torch.randn(n, patches, width, generator=rng), dim=-1), None, (2, 3),
    )  # fmt: skip


@pytest.mark.parametrize("texts", [1, 2, 5])
def test_cosines_of_few_and_of_many_texts_are_the_same(texts: int, monkeypatch) -> None:
    """Few take a pass each in half precision, more are turned to single some at a time."""
    monkeypatch.setattr(rescore, "_IN_CACHE", 7)  # parts that end inside an image
    patches = _images(5).patch_features.half()
    features = _images(texts, seed=1).image_features
    found = rescore._region_cosines(patches, features)
    expected = torch.einsum("nkd,pd->npk", patches.float(), features)
    torch.testing.assert_close(found, expected, atol=6e-4 if texts < 3 else 1e-6, rtol=0)


def test_patches_are_kept_by_their_best_cosine_with_any_text() -> None:
    images = _images(4)
    model = tiny_model()
    texts = model.encode_text(["opacity", "fracture"])
    texts = type(texts)(_images(2, seed=2).image_features, texts.words, texts.mask, texts.pieces,
                        texts.texts)  # fmt: skip
    kept = keep_patches(images, 2, texts)
    for row in range(4):
        best = (images.patch_features[row] @ texts.text_features.T).amax(dim=1)
        assert kept.selected[row].tolist() == best.argsort(descending=True)[:2].tolist()
        torch.testing.assert_close(kept.patch_features[row],
                                   images.patch_features[row, kept.selected[row]])  # fmt: skip
    assert keep_patches(images, None, texts) is images
    assert keep_patches(images, 99, texts).patch_features.shape == (4, 6, 8)


def test_what_the_model_selected_is_kept_first() -> None:
    cells = torch.tensor([[4, 0, 2], [1, 5, 3]])
    images = _images(2)
    images = ImageEncoding(images.image_features, images.patch_features, cells, images.grid)
    kept = keep_patches(images, 2, tiny_model().encode_text(["opacity"]))
    assert kept.selected.tolist() == [[4, 0], [1, 5]]
    torch.testing.assert_close(kept.patch_features[1, 1], images.patch_features[1, 5])


def test_patches_come_back_in_any_order_and_as_often_as_asked(tmp_path: Path) -> None:
    """150 studies are three row groups; places cross them, repeat, and are not sorted."""
    images = _images(150)
    ids = [f"s{n}" for n in range(150)]
    write_shard(tmp_path / "s.parquet", list(range(150)), ids, images, [])
    head = read_head(tmp_path / "s.parquet", 8)
    np.testing.assert_array_equal(head.image_features, images.image_features.half().numpy())
    places = np.random.default_rng(0).integers(0, 150, 40)
    file = Patches(tmp_path / "s.parquet", 8)
    found, cells = file.read(places)
    file.close()
    assert cells is None
    torch.testing.assert_close(found, images.patch_features.half()[torch.from_numpy(places)])


def test_scores_do_not_hang_on_what_is_remembered(tmp_path: Path, monkeypatch) -> None:
    predictor, _, _ = make(tmp_path)
    spec = f"shards:{tmp_path / 'a'}"
    other = PromptSet({name: FindingPrompts(("mass", "nodule"), ("clear",)) for name in PROMPTS})
    expected = [predictor.score_set(open_studies(spec), each) for each in (PROMPTS, other)]
    monkeypatch.setattr(rescore, "_REMEMBERED", 0)  # every text is forgotten for the next
    archive = open_studies(spec)
    for each, scores in [*zip((PROMPTS, other), expected, strict=True)] * 2:
        for name, values in predictor.score_set(archive, each).items():
            np.testing.assert_allclose(values, scores[name], atol=1e-6, err_msg=name)


def test_a_part_of_an_archive_has_the_scores_of_its_rows(tmp_path: Path) -> None:
    predictor, _, _ = make(tmp_path)
    archive = open_studies(f"shards:{tmp_path / 'a'}")
    whole, part = (predictor.score_set(each, PROMPTS) for each in (archive, archive.subset([7, 2])))
    for name in whole:
        np.testing.assert_array_equal(part[name], whole[name][[7, 2]])


@pytest.mark.parametrize("scorer", ["product", "text"])
def test_an_archive_of_some_patches_scores_by_them_alone(tmp_path: Path, scorer: str) -> None:
    """Log-mean-exp over the kept patches, written out."""
    options = FP32 if scorer == "product" else type(FP32)(**{**vars(FP32), "patches": 3})
    predictor, _, _ = make(tmp_path, options=options, scorer=scorer, fusion="none")
    archive = open_studies(f"shards:{tmp_path / 'a'}")
    images = predictor.encode_set(archive)
    gamma = predictor.model.config.gamma
    finding = PROMPTS["Fracture"]
    sides = []
    for side in (finding.positive, finding.negative):
        features = predictor.encode_texts(list(side)).text_features
        local = []
        for row in range(len(images)):
            kept = images.patch_features[row, images.selected[row]]
            cosine = (kept @ features.T).numpy()  # (K, P)
            local.append(np.log(np.mean(np.exp(gamma * cosine), axis=0)) / gamma)
        pooled = np.array(local)
        sides.append(np.log(np.mean(np.exp(gamma * pooled), axis=1)) / gamma)
    found = Predictor(predictor.model, "tiny").score_set(archive, PROMPTS)["local"]
    np.testing.assert_allclose(found[:, 1], sides[0] - sides[1], atol=1e-3)


def test_what_a_model_reads_of_a_large_archive_is_kept_on_disk(tmp_path: Path, monkeypatch) -> None:
    """Equal to the last bit, by text; not of other embeddings, and made again where damaged."""
    monkeypatch.setattr(rescore, "_WORTH", 8)
    monkeypatch.setattr(read_texts, "_PAIRED", 1)  # a study at a time
    predictor, _, _ = make(tmp_path, added_layers=True, fusion="reader")
    for file in (tmp_path / "a").glob("texts-*"):  # some of the prompts are the archive's own
        file.unlink()
    spec, read = f"shards:{tmp_path / 'a'}", []
    plain = predictor.model.read
    monkeypatch.setattr(
        predictor.model, "read",
        lambda images, texts: read.append((len(images), len(texts))) or plain(images, texts),
    )  # fmt: skip
    first = predictor.score_set(open_studies(spec), PROMPTS)
    assert read == [(1, 6)] * len(open_studies(spec))
    again = predictor.score_set(open_studies(spec), PROMPTS)
    assert len(read) == len(open_studies(spec))  # nothing was read again
    for name, values in first.items():
        np.testing.assert_array_equal(again[name], values, err_msg=name)
    kept = sorted((cache_dir() / "columns").iterdir())
    assert len(kept) == 6
    kept[0].write_bytes(b"damaged")
    read.clear()
    np.testing.assert_array_equal(
        predictor.score_set(open_studies(spec), PROMPTS)["lrclr"], first["lrclr"]
    )
    assert set(read) == {(1, 1)}
    archive = open_studies(spec)
    archive.archive.image_features[0] = -archive.archive.image_features[0]
    read.clear()
    predictor.score_set(archive, PROMPTS)
    assert set(read) == {(1, 6)}
