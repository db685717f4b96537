"""Sanity of maps: what is shuffled, what is called alike, and stamps that are kept."""

import json
from dataclasses import replace
from shutil import copytree

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from tiny_model import TinySet, tiny_model

from core.analysis.sanity import (
    TESTS,
    Alike,
    Stamp,
    alike,
    rank_correlation,
    structural_similarity,
)
from core.analysis.sanity_maps import sanity_report
from core.analysis.stamps import UNTESTED, keep_stamps, stamp_text, stamps_file, stamps_of
from core.attribution.randomised import cascade, image_layers
from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, PromptSet
from core.metrics.bootstrap import Interval
from core.paths import ASSETS

TEXTS = PromptSet({
    "Lung Opacity": FindingPrompts(("a dense opacity",), ("lungs clear",)),
    "Fracture": FindingPrompts(("broken rib",), ("bones whole",)),
})  # fmt: skip


def predictor() -> Predictor:
    return Predictor(tiny_model(), "tiny")


@pytest.fixture(scope="module")
def report():
    methods = ["lrclr", "centre", "random", "rollout"]
    return sanity_report(predictor(), TinySet(12), methods, TEXTS, 2, 100)


def test_what_cannot_show_the_model_fails_and_noise_passes(report):
    assert set(report.stamps["centre"].failed) == set(TESTS)
    assert not report.stamps["random"].failed  # which is why passing proves little
    assert "prompt" in report.stamps["rollout"].failed  # it reads no text
    assert report.stamps["rollout"].alike["prompt"].rank.value == 1
    assert report.stamps["centre"].alike["weights"].ssim.value == pytest.approx(1)
    assert report.stamps["lrclr"].alike["prompt"].rank.value < 0.99
    assert "sanity: fails weight randomisation, prompt swap, image swap" in report.table()
    assert [what for what, _ in report.steps["lrclr"]][-1] == "all layers"


def test_weights_are_shuffled_from_the_top_and_the_texts_and_the_model_stay():
    model = tiny_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    texts = predictor().encode_texts(["a dense opacity"])
    pixels = torch.rand(1, 1, 32, 32)
    layers = image_layers(tiny_model(), pixels, texts)
    tops = [names[0].rsplit(".", 1)[0] for names in layers]
    assert layers[0][0].startswith("fusion") and "backbone.patches" in tops
    order = [next(k for k, names in enumerate(layers) if any(n.startswith(part) for n in names))
             for part in ("fusion", "region_head", "backbone.blocks.1", "backbone.blocks.0",
                          "backbone.patches")]  # fmt: skip
    assert order == sorted(order)
    assert not any(name.startswith("backbone.words") for names in layers for name in names)
    changed = []
    for _, copy in cascade(model, pixels, texts, 3, seed=1):
        state = copy.state_dict()
        changed.append({name for name in before if not torch.equal(before[name], state[name])})
        for name in changed[-1]:
            assert torch.equal(before[name].flatten().sort()[0], state[name].flatten().sort()[0])
    assert changed[0] < changed[1] < changed[2]
    wanted = {name for names in layers for name in names if before[name].unique().numel() > 1}
    assert changed[2] == wanted
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_maps_are_compared_by_rank_and_by_structure():
    rng = np.random.default_rng(0)
    first, second = rng.random((9, 9)), rng.random((9, 9)).round(1)
    expected = spearmanr(first.ravel(), second.ravel()).statistic
    assert rank_correlation(first, second) == pytest.approx(expected)
    assert rank_correlation(first, np.exp(5 * first)) == pytest.approx(1)
    assert rank_correlation(first, np.ones((9, 9))) == 0
    assert structural_similarity(first, 3 * first + 2) == pytest.approx(1)
    assert structural_similarity(first, 1 - first) < 0 < structural_similarity(first, second) < 0.5
    fine = np.kron(first, np.ones((30, 30)))
    assert rank_correlation(fine, fine + 1e-6 * rng.random(fine.shape)) > 0.99


