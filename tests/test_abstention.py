"""No box for what is absent: thresholds by hand, evidence of a reading, and what a model keeps."""

import json
from dataclasses import replace
from shutil import copytree

import numpy as np
import pytest
import torch
from tiny_model import TinySet, tiny_model

from core.backbones.compact import CompactBackbone, CompactConfig
from core.errors import ExplorerError
from core.evaluation.abstention import _Pairs, abstention, under_threshold, weighing_methods
from core.evaluation.localize import localize
from core.evaluation.tally import Tally
from core.inference.place import PLACE, PlaceThreshold, evidence, without_place
from core.inference.predictor import Predictor, load_predictor
from core.inference.prompts import FindingPrompts, PromptSet
from core.lrclr.checkpoint import save_model, store_maps
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.paths import ASSETS

PROMPTS = PromptSet({"Lung Opacity": FindingPrompts(("an opacity", "a shadow"), ("clear lungs",))})


@pytest.fixture
def predictor() -> Predictor:
    return Predictor(tiny_model(), "tiny")


def _pairs(values: list[float], rows: list[int]) -> _Pairs:
    return _Pairs(np.array(values), np.array(rows))


def test_nine_of_ten_hits_stay_and_what_is_under_them_is_empty():
    hits = _pairs([float(value) for value in range(10)], list(range(10)))
    absent = _pairs([-1.0, 0.5, 1.0, 2.0], [10, 11, 12, 13])
    draws = np.ones((3, 14), np.int32)
    draws[1, 0] = 0  # nine hits of which each but a tenth of one has to stay: the threshold is 1
    draws[2, :10] = 0  # no hit at all: nothing can be said
    found = under_threshold(hits, absent, draws)
    assert found.value == 0.5  # the threshold is 1: -1 and .5 lie under it, 1 does not
    assert found.draws[:2].tolist() == [0.5, 0.5] and np.isnan(found.draws[2])
    draws[0, 11] = 3
    assert under_threshold(hits, absent, draws).draws[0] == pytest.approx(4 / 6)


def test_a_resample_has_the_threshold_of_its_own_hits():
    hits, absent = _pairs([1.0, 5.0], [0, 1]), _pairs([0.0, 3.0], [2, 3])
    draws = np.array([[0, 1, 1, 1], [1, 0, 1, 1]], np.int32)
    assert under_threshold(hits, absent, draws).draws.tolist() == [1.0, 0.5]


def test_the_share_of_a_model_is_what_its_scores_say(predictor):
    studies = TinySet(40)
    report = localize(predictor, studies, ["lrclr", "random", "cosine-topk"], PROMPTS,
                      n_bootstrap=50)  # fmt: skip
    assert list(report.abstention) == ["lrclr", "cosine-topk"]
    found = report.abstention["lrclr"]
    images, positive = predictor.encode_set(studies), list(PROMPTS["Lung Opacity"].positive)

    def score(texts: list[str]) -> np.ndarray:
        reading = predictor.model.read(images, predictor.encode_texts(texts))
        return reading.local.max(dim=1).values.detach().numpy().astype(float)

    values, labels = score(positive), studies.labels["Lung Opacity"].to_numpy()
    assert found.absent == (labels == 0).sum() == 20
    assert found.empty.value == (values[labels == 0] < found.threshold).mean()
    assert found.denied.value == (score(["clear lungs"])[labels == 0] < found.threshold).mean()
    assert found.findings == {"Lung Opacity": found.empty.value}
    assert 0 < found.hits <= 20
    # An encoding that was kept on disk is of half precision.
    assert np.isclose(values[labels == 1], found.threshold, atol=2e-3).any()
    made = json.loads(json.dumps(report.to_json()))["abstention"]["lrclr"]
    assert made["empty"]["value"] == found.empty.value and made["threshold"] == found.threshold
    assert f"of {found.absent} absent findings" in report.table()
    assert report.place("tiny").threshold == found.threshold
    with pytest.raises(ExplorerError, match="measure lrclr"):
        replace(report, abstention={}).place("tiny")


