"""The threshold of the page Errors in a real browser: dragged, stepped and typed."""

import re
from collections.abc import Iterator
from typing import Any

import app_server
import pytest
from app_server import box_of, settled
from charts_alone import expected, heard, mount, shown, start, swept_scores

from core.analysis.scoring import score_studies
from core.analysis.sweep import Sweep, sweep
from core.inference.predictor import load_predictor
from core.specs import open_studies
from explorer.errors import cache as errors_cache

pytestmark = pytest.mark.browser
browser = app_server.browser  # the fixture

SET = "phantom:n=24,seed=4"
SWEPT, TABLE = swept_scores(120)
MANY, MANY_TABLE = swept_scores(2600)


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    opened = browser[0].new_page()
    yield opened
    opened.close()


def _drag(page: Any, chart: str, places: list[tuple[float, float]], release: bool = True) -> None:
    """Press at the first place of a chart, in shares of its size; move to the others."""
    box = box_of(page.locator(f"[data-chart={chart}]"))
    for number, (x, y) in enumerate(places):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if not number:
            page.mouse.down()
    if release:
        page.mouse.up()


def _score(page: Any, swept: Sweep) -> float:
    """The threshold that is shown, one of those that the charts can stand on."""
    told = float(page.get_by_role("slider").input_value())  # to 15 digits
    stops: list[float] = swept.stops[1:].tolist()
    score = min(stops, key=lambda stop: abs(stop - told))
    assert abs(score - told) < 5e-4  # a lane passes films in other numbers at once
    return score


def test_every_chart_moves_counts_rates_and_words_together_and_asks_nobody(page: Any) -> None:
    mount(page, TABLE, start(SWEPT, float(SWEPT.stops[60])))
    assert shown(page) == expected(SWEPT, float(SWEPT.stops[60]))
    marks = set()
    for chart in ("roc", "precision", "histogram", "calibration"):
        for place in ((0.4, 0.4), (0.6, 0.3)):
            _drag(page, chart, [(0.5, 0.5), place], release=False)
            score = _score(page, SWEPT)
            assert shown(page) == expected(SWEPT, score), (chart, place)
            rates = SWEPT.at(score).rates
            assert page.get_by_role("slider").get_attribute("aria-valuetext") == (
                f"threshold {score:.3f}, sensitivity {rates['sensitivity'].value:.2f}, "
                f"specificity {rates['specificity'].value:.2f}"
            )
            assert heard(page) == []
            page.mouse.up()
            assert heard(page) == [["threshold", {"serial": 1, "score": score}]]
            page.evaluate("window.told.length = 0")
            marks.add(score)
    assert len(marks) > 5
    assert page.locator(".origin").inner_text() == "By hand: optimistic"


def test_on_the_roc_the_nearest_point_is_taken(page: Any) -> None:
    mount(page, TABLE, start(SWEPT, float(SWEPT.stops[60])))
    for stop in SWEPT.stops[[9, 33, 90]].tolist():
        told = SWEPT.at(stop).rates
        alarms, caught = 1 - told["specificity"].value, told["sensitivity"].value
        x, y = (46 + 224 * alarms) / 280, (200 - 188 * caught) / 240
        _drag(page, "roc", [(0.9, 0.9), (x, y)])
        assert shown(page) == expected(SWEPT, stop)


def test_keys_step_and_python_hears_once_they_rest(page: Any) -> None:
    stops = SWEPT.stops.tolist()
    mount(page, TABLE, start(SWEPT, stops[60]))
    slider = page.get_by_role("slider")
    for key, number in (("ArrowLeft", 61), ("ArrowDown", 62), ("Shift+ArrowRight", 52),
                        ("ArrowUp", 51), ("Home", len(stops) - 1), ("End", 0)):  # fmt: skip
        slider.press(key)
        assert shown(page) == expected(SWEPT, stops[number]), key
    assert shown(page)["rate ppv"] == "–" and shown(page)["range ppv"] == "–"
    page.wait_for_function("score => window.told.at(-1)?.[1].score === score", arg=stops[0])
    before = len(heard(page))
    slider.evaluate("""(slider) => { for (const key of ["Home", "ArrowUp", "ArrowUp", "PageUp"])
      slider.dispatchEvent(new KeyboardEvent("keydown", {key})) }""")
    score = _score(page, SWEPT)
    assert score == stops[-13] and shown(page) == expected(SWEPT, score)
    page.wait_for_function("length => window.told.length > length", arg=before)
    assert heard(page)[before:] == [["threshold", {"serial": 1, "score": score}]]


def test_what_is_typed_is_exact_and_waits_for_python_where_the_browser_cannot_know(
    page: Any,
) -> None:
    mount(page, TABLE, start(SWEPT, float(SWEPT.stops[60])))
    box = page.get_by_role("spinbutton")
    box.fill("0.2171")
    box.press("Enter")
    assert shown(page) == expected(SWEPT, 0.2171)
    page.wait_for_function("window.told.length > 0")
    assert heard(page) == [["threshold", {"serial": 1, "score": 0.2171}]]
    assert box.input_value() == "0.2171"
    page.reload()
    mount(page, MANY_TABLE, start(MANY, float(MANY.stops[60])))
    box.fill("0.2171")
    box.press("Enter")
    assert set(shown(page).values()) == {"…"}
    page.evaluate("data => window.give(data)",
                  {"table": MANY_TABLE, "start": start(MANY, 0.2171, 2)})  # fmt: skip
    assert shown(page) == expected(MANY, 0.2171)
    assert box.input_value() == "0.2171"
    _drag(page, "histogram", [(0.4, 0.5)])
    assert shown(page) == expected(MANY, heard(page)[-1][1]["score"])


@pytest.mark.parametrize("width", [350, 560, 1100])
def test_it_fits_its_place(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    mount(page, TABLE, start(SWEPT, float(SWEPT.stops[60])))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    tops = page.locator("svg").evaluate_all("all => all.map(one => one.getBoundingClientRect().y)")
    assert len(set(tops)) == {350: 4, 560: 2, 1100: 1}[width]


def test_the_page_shows_what_python_has_and_keeps_where_it_is_left(browser: Any, page: Any) -> None:
    page.goto(f"{browser[1]}/errors?set={SET}")
    settled(page)
    name = page.locator("[data-chart=histogram][aria-label]").get_attribute("aria-label")
    finding = re.match("Histogram of the scores for (.*), of films", name).group(1)  # type: ignore
    scored = score_studies(load_predictor("demo"), open_studies(SET))
    swept = sweep(scored, finding, errors_cache.RESAMPLES)
    _drag(page, "roc", [(0.7, 0.2), (0.4, 0.5), (0.5, 0.4)])
    assert shown(page) == expected(swept, _score(page, swept))
    settled(page)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowRight")
    score = _score(page, swept)
    assert shown(page) == expected(swept, score)
    page.get_by_role("button", name="Use it below").click()
    settled(page)
    assert shown(page) == expected(swept, score)
    assert "Set by hand" in page.locator(".origin").inner_text()
    page.get_by_role("button", name="Reset").click()
    page.locator(".origin").get_by_text("By Youden").wait_for()
    assert not page.locator('[data-testid="stException"]').count()
