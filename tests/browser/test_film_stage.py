"""The film stage in a page of its own: marks by mouse, touch and keys; layers; the whole window."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from app_server import box_of, launched
from component_alone import mount

from core.metrics.froc import FilmMark
from explorer.shared import film_stage, palette

pytestmark = pytest.mark.browser

_FILM = np.full((100, 100), 90, np.uint8)
_SAYS = {"sure": "How sure?", "undo": "Undo", "remove": "Remove"}
_WAYS = {"previous": "Film before", "next": "Next film", "back": False, "on": True}
MARKED = film_stage.StageFilm(
    "r 0", _FILM, "Film 1 of 4.", ways=_WAYS, edits=True, says=_SAYS, most=12
)
LAYERED = film_stage.StageFilm(
    "r 0 shown", _FILM, "Film 1 of 4.", "Film 1", "Here: one lesion.",
    [film_stage.FilmLayer("T", "Truth", palette.TRUTH,
                      picture=film_stage.outlined([_FILM > 80], palette.TRUTH, (100, 100))),
     film_stage.FilmLayer("C", "The class", palette.CLASS, on=False, points=[(0.2, 0.3, "")],
                      shape="dot"),
     film_stage.FilmLayer("M", "LRCLR regions", palette.MODEL, boxes=[(0.1, 0.1, 0.2, 0.2, 1.0)])],
    _WAYS,
)  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with launched() as browser:
        yield browser


@pytest.fixture(params=[390, 1440])
def page(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": request.param, "height": 800}, has_touch=True)
    context.set_default_timeout(120_000)
    opened = context.new_page()
    mount(opened, film_stage.browser_files(), '<div class="stage-root"></div>')
    yield opened
    context.close()


def _give(page: Any, shown: film_stage.StageFilm | None, button: str = "") -> None:
    page.evaluate("data => window.give(data)", film_stage.content(shown, button))


def _told(page: Any) -> list[Any]:
    heard: list[Any] = page.evaluate("window.told")
    return heard


def _fits(page: Any) -> None:
    """Nothing to scroll sideways, and nothing too small for a finger."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for button in page.locator("button:visible, .layer:visible").all():
        box = button.bounding_box()
        assert box["height"] >= 24 and box["width"] >= 24, button.inner_text()


def test_marks_are_set_by_mouse_touch_and_keys_and_taken_back(page: Any) -> None:
    _give(page, MARKED)
    film = page.locator(".film")
    box = box_of(film)
    side = box["width"]
    page.mouse.click(box["x"] + 0.25 * side, box["y"] + 0.5 * side)
    page.locator(".tools button", has_text="5").click()
    page.touchscreen.tap(box["x"] + 0.75 * side, box["y"] + 0.25 * side)
    assert page.locator(".marks li").count() == 2
    page.touchscreen.tap(box["x"] + 0.25 * side + 6, box["y"] + 0.5 * side)  # the first one
    assert page.locator(".marks li").count() == 2
    film.focus()
    for key in ("Shift+Enter", "ArrowLeft", "ArrowLeft", "Shift+ArrowDown", "1"):
        page.keyboard.press(key)
    _fits(page)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Delete")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Control+z")
    page.keyboard.press("n")
    ((name, told),) = _told(page)
    assert (name, told["serial"], told["step"]) == ("left", "r 0", 1)
    marks = [[round(value, 2) for value in mark] for mark in told["marks"]]
    assert [mark[2] for mark in marks] == [5, 3, 1]
    assert marks[0][:2] == pytest.approx([0.25, 0.5], abs=0.03)
    assert marks[1][:2] == pytest.approx([0.75, 0.25], abs=0.03)
    assert marks[2][:2] == pytest.approx([0.46, 0.505], abs=0.011)


def test_another_film_forgets_the_marks_of_the_one_before(page: Any) -> None:
    _give(page, MARKED)
    page.locator(".film").focus()
    page.keyboard.press("Enter")
    _give(page, MARKED)  # the page ran again: what was not kept yet stays
    assert page.locator(".marks li").count() == 1
    _give(page, replace(MARKED, serial="r 1", marks=[FilmMark(0.5, 0.5, 2), FilmMark(0.1, 0.1, 4)]))
    assert page.locator(".marks li").count() == 2
    assert page.get_by_role("button", name="Mark 2, sure 4 of 5").count() == 1
    page.locator(".film").press("p")
    assert _told(page) == [], "there is no film before"


def test_keys_switch_layers_and_the_whole_window_is_left_by_escape(page: Any) -> None:
    _give(page, LAYERED)
    _fits(page)
    assert page.locator(".picture").count() == 1 and page.locator(".point").count() == 0
    page.get_by_role("button", name="Present").click()
    page.locator("dialog .film").wait_for()
    page.keyboard.press("t")
    page.keyboard.press("C")
    assert page.locator(".picture").count() == 0 and page.locator(".point.dot").count() == 1
    assert page.get_by_role("checkbox", name="Truth").is_checked() is False
    page.keyboard.press("?")
    assert "N: next film" in page.locator(".keys:visible").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    big = page.locator("dialog .text").evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
    assert big >= 20
    page.keyboard.press("n")
    assert _told(page)[-1][1]["step"] == 1
    _give(page, replace(LAYERED, serial="r 1 shown"))  # the next film keeps what is switched off
    assert page.locator("dialog .picture").count() == 0
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="hidden")
    page.locator(".home .film").wait_for()  # the dialog tells that it was closed a moment later


def test_a_button_asks_for_the_film_when_somebody_presents(page: Any) -> None:
    _give(page, None, "Present")
    page.get_by_role("button", name="Present").click()
    assert _told(page) == [["presenting", True]]
    page.get_by_text("One moment").wait_for()
    _give(page, LAYERED, "Present")
    page.locator("dialog .film").wait_for()
    page.keyboard.press("m")
    assert page.locator("dialog .box").count() == 0
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Present").wait_for()
    assert _told(page)[-1] == ["presenting", False]


def test_axe_has_nothing_to_say(page: Any) -> None:
    core = pytest.importorskip("axe_playwright_python.base", reason="axe is not installed")
    page.evaluate(core.AXE_FILE_PATH.read_text(encoding="utf-8"))
    ask = (
        "async () => (await axe.run({rules: {region: {enabled: false}}})).violations.map(v => v.id)"
    )
    for shown in (replace(MARKED, marks=[FilmMark(0.5, 0.5, 2)]), LAYERED):
        _give(page, shown)
        page.locator(".film").focus()
        assert [rule for rule in page.evaluate(ask) if "heading" not in rule
                and "landmark" not in rule] == []  # fmt: skip
