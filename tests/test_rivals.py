"""The search of maps: kept with the model it was made for, and read by what compares maps."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_model import TinySet, tiny_model

from core.backbones.compact import CompactBackbone, CompactConfig
from core.cli.rivals import rivals_command
from core.errors import ExplorerError
from core.evaluation.localize import localize
from core.evaluation.paired import compare
from core.inference.map_choice import Choice, MapSearch
from core.inference.predictor import Predictor, load_predictor
from core.inference.prompts import FindingPrompts, PromptSet
from core.lrclr.checkpoint import CONFIG, MAPS, save_model, store_maps
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.metrics.bootstrap import Interval

PROMPTS = PromptSet({"Lung Opacity": FindingPrompts(("opacity", "haze"), ("clear lungs",))})


def small_model(seed: int = 0) -> LRCLR:
    torch.manual_seed(seed)
    sizes = CompactConfig(image_size=64, width=16, depth=2, heads=2, text_depth=1, embed_dim=16)
    return LRCLR(CompactBackbone(sizes), LRCLRConfig(k=4, fusion_heads=2, selection_block=False))


def test_a_search_is_kept_with_the_weights_it_was_made_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, figures = tmp_path / "small", tmp_path / "figures.json"
    save_model(small_model(), folder)
    before = json.loads((folder / CONFIG).read_text())
    rivals_command(
        model=str(folder), data="phantom:n=5,seed=3,size=64", others=1, prompts=None, min_cases=1,
        n_bootstrap=10, seed=0, json=figures, save=True,
    )  # fmt: skip
    shown, told = capsys.readouterr().out, json.loads(figures.read_text())
    assert "LayerCAM" in shown and "backward passes" in shown and "Kept in" in shown
    assert told["gradcam"]["best"] in told["gradcam"]["maps"]
    assert told["others"]["best"] in told["others"]["maps"] and told["others"]["cases"] >= 1
    after = json.loads((folder / CONFIG).read_text())
    kept = after.pop(MAPS)
    assert after == before and kept["sha256"] == before["sha256"]
    search = load_predictor(str(folder)).map_search
    assert search is not None and search.data == "phantom:n=5,seed=3,size=64"
    assert {*map(str, search.pointing)} == {*told["gradcam"]["maps"], *told["others"]["maps"]}
    assert str(search.best(("gradcam",))) == told["gradcam"]["best"]
    save_model(small_model(1), folder)  # trained on: to be searched anew
    assert load_predictor(str(folder)).map_search is None
    save_model(small_model(), folder)
    store_maps(str(folder), search.to_json())
    assert load_predictor(str(folder)).map_search is not None
    weights = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps({**weights, "sha256": "of others"}))
    assert load_predictor(str(folder)).map_search is None


def test_a_search_that_is_damaged_or_has_no_place_is_a_sentence(tmp_path: Path) -> None:
    save_model(small_model(), tmp_path / "small")
    wrong = {"data": "x", "cases": 1, "patients": 1, "pointing_game": {"gradcam:a:b:c": [7, 0, 1]}}
    store_maps(str(tmp_path / "small"), wrong)
    with pytest.raises(ExplorerError, match="rivals --model .*small --save"):
        load_predictor(str(tmp_path / "small"))
    with pytest.raises(ExplorerError, match="no folder of this project"):
        store_maps("open_clip:ViT-B-32/nothing", {})


def test_what_lrclr_has_over_each_rival_is_paired() -> None:
    predictor, studies = Predictor(tiny_model(fusion="none"), "tiny"), TinySet(24)
    methods = ["lrclr", "gradcam:layercam:0:lrclr", "gradcam:hirescam:2:pair", "relevance:global",
               "rollout", "cosine-topk", "oracle"]  # fmt: skip
    report = localize(predictor, studies, methods, PROMPTS, n_bootstrap=50, min_cases=1)
    told = report.to_json()
    for name in methods[1:4]:
        pair = compare(
            (predictor, predictor), studies, (name, "lrclr"), PROMPTS, n_bootstrap=50, min_cases=1
        )
        for measure, figure in report.less[name].items():
            assert figure == pytest.approx(pair.mean[measure].gain, abs=1e-9), (name, measure)
            assert report.less_pooled[name][measure] == pytest.approx(
                pair.pooled[measure].gain, abs=1e-9
            )
    pointing = {name: figures["pointing_game"].value for name, figures in report.methods.items()}
    best = report.rivals["gradcam"]
    assert best in methods[1:3] and pointing[best] == max(pointing[name] for name in methods[1:3])
    assert report.rivals["other"] in methods[3:5] and report.rivals["best"] != "cosine-topk"
    assert report.maps["rollout"] == "rollout" and told["rivals"]["gradcam"] == best
    assert told["lrclr_less"]["oracle"]["iou"]["value"] <= 0
    assert f"Best Grad-CAM here: {best}." in report.table()


def test_the_best_other_method_that_was_not_measured_is_named() -> None:
    predictor, studies = Predictor(tiny_model(fusion="none"), "tiny"), TinySet(8)
    figures = {"gradcam:layercam:1:pair": 0.3, "occlusion:pair": 0.4, "rollout": 0.1}
    pointing = {Choice.parse(name): Interval(v, 0, 1) for name, v in figures.items()}
    predictor.map_search = MapSearch("tiny:8", 4, 4, pointing)
    report = localize(predictor, studies, ["lrclr", "gradcam"], PROMPTS, n_bootstrap=5)
    assert report.maps["gradcam"] == "gradcam:layercam:1:pair"
    assert report.unmeasured == "occlusion:pair" and "occlusion:pair" in report.table()
    alone = replace(predictor.map_search, pointing={Choice("rollout"): Interval(0.1, 0, 1)})
    predictor.map_search = alone
    told = localize(predictor, studies, ["lrclr", "rollout"], PROMPTS, n_bootstrap=5)
    assert told.unmeasured == "" and told.rivals == {
        "gradcam": None, "other": "rollout", "best": "rollout",
    }  # fmt: skip
