"""Compare says what a map explains, lets it be changed, and shows how it was chosen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.analysis.sanity import Alike, SanityReport, Stamp
from core.analysis.scored import SetIdentity
from core.analysis.stamps import keep_stamps, stamps_file
from core.inference.map_choice import Choice, MapSearch
from core.metrics.bootstrap import Interval
from core.paths import ROOT
from explorer.shared import cache

FIGURES = {"gradcam:hirescam:local:local": 0.6, "gradcam:layercam:stem:local": 0.4,
           "gradcam:layercam:local:lrclr": 0.5, "gradcam:layercam:0:global": 0.9,
           "gradcam:hirescam:0:lrclr": 0.2, "lrclr": 0.95}  # fmt: skip


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("LRCLR_RUNS", str(tmp_path / "runs"))
    pointing = {Choice.parse(name): Interval(v, v, v) for name, v in FIGURES.items()}
    searched = MapSearch("phantom:val", 61, 30, pointing)
    monkeypatch.setattr(cache.predictor("demo"), "map_search", searched)
    test = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)
    test.query_params.update({"set": "phantom:n=14,seed=5", "study": "2", "prompt": "effusion"})
    yield test


def _captions(app: AppTest) -> str:
    assert not app.exception, app.exception
    return "\n".join(caption.value for caption in app.caption)


def _box(app: AppTest, label: str):
    return next(box for box in app.selectbox if box.label == label)


def test_maps_say_what_they_explain_and_a_picker_changes_it(app: AppTest) -> None:
    app.run()
    app.switch_page("../pages/compare.py").run()
    # The best of the scores that region weights make, not of all: global points better here.
    assert "HiResCAM at the tokens of regions, of the score `local`." in _captions(app)
    assert "That is `local`" not in _captions(app) and not app.error
    layers = _box(app, "Grad-CAM layer")
    assert "the tokens of regions: points 0.60" in layers.options
    assert "what enters block 1: not read by this score" in layers.options
    assert "61 cases of 30 patients" in _captions(app)
    charts = [chart for chart in app.get("plotly_chart") if "cam_search" in str(chart.proto.id)]
    assert len(charts) == 1 and "LRCLR regions" in charts[0].proto.spec
    _box(app, "Score").select("global").run()
    assert "LayerCAM at what enters block 0, of the score `global`." in _captions(app)
    assert "That is `local`, not `global`" in _captions(app) and not app.error
    _box(app, "Fourth map").select("relevance").run()
    assert "Of the score `global`." in _captions(app) and not app.error
    _box(app, "Grad-CAM variant").select("gradcam++").run()
    _box(app, "Grad-CAM layer").select(2).run()
    assert "Grad-CAM++ at what enters block 2, of the score `global`." in _captions(app)
    app.switch_page("../pages/home.py").run()
    app.switch_page("../pages/compare.py").run()  # what was chosen outlives the page
    assert "Grad-CAM++ at what enters block 2, of the score `global`." in _captions(app)
    _box(app, "Score").select("local").run()  # which no block moves: a sentence, not a flat map
    _box(app, "Grad-CAM layer").select(1).run()
    assert [error.value for error in app.error] and "no gradient" in app.error[0].value


def test_a_model_without_a_search_says_how_to_make_one(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache.predictor("demo"), "map_search", None)
    app.run()
    app.switch_page("../pages/compare.py").run()
    assert "LayerCAM at the tokens of regions, of the score `lrclr`." in _captions(app)
    assert "python -m core rivals --model demo --save" in _captions(app)


def test_maps_carry_their_sanity_stamp_and_what_failed_is_marked(app, tmp_path, monkeypatch):
    monkeypatch.setenv("LRCLR_CALIBRATIONS", str(tmp_path))
    low, high = (Alike(Interval(v, v, v), Interval(v, v, v), 9) for v in (0.1, 0.9))
    passed = Stamp({"weights": low, "prompt": low, "image": low})
    failed = Stamp({**passed.alike, "weights": high})
    stamps = {"lrclr": passed, "gradcam:hirescam:local:local": failed}
    report = SanityReport(SetIdentity("s", "f", 9, 9), 9, stamps, dict.fromkeys(stamps, ()), {}, 0)
    model_hash = cache.predictor("demo").model_hash
    keep_stamps(stamps_file("demo", model_hash), report, model_hash)
    app.run()
    app.switch_page("../pages/compare.py").run()
    captions = _captions(app).split("\n")
    assert "sanity: passed 3 of 3" in captions
    assert "**:material/warning: sanity: fails weight randomisation**" in captions
    assert captions.count("sanity: not tested") == 2  # similarity and the fourth map
    app.switch_page("../pages/regions.py").run()
    for toggle in app.toggle:
        if toggle.key == "regions_anyway":  # a film on which the text has no place
            toggle.set_value(True).run()
    assert "sanity: passed 3 of 3" in _captions(app)
