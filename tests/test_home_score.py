"""The score of a text on Home, which is read among its set's, is the film's own."""

from pathlib import Path

import pytest
from app_driver import sound
from streamlit.testing.v1 import AppTest

from core.evaluation.study_scores import text_prompts
from core.inference.predictor import load_predictor
from core.paths import ROOT
from core.specs import open_studies

SET, ROW, TEXT = "phantom:n=14,seed=5", 6, "collapsed lung on the right"
ROWS = {"LRCLR mix": "lrclr", "Whole film": "global", "Regions": "local",
        "Text alone": "positive", "Pair": "pair"}  # fmt: skip


def test_home_says_what_the_film_scores_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path))
    home = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)
    home.query_params.update({"set": SET, "study": str(ROW), "prompt": TEXT})
    sound(home.run())
    (table,) = (one.value for one in home.markdown if one.value.startswith("| score |"))
    shown = {name.strip(): value for name, value, *_ in
             (line.strip("| ").split("|") for line in table.splitlines())}  # fmt: skip
    model = load_predictor("demo")
    alone = model.score(model.encode_row(open_studies(SET), ROW), text_prompts(TEXT))
    for name, key in ROWS.items():
        assert float(shown[name]) == pytest.approx(float(alone[key][0, 0]), abs=6e-4), name
