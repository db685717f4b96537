"""A time-lapse in a page of its own: its slider by keys, a word kept, a run that goes on."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from app_server import launched
from component_alone import mount

from core.inference.film_words import FilmText, FilmWords, Piece
from core.training.timelapse import TimeLapse
from explorer.case import viewer
from explorer.runs import lapse_sent

pytestmark = pytest.mark.browser

SIDE = 64
PLACES = {0: 8.0, 100: 24.0, 200: 40.0}  # of the first region from the left, by step


def _words(left: float) -> FilmWords:
    """A finding and a sentence of two words, whose second region is nearest to the second word."""
    kept, weights = np.array([0, 1]), np.array([0.5, 0.3], np.float32)
    finding = FilmText("nodule", (Piece("nodule", 0),), kept, weights, 0.2)
    pieces = (Piece("left", 1), Piece(" "), Piece("nodule", 2))
    report = FilmText("left nodule", pieces, kept[::-1], weights, 0.2)
    cosine = np.array([[0.5, 0.1], [0.5, 0.1], [left / 100, 0.2]], np.float32)
    return FilmWords((finding, report), [(left, 8.0, 8.0, 8.0), (left, 32.0, 8.0, 8.0)], cosine)


def _data(steps: list[int]) -> dict[str, Any]:
    count = len(steps)
    seen = TimeLapse(
        ["Nodule (a)"], np.full((1, SIDE, SIDE), 90, np.uint8), np.zeros((1, SIDE, SIDE), bool),
        steps, np.random.default_rng(0).random((count, 1, 4, 4), np.float32),
        [[_words(PLACES[step])] for step in steps],
    )  # fmt: skip
    told = {"plain": True, "edition": "", "mayDraw": False, "noted": []}
    return lapse_sent.content(seen, 0) | told


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    with launched() as browser:
        opened = browser.new_page()
        opened.set_default_timeout(120_000)
        mount(opened, viewer.browser_files(), '<div class="case"></div>')
        yield opened


def _left(page: Any, number: int, expected: float) -> None:
    """Wait until the first or second region of the text lies there."""
    page.wait_for_function(
        """([number, left]) => {
          const place = document.querySelector("main").shadowRoot
            .querySelector(`.region[data-number="${number}"]`)?.getAttribute("x");
          return place && Math.abs(place - left) < 0.01;
        }""",
        arg=[number, expected],
    )


def test_regions_move_with_the_slider_and_stay_where_somebody_looks(page: Any) -> None:
    page.evaluate("data => window.give(data)", _data([0, 100]))
    slider, said = page.locator(".lapse input"), page.locator(".lapse output")
    _left(page, 1, PLACES[100])
    assert said.inner_text() == "step 100 of 100"
    slider.focus()
    page.keyboard.press("ArrowLeft")
    _left(page, 1, PLACES[0])
    assert slider.get_attribute("aria-valuetext") == "step 0 of 100"
    page.evaluate("data => window.give(data)", _data([0, 100, 200]))  # the run's next check
    _left(page, 1, PLACES[0])
    assert said.inner_text() == "step 0 of 200"
    page.locator(".word").last.click()
    assert "regions by cosine: 1 (0.20), 2 (0.08)" in page.locator(".said").inner_text()
    slider.focus()
    page.keyboard.press("End")
    _left(page, 2, PLACES[200])
    assert "regions by cosine: 2 (0.40), 1 (0.20)" in page.locator(".said").inner_text()
    page.evaluate("data => window.give(data)", _data([0, 100]))  # a shorter one: its newest
    _left(page, 1, PLACES[100])