def test_a_test_is_passed_only_with_its_whole_interval():
    pair = [(np.arange(9.0).reshape(3, 3), np.arange(9.0).reshape(3, 3))]
    other = [(np.arange(9.0).reshape(3, 3), -np.arange(9.0).reshape(3, 3))]
    mixed = alike(pair * 6 + other * 6, np.arange(12), 200)
    assert mixed.rank.value == 0 and mixed.rank.low < 0 < mixed.rank.high
    assert mixed.passed == (mixed.rank.high < 0.5)
    assert not replace(mixed, rank=Interval(0.4, 0.3, 0.51)).passed
    assert not replace(mixed, rank=Interval(0.4, np.nan, np.nan)).passed
    with pytest.raises(ExplorerError, match="no map to compare"):
        alike([], np.arange(0))


def test_stamps_are_kept_for_their_weights_and_added_to(report, tmp_path, monkeypatch):
    monkeypatch.setenv("LRCLR_CALIBRATIONS", str(tmp_path / "kept"))
    path = stamps_file("biomedclip", "a" * 24)
    assert stamps_of("biomedclip", "a" * 24) == {}
    keep_stamps(path, report, "a" * 24)
    told = stamps_of("biomedclip", "a" * 24)
    assert {name: one.text for name, one in told.items()} == {
        name: one.text for name, one in report.stamps.items()
    }
    keep_stamps(path, replace(report, stamps={"lrclr": report.stamps["centre"]}), "a" * 24)
    later = stamps_of("biomedclip", "a" * 24)
    assert later["lrclr"].text == report.stamps["centre"].text and "rollout" in later
    assert stamp_text(later, "occlusion:lrclr") == UNTESTED
    folder = tmp_path / "model"
    folder.mkdir()
    keep_stamps(stamps_file(str(folder), "a" * 24), report, "a" * 24)
    assert stamps_of(str(folder), "a" * 24).keys() == report.stamps.keys()
    assert stamps_of(str(folder), "b" * 24) == {}  # the folder has other weights now
    path.write_text("[]")
    with pytest.raises(ExplorerError, match=r"python -m core sanity --keep"):
        stamps_of("biomedclip", "a" * 24)


def test_a_stamp_names_what_failed():
    same, other = (Alike(Interval(v, v, v), Interval(v, v, v), 5) for v in (0.9, 0.1))
    stamp = Stamp({"weights": same, "prompt": other, "image": same})
    assert stamp.text == "sanity: fails weight randomisation, image swap"
    assert Stamp.from_json(json.loads(json.dumps(stamp.to_json()))) == stamp


def test_sanity_keeps_stamps_in_the_model_s_folder(run, tmp_path):
    folder = copytree(ASSETS / "demo", tmp_path / "mine", ignore=lambda *_: {"sanity.json"})
    config = (folder / "config.json").read_bytes()
    code, out, err = run(
        "sanity", "--model", folder, "--data", "phantom:val,n=5,size=64", "--methods",
        "lrclr,centre", "--steps", 1, "--n-bootstrap", 50, "--keep", "--json", tmp_path / "s.json",
    )  # fmt: skip
    assert code == 0, err
    told = json.loads((tmp_path / "s.json").read_text())
    kept = json.loads((folder / "sanity.json").read_text())
    assert set(told["methods"]) == set(kept["methods"]) == {"lrclr", "centre"}
    assert told["methods"]["centre"]["text"].startswith("sanity: fails")
    assert not told["methods"]["centre"]["weights"]["passed"]
    assert (folder / "config.json").read_bytes() == config and "Kept in" in out


@pytest.mark.parametrize(
    ("more", "words"),
    [(["--methods", "lrclr,tea"], "no method 'tea'"), (["--data", "phantom:n=1"], "choose")],
)
def test_sanity_says_what_is_wrong_in_a_sentence(run, more, words):
    code, _, err = run("sanity", *more)
    assert code == 2 and words in err and err.count("\n") == 1
