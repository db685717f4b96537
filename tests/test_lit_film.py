"""Home's film whose words light up their regions: the component of Case, without its tools."""

import json
from pathlib import Path
from typing import Any

import pytest
from app_driver import labelled, sound
from streamlit.testing.v1 import AppTest

from core.inference.film_words import film_words
from core.inference.predictor import load_predictor
from core.lrclr.model import LRCLR
from core.paths import ROOT
from core.specs import open_studies

SET, ROW = "phantom:n=12,seed=4", 7
TEXTS = ("right pleural effusion", "large heart")


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AppTest:
    monkeypatch.setenv("LRCLR_RUNS", str(tmp_path / "runs"))
    test = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300)
    test.query_params.update({"set": SET, "study": str(ROW), "prompt": TEXTS[0]})
    sound(test.run())
    return test


def _sent(app: AppTest) -> dict[str, Any]:
    films = [json.loads(one.proto.json) for one in app.get("bidi_component")]
    return next(one for one in films if one.get("plain"))


def test_words_of_text_and_report_carry_regions_after_one_pass(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[int] = []
    encode = LRCLR.encode_image
    monkeypatch.setattr(
        LRCLR, "encode_image", lambda *a, **k: passes.append(1) or encode(*a, **k)
    )
    assert not [one for one in app.get("bidi_component") if "plain" in one.proto.json]
    sound(labelled(app.toggle, "Words light up their regions").set_value(True).run())
    assert len(passes) <= 1
    for text in TEXTS:
        labelled(app.text_input, "What might the report say?").set_value(text)
        sound(app.run())
        assert len(passes) <= 1
        data, studies, model = _sent(app), open_studies(SET), load_predictor("demo")
        shape = studies.image(ROW).shape
        image = model.encode_row(studies, ROW)
        passes.clear()  # ours
        expected = film_words(model, image, (text, *studies.report(ROW)), shape)
        assert [one["text"] for one in data["texts"]] == [text, *studies.report(ROW)]
        assert data["texts"][0]["kept"] == expected.texts[0].kept.tolist()
        assert data["cosine"] == pytest.approx(expected.cosine.round(4), abs=1e-3)
        assert not data["maps"] and not data["mayDraw"] and not data["truth"]
    labelled(app.text_input, "What might the report say?").set_value(TEXTS[0])
    sound(app.run())
    assert not passes  # a text asks for no pass over the film


def test_the_truth_lies_over_the_film_for_who_asks(app: AppTest) -> None:
    labelled(app.toggle, "Words light up their regions").set_value(True)
    sound(labelled(app.toggle, "Show the truth").set_value(True).run())
    assert _sent(app)["truth"].startswith("data:image/png;base64,")
