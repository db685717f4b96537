"""Pages of a large set are drawn before what takes seconds, and drawn again when it is there."""

import base64
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_driver import labelled, session_of, sound
from streamlit.testing.v1 import AppTest
from test_errors_page import _leave, _sent

from core.archive.embed import EmbedOptions, embed
from core.errors import ExplorerError
from core.inference.lanes import Lanes
from core.inference.predictor import load_predictor
from core.paths import ROOT
from core.specs import open_studies
from explorer.errors import cache as errors_cache
from explorer.shared import following, lanes

SET = "phantom:n=40,seed=6"


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Sets of ten films are large, and work waits until the event is set."""
    free, lane = threading.Event(), Lanes(1)
    monkeypatch.setattr(lanes, "resampling", lambda: lane)
    monkeypatch.setattr(following, "_jobs", OrderedDict())  # none of another test
    monkeypatch.setattr(following, "LARGE", 10)
    monkeypatch.setattr(following, "_PATIENCE", 0.01)
    monkeypatch.setattr(errors_cache, "RESAMPLES", 60)
    lane.submit("", object(), free.wait)
    yield free
    free.set()


def opened(page: str) -> AppTest:
    test = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300)
    test.query_params.update({"set": SET, "study": "2", "prompt": "pneumothorax"})
    return test.run().switch_page(f"../pages/{page}.py").run()


def bars(app: AppTest) -> list[str]:
    """What the bars of the page say."""
    return [one.proto.text for one in app.get("progress")]


def all_there(app: AppTest) -> AppTest:
    """The page when nothing is at work any more."""
    until = time.monotonic() + 60
    while following.at_work() and time.monotonic() < until:
        time.sleep(0.05)
    return app.run()


def said(app: AppTest) -> str:
    """All sentences of the page."""
    return "\n".join(one.value for one in app.markdown)


def cards(app: AppTest) -> list[str]:
    """Keys of the buttons below the films."""
    return [one.key for one in app.button if str(one.key).startswith("open_")]


def figures(app: AppTest) -> Any:
    """The table of the charts without what resampling gives."""
    table = _sent(app)[0]
    for name in ("roc", "precision"):
        table[name] = {key: table[name][key] for key in "xy"}
    table["rows"] = [[*row[:2], *row[2::3]] for row in table["rows"]]
    table["calibration"] = [{key: one[key] for key in ("n", "said", "is")}
                            for one in table["calibration"]]  # fmt: skip
    return {key: value for key, value in table.items() if key not in ("captions", "alts")}


def test_errors_of_a_large_set_can_be_used_before_its_intervals(held: threading.Event) -> None:
    app = opened("errors")
    sound(app)
    waiting = bars(app)
    assert [text.split(":")[0] for text in waiting] == [
        "Intervals and bands", "Pairs of findings", "Slices",
    ]  # fmt: skip
    assert all("can be used meanwhile" in text for text in waiting)
    table, begun = _sent(app)
    assert "nan" not in json.dumps(table["captions"]) + json.dumps(table["alts"])
    assert set(table["roc"]["low"]) == {None} and "[" not in table["captions"]["roc"][1]
    assert {low for row in table["rows"] for low in row[3::3]} == {None}
    assert "**All films, until the slices are compared**: At this" in said(app)
    whole = cards(app)
    assert len(whole) > 4
    before, score = figures(app), table["thresholds"][5]
    _leave(app, score)  # dragged meanwhile
    sound(app)
    assert bars(app) == waiting and app.button(key="threshold_back").disabled is False
    assert f"The threshold is {score:.3f}" in said(app) and cards(app) != whole
    held.set()
    all_there(app)
    sound(app)
    assert not bars(app) and len(app.dataframe)
    assert f"**{app.selectbox(key='errors_slice').value}**: At this" in said(app)
    table, start = _sent(app)
    # To the browser, which knows where it left the threshold, the beginning is the same.
    assert {**start, "row": []} == {**begun, "row": []} and None in begun["row"]
    assert None not in start["row"] and session_of(app).threshold_by_hand[1] == score
    assert figures(app) == before
    assert None not in table["roc"]["low"] and "[" in table["captions"]["roc"][1]


def test_what_a_set_cannot_have_is_said_and_asked_again(
    held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ExplorerError("It has no column to slice by.")

    slices = errors_cache.slices
    monkeypatch.setattr(errors_cache, "slices", refuse)
    held.set()
    app = all_there(opened("errors"))
    assert [one.value for one in app.error] == ["It has no column to slice by."]
    assert not app.exception and not bars(app)
    monkeypatch.setattr(errors_cache, "slices", slices)
    sound(all_there(app.run()))


def test_who_asks_for_something_else_drops_what_nobody_began(held: threading.Event) -> None:
    app = opened("errors")
    first = app.selectbox(key="errors_finding").value
    app.selectbox(key="errors_finding").select_index(1).run()
    sound(app)
    assert len(bars(app)) == 3
    app.selectbox(key="errors_finding").select(first).run()
    sound(app)
    assert len(bars(app)) == 3
    held.set()
    sound(all_there(app))
    assert not bars(app) and app.selectbox(key="errors_finding").value == first


def test_zero_shot_of_a_large_set_shows_the_areas_before_their_intervals(
    held: threading.Event,
) -> None:
    app = opened("zero_shot")
    sound(app)
    assert [text.split(":")[0] for text in bars(app)] == ["Intervals of the AUC, default prompts"]
    before = areas(app)["these prompts"]
    assert not before["reach"] and None not in before["x"]
    box = next(one for one in app.text_input if one.label.startswith("Positive prompt 1"))
    box.set_value("a large heart").run()
    sound(app)
    assert [text.split(":")[0] for text in bars(app)] == [
        "Intervals of the AUC, edited prompts", "Intervals of the AUC, default prompts",
        "Change of the AUC",
    ]  # fmt: skip
    held.set()
    all_there(app)
    sound(app)
    assert not bars(app)
    after = areas(app)["default prompts"]
    assert after["x"] == before["x"] and after["reach"] and None not in after["reach"]
    assert any("Edited against default" in one.value for one in app.markdown)


def areas(app: AppTest) -> dict[str, Any]:
    """Of each series of the figure its values, and how far their intervals reach."""
    figure = next(one.proto for one in app.get("plotly_chart") if "auc_figure" in one.proto.id)
    return {one["name"]: {"x": values(one["x"]),
                          "reach": values(one["error_x"]["array"]) if one.get("error_x") else []}
            for one in json.loads(figure.spec)["data"]}  # fmt: skip


def values(array: dict[str, str]) -> list[float | None]:
    """Of an array as a figure has it; NaN as None."""
    numbers = np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"]).tolist()
    return [None if np.isnan(one) else one for one in numbers]


def test_slopes_along_words_follow_what_each_word_does(held: threading.Event) -> None:
    app = opened("case")
    app.text_input[0].set_value("a small right pneumothorax").run()
    sound(app)
    assert [text.split(":")[0] for text in bars(app)] == ["Slopes along the words"]
    before = words(app)
    assert list(before) == ["Word", "By the word", "Controls"]
    held.set()
    all_there(app)
    sound(app)
    assert not bars(app) and list(words(app)) == [*before, "Slope", "Its controls"]
    assert words(app)[list(before)].equals(before)
    assert any("By gradient" in one.value for one in app.markdown)


def words(app: AppTest) -> Any:
    """The table of the words."""
    return next(one.value for one in app.dataframe if "Word" in one.value)


def test_on_home_the_score_comes_before_its_rank_in_an_archive(
    held: threading.Event, tmp_path: Path
) -> None:
    folder = tmp_path / "a"
    embed(load_predictor("demo"), open_studies(SET), folder, EmbedOptions("fp32", workers=0))
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300).run()
    labelled(app.sidebar.selectbox, "Study set").select("another set").run()
    labelled(app.sidebar.text_input, "Set").set_value(f"shards:{folder}").run()
    labelled(app.text_input, "What might the report say?").set_value("a large heart").run()
    sound(app)
    assert [text.split(":")[0] for text in bars(app)] == ["Rank among the set's films"]
    (score,) = [one.value for one in app.markdown if one.value.startswith("The score of this film")]
    told = [one.value for one in app.markdown if "| LRCLR mix |" in one.value]
    held.set()
    all_there(app)
    sound(app)
    assert not bars(app) and any("Among the 39 other films" in one.value for one in app.caption)
    assert [one.value for one in app.markdown if "| LRCLR mix |" in one.value] == told
    assert score.split("**")[1] in told[0]