def test_without_hits_or_absent_findings_nothing_is_said(predictor):
    def prompts_of(name: str) -> FindingPrompts:
        return PROMPTS["Lung Opacity"]

    studies = TinySet(8)
    missed = Tally([1, 3], {("lrclr", "pointing_game"): [0.0, 0.0]})
    encoded = {row: predictor.encode_row(studies, row) for row in missed.rows}
    given = ({"Lung Opacity": missed}, ["lrclr"], encoded, prompts_of, 5, 0)
    assert abstention(predictor, studies, *given) == {}
    assert abstention(predictor, studies, {"Edema": missed}, *given[1:]) == {}
    assert abstention(predictor, studies, {"Lung Opacity": missed}, [], *given[2:]) == {}
    assert weighing_methods(["random", "lrclr"]) == ["lrclr"]


def test_of_films_without_truth_some_are_encoded_however_many_there_are(predictor, monkeypatch):
    monkeypatch.setattr("core.evaluation.abstention._OTHERS", 5)
    found = localize(predictor, TinySet(40), ["lrclr"], PROMPTS, n_bootstrap=5).abstention["lrclr"]
    assert found.absent == 5


def test_boxes_need_evidence_and_a_text_that_does_not_only_deny(predictor):
    image = predictor.encode_row(TinySet(2), 1)
    regions = predictor.regions(image, ["an opacity"], (40, 48))
    reading = predictor.model.read(image, predictor.encode_texts(["an opacity"]))
    assert regions.evidence == pytest.approx(float(evidence(reading)[0]))
    assert regions.no_place == "" and len(regions.boxes)
    at = PlaceThreshold(regions.evidence, "val", 10, 20, 0.9)
    assert without_place(regions, ["an opacity"], at) == ""
    above = replace(at, threshold=regions.evidence + 0.01)
    assert "no place here" in without_place(regions, ["an opacity"], above)
    predictor.place = above
    assert "no place here" in predictor.regions(image, ["an opacity"], (40, 48)).no_place
    for text in ("no effusion", "the lungs are clear", "normal chest"):
        assert "no place on a film" in without_place(regions, [text], at)
    assert without_place(regions, ["no effusion but a pneumothorax"], at) == ""
    assert without_place(regions, ["no effusion", "effusion"], at) == ""
    light = replace(regions, nowhere=0.6)
    assert "60 % of its weight" in without_place(light, ["an opacity"], None)
    assert without_place(light, ["an opacity"], at) == ""


def test_the_threshold_is_kept_with_these_weights_alone(tmp_path):
    torch.manual_seed(0)
    small = CompactConfig(image_size=64, width=32, depth=1, heads=2, text_depth=1, embed_dim=32)
    model, spec = LRCLR(CompactBackbone(small), LRCLRConfig(k=3)), str(tmp_path / "model")
    save_model(model, tmp_path / "model")
    assert load_predictor(spec).place is None
    kept = PlaceThreshold(0.25, "phantom:val", 30, 40, 0.8)
    store_maps(spec, kept.to_json(), PLACE)
    assert load_predictor(spec).place == kept
    store_maps(spec, {"threshold": "low"}, PLACE)
    with pytest.raises(ExplorerError, match="damaged.*--save-place"):
        load_predictor(spec)
    store_maps(spec, kept.to_json(), PLACE)
    with torch.no_grad():
        model.global_bias += 1
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    save_model(model, tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), PLACE: config[PLACE]}))
    assert load_predictor(spec).place is None


def test_the_command_measures_and_keeps(run, tmp_path):
    path, spec = tmp_path / "l.json", "phantom:val,n=40,size=64"
    folder = copytree(ASSETS / "demo", tmp_path / "mine")
    code, out, _ = run("localize", "--model", folder, "--data", spec, "--methods", "lrclr",
                       "--n-bootstrap", 5, "--json", path, "--save-place")  # fmt: skip
    found = json.loads(path.read_text())["abstention"]["lrclr"]
    assert code == 0 and "absent findings" in out and found["empty"]["value"] > 0.2
    place = load_predictor(str(folder)).place
    assert place is not None and place.threshold == found["threshold"] and place.data == spec
