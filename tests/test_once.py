"""Counted: a film is decoded once and encoded once for all that is asked of it."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from tiny_model import TinySet, tiny_model

from core.backbones.compact import CompactBackbone
from core.cli import explain
from core.evaluation.localize import localize
from core.inference import predictor as predictor_module
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, PromptSet
from core.lrclr.model import LRCLR
from core.paths import ROOT
from core.studies import manifest
from core.training.check import QuickCheck
from core.training.data import load_training_data

PROMPTS = PromptSet(
    {
        "Lung Opacity": FindingPrompts(("opacity", "haze"), ("clear lungs",)),
        "Fracture": FindingPrompts(("rib fracture",), ("no fracture",)),
    }
)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def counted(monkeypatch) -> Callable[..., Counter[str]]:
    """Counts what a function is called with from now on, by `weigh`."""
    counts: Counter[str] = Counter()

    def count(owner: Any, name: str, weigh: Callable[..., int] = lambda *_: 1) -> Counter[str]:
        plain = getattr(owner, name)

        def counting(*args: Any, **kwargs: Any) -> Any:
            counts[name] += weigh(*args)
            return plain(*args, **kwargs)

        monkeypatch.setattr(owner, name, counting)
        return counts

    return count


class TwoFindings(TinySet):
    """Every film of an opacity has a fracture, too."""

    def masks(self, row: int) -> dict[str, np.ndarray]:
        masks = super().masks(row)
        if masks:
            masks["Fracture"] = np.zeros(self.shape, bool)
            masks["Fracture"][30:36, 30:40] = True
        return masks


def test_localize_encodes_a_film_once_for_all_methods_and_findings(counted):
    studies, predictor = TwoFindings(12), Predictor(tiny_model(), "tiny")
    films = counted(LRCLR, "encode_image", lambda _, pixels, *more: len(pixels))
    methods = ["lrclr", "similarity", "random", "centre", "oracle"]
    report = localize(predictor, studies, methods, PROMPTS, n_bootstrap=5)
    assert report.n == 6 and set(report.findings) == set(PROMPTS)
    assert films["encode_image"] == 6 and studies.reads == 6


def test_maps_without_a_text_are_made_once_for_all_findings(counted):
    predictor = Predictor(tiny_model(), "tiny")
    films = counted(type(predictor.model.backbone), "image_tokens", lambda _, p, *more: len(p))
    localize(predictor, TwoFindings(12), ["rollout"], PROMPTS, n_bootstrap=5)
    assert films["image_tokens"] == 6


@pytest.mark.parametrize("method", ["lrclr", "similarity"])
def test_explain_encodes_once(method, counted, tmp_path, monkeypatch):
    film = tmp_path / "film.png"
    Image.fromarray(TinySet().image(1).astype(np.uint8)).save(film)
    monkeypatch.setattr(
        predictor_module, "load_predictor", lambda spec: Predictor(tiny_model(), spec)
    )
    passes = counted(LRCLR, "encode_image")
    explain.explain_command(film, "an opacity", tmp_path / "out.png", method=method)
    assert passes["encode_image"] == 1 and (tmp_path / "out.png").is_file()


def test_reports_are_split_once_for_training(counted, monkeypatch):
    studies, asked = TinySet(20), []
    plain = TinySet.reports.fget  # type: ignore[attr-defined]
    monkeypatch.setattr(TinySet, "reports", property(lambda s: (asked.append(1), plain(s))[1]))
    data = load_training_data(studies, tiny_model().backbone, False)
    assert len(data.inputs) == 20 and len(asked) == 1


def test_a_check_encodes_its_set_once(counted, tmp_path):
    """That of a run, which measures the spread of scores, the scores and the pinned maps."""
    check = QuickCheck(TinySet(20), tiny_model(), PROMPTS)
    films = counted(LRCLR, "encode_image", lambda _, pixels, *more: len(pixels))
    look = check.look(tiny_model())
    assert look.spread and check(tiny_model(), look) == check(tiny_model())
    assert films["encode_image"] == 40  # once each: the look, and the check without one


@pytest.fixture
def app(tmp_path, counted) -> tuple[AppTest, Counter[str]]:
    """Home on a manifest of six films, which were scored as a set before."""
    rng = np.random.default_rng(0)
    lines = ["id,image,text,boxes"]
    box = '"[{""label"": ""Pleural Effusion"", ""x"": 9, ""y"": 60, ""w"": 20, ""h"": 20}]"'
    for number in range(6):
        pixels = rng.integers(0, 255, (100, 90)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"film{number}.png")
        lines.append(f"film{number},film{number}.png,No effusion.,{box}")
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n")
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)
    app.run()
    next(b for b in app.sidebar.selectbox if b.label == "Study set").set_value("another set").run()
    path = str(tmp_path / "manifest.csv")
    next(b for b in app.sidebar.text_input if b.label == "Set").set_value(path).run()
    assert not app.exception
    counts = counted(manifest, "read_image")
    counted(CompactBackbone, "image_tokens")
    counts.clear()
    return app, counts


@pytest.mark.parametrize(("page", "of_maps"), [("home", 0), ("compare", 1)])
def test_a_look_decodes_once_and_passes_once_and_once_for_grad_cam(page, of_maps, app):
    app, counts = app
    if page != "home":
        app.switch_page(f"../pages/{page}.py").run()
        counts.clear()
        # Occlusion, the fourth map, passes once a window; a map without passes is chosen.
        next(b for b in app.selectbox if b.label == "Fourth map").set_value("centre").run()
        counts.clear()
    app.sidebar.button(key="next").click().run()
    assert not app.exception
    assert counts == {"read_image": 1, "image_tokens": 1 + of_maps}
    counts.clear()
    labels = ("What might the report say?", "Prompt")
    next(b for b in app.text_input if b.label in labels).set_value("a coin, never seen").run()
    assert not app.exception
    assert +counts == +Counter(image_tokens=of_maps)  # Grad-CAM's; no film is read, none encoded
