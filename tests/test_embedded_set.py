"""An archive as a study set: scores, regions and figures without its images."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_archive import FP32, PROMPTS, make
from tiny_model import tiny_model

from core.archive import embedded_set, rescore
from core.archive.embed import embed
from core.errors import ExplorerError
from core.evaluation.evaluate import evaluate
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, PromptSet, default_prompts
from core.specs import open_studies


@pytest.mark.parametrize("scorer", ["text", "product"])
def test_scores_regions_and_figures_are_those_of_the_images(tmp_path, scorer):
    predictor, studies, _ = make(tmp_path, scorer=scorer)
    archive = open_studies(f"shards:{tmp_path / 'a'}")
    expected = predictor.score_set(studies, PROMPTS)
    for name, values in predictor.score_set(archive, PROMPTS).items():
        np.testing.assert_allclose(values, expected[name], atol=2e-5, err_msg=name)
    with pytest.raises(ExplorerError, match="cannot be shown"):
        archive.image(0)  # "tiny:12" opens nothing: no score has seen an image
    assert archive.labels.equals(studies.labels) and archive.ids == studies.ids
    one = predictor.regions(predictor.encode_row(archive, 7), ["opacity"], (40, 48))
    other = predictor.regions(predictor.encode_image(studies.image(7)), ["opacity"], (40, 48))
    assert one.boxes == other.boxes
    np.testing.assert_allclose(one.weights, other.weights, atol=2e-3)
    figures = evaluate(predictor, archive, PROMPTS, 20).to_json()
    assert figures == evaluate(predictor, studies, PROMPTS, 20).to_json()


def test_the_default_prompts_are_scored_without_a_model(tmp_path):
    predictor, _, _ = make(tmp_path, fusion="none")
    archive = open_studies(f"shards:{tmp_path / 'a'}")
    with_model = evaluate(predictor, archive, None, 20).to_json()
    alone = open_studies(f"shards:{tmp_path / 'a'}")  # nothing is remembered of the other
    assert evaluate(None, alone, None, 20).to_json() == with_model
    # Other prompts need the text tower; "tiny" loads nothing, so that the attempt is seen.
    with pytest.raises(ExplorerError, match="tiny"):
        evaluate(None, alone, PROMPTS, 20)


def test_a_new_prompt_alone_passes_over_the_patches(tmp_path, monkeypatch):
    predictor, _, _ = make(tmp_path, fusion="none")
    archive = open_studies(f"shards:{tmp_path / 'a'}")
    predictor.score_set(archive, PROMPTS)
    asked = []
    pooled = rescore.lse_pool
    monkeypatch.setattr(
        rescore, "lse_pool",
        lambda cosines, gamma: asked.append(cosines.shape) or pooled(cosines, gamma),
    )  # fmt: skip
    predictor.score_set(archive, PROMPTS)
    assert not asked
    edited = PromptSet({**PROMPTS, "Fracture": FindingPrompts(("broken rib",), ("no fracture",))})
    found = predictor.score_set(archive, edited)
    assert {shape[1] for shape in asked} == {1}
    fresh = predictor.score_set(open_studies(f"shards:{tmp_path / 'a'}"), edited)
    # One text alone is compared in half precision, which rounds its cosines.
    np.testing.assert_allclose(found["lrclr"], fresh["lrclr"], atol=5e-4)


def test_patches_too_many_to_hold_are_read_from_the_shards(tmp_path, monkeypatch):
    predictor, _, _ = make(tmp_path)
    held = predictor.score_set(open_studies(f"shards:{tmp_path / 'a'}"), PROMPTS)
    monkeypatch.setattr(rescore, "_HELD", 0)
    grid, width = predictor.model.backbone.grid, predictor.model.backbone.embed_dim
    monkeypatch.setattr(rescore, "_READ", 2 * 7 * np.prod(grid) * width)
    read = predictor.score_set(open_studies(f"shards:{tmp_path / 'a'}"), PROMPTS)
    np.testing.assert_allclose(read["lrclr"], held["lrclr"], atol=1e-6)


@pytest.mark.parametrize("local_form", ["gloria", "filip"])
def test_scores_that_read_words_come_from_the_shards_too(tmp_path, local_form):
    predictor, studies, _ = make(tmp_path, local_form=local_form)
    found = predictor.score_set(open_studies(f"shards:{tmp_path / 'a'}"), PROMPTS)
    expected = predictor.score_set(studies, PROMPTS)
    np.testing.assert_allclose(found["local"], expected["local"], atol=2e-3)


def test_a_match_score_comes_from_the_shards_too(tmp_path):
    predictor, studies, _ = make(tmp_path, mix={"global": 1.0, "match": 1.0})
    found = predictor.score_set(open_studies(f"shards:{tmp_path / 'a'}"), PROMPTS)
    expected = predictor.score_set(studies, PROMPTS)
    assert np.abs(expected["match"]).max() > 1e-3
    np.testing.assert_allclose(found["lrclr"], expected["lrclr"], atol=1e-4)


def test_some_patches_are_kept_and_pooled(tmp_path):
    predictor, studies, _ = make(tmp_path, options=replace(FP32, patches=3))
    archive = open_studies(f"shards:{tmp_path / 'a'}")
    images = predictor.encode_set(archive)
    assert images.selected is not None and images.selected.shape == (12, 3)
    whole = predictor.encode_set(studies).patch_features
    best = (whole @ predictor.encode_texts(
        list(dict.fromkeys(t for f in default_prompts().values() for t in f.positive))
    ).text_features.T).amax(dim=-1)  # fmt: skip
    for row in range(12):
        chosen = images.selected[row]
        assert set(chosen.tolist()) == set(best[row].topk(3).indices.tolist())
        torch.testing.assert_close(images.patch_features[row, chosen], whole[row, chosen],
                                   atol=1e-3, rtol=0)  # fmt: skip
        assert int(images.patch_features[row].abs().sum(dim=1).gt(0).sum()) == 3
    # Scores from the kept patches alone are those of the selection on the whole grid.
    expected = predictor.score(images, PROMPTS)
    np.testing.assert_allclose(predictor.score_set(archive, PROMPTS)["local"], expected["local"],
                               atol=1e-5)  # fmt: skip


def test_embeddings_of_another_model_are_not_scored(tmp_path):
    make(tmp_path)
    archive = open_studies(f"shards:{tmp_path / 'a'}")
    with pytest.raises(ExplorerError, match="made by the model tiny"):
        Predictor(tiny_model(seed=1), "other").score_set(archive, PROMPTS)


def test_regions_of_too_many_are_not_taken_at_once(tmp_path, monkeypatch):
    predictor, _, _ = make(tmp_path)
    archive = open_studies(f"shards:{tmp_path / 'a'}")
    assert len(predictor.encode_set(archive)) == 12
    monkeypatch.setattr(embedded_set, "_WHOLE", 1000)
    with pytest.raises(ExplorerError, match="over the limit"):
        predictor.encode_set(archive)
    assert len(predictor.score_set(archive, PROMPTS)["lrclr"]) == 12  # a few at a time


def test_an_archive_goes_to_another_process_as_its_folder(tmp_path):
    make(tmp_path)
    part = open_studies(f"shards:{tmp_path / 'a'}").subset([7, 2])
    assert len(pickle.dumps(part)) < 2000
    again = pickle.loads(pickle.dumps(part))
    assert again.ids == ["t7", "t2"] and again.fingerprint == part.fingerprint


def test_images_are_the_sources_and_may_be_gone(tmp_path):
    folder, films = tmp_path / "a", tmp_path / "films"
    films.mkdir()
    for n in range(3):
        Image.fromarray(np.full((40, 40), 60 * n + 20, np.uint8)).save(films / f"{n}.png")
    predictor, studies = Predictor(tiny_model(), "tiny"), open_studies(str(films))
    embed(predictor, studies, folder, FP32)
    np.testing.assert_array_equal(open_studies(f"shards:{folder}").image(1), studies.image(1))
    (films / "0.png").unlink()  # rows move: another picture must not be shown for it
    with pytest.raises(ExplorerError, match="no longer what was embedded"):
        open_studies(f"shards:{folder}").image(1)
    for film in films.iterdir():
        film.unlink()
    archive = open_studies(f"shards:{folder}")
    with pytest.raises(ExplorerError, match="cannot be shown"):
        archive.image(1)
    assert predictor.score_set(archive, PROMPTS)["lrclr"].shape == (3, 2)
