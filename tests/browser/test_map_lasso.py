"""The map of the page Errors: the component in a page of its own, and a lasso in the app."""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import app_server
import numpy as np
import pytest
from app_server import box_of, settled
from component_alone import mount

from core.studies.selection import read_rows
from explorer.errors import map_points, map_view

pytestmark = pytest.mark.browser
browser = app_server.browser  # the fixture

_INK = """([x, y, sharp]) => { const canvas = document.querySelector("main").shadowRoot
  .querySelector("canvas"); return [...canvas.getContext("2d").getImageData(x, y, 1, 1).data] }"""
POINTS = np.array([[x, y] for y in range(3) for x in range(3)] + [[np.nan, np.nan]], np.float32)
VALUES = np.array(["a", "a", "a", "b", "b", "b", "b", "", "", "a"], object)
SCORES = np.arange(10) / 10
EDGE = 24  # pixels, as the component has it


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    opened = browser[0].browser.new_page(viewport={"width": 1000, "height": 800})
    mount(opened, map_view.browser_files(), '<div class="map"></div>')
    _give(opened)
    yield opened
    opened.close()


def _give(page: Any, selected: Sequence[int] = (), of: str = "set 1", scored: bool = False) -> None:
    """Films 0 to 8 from the lower left to the upper right; film 9 is nowhere."""
    colouring = map_points.by_score(SCORES) if scored else map_points.by_value(VALUES)
    page.evaluate("data => window.give(data)", {
        "of": of, "points": json.dumps(map_points.content(POINTS, colouring, SCORES)),
        "selected": map_points.packed_rows(np.array(selected, np.int64), 10), "alt": "Map of 9",
    })  # fmt: skip


def _place(page: Any, x: float, y: float) -> tuple[float, float]:
    """A place of the map, in the units of POINTS, on the screen."""
    box = box_of(page.locator("canvas"))
    side = min(box["width"], box["height"]) - 2 * EDGE
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return middle[0] + (x - 1) * side / 2, middle[1] - (y - 1) * side / 2


def _around(page: Any, *corners: tuple[float, float]) -> None:
    page.mouse.move(*_place(page, *corners[0]))
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*_place(page, *corner), steps=4)
    page.mouse.up()


def _chosen(page: Any) -> list[int]:
    """Rows that Python heard of last."""
    name, value = page.evaluate("window.told.at(-1)")
    assert name == "chosen" and value["of"] == "set 1"
    return map_points.unpacked_rows(value["films"], 10)


def _ink(page: Any, row: int) -> list[int]:
    """Red, green, blue and opacity where a film lies."""
    box = box_of(page.locator("canvas"))
    x, y = _place(page, *POINTS[row].tolist())
    ink: list[int] = page.evaluate(_INK, [x - box["x"], y - box["y"], 1])
    return ink


def test_a_lasso_selects_what_lies_inside_and_shift_adds(page: Any) -> None:
    # A triangle at the lower left; it may leave the map once it is begun.
    _around(page, (-0.4, 1.6), (-0.4, -0.4), (1.6, -0.4))
    assert _chosen(page) == [0, 1, 3]
    page.keyboard.down("Shift")
    _around(page, (1.5, 1.5), (2.2, 1.5), (2.2, 2.2), (1.5, 2.2))
    page.keyboard.up("Shift")
    assert _chosen(page) == [0, 1, 3, 8]
    # An outline that crosses itself, like an eight lying on its side: its two halves.
    _around(page, (-0.2, 1.3), (2.2, -0.3), (2.2, 1.3), (-0.2, -0.3))
    assert _chosen(page) == [0, 2, 3, 5]


def test_a_box_a_click_and_what_selects_nothing(page: Any) -> None:
    page.get_by_role("button", name="Draw a box").click()
    _around(page, (2.2, 0.5), (0.8, 1.7), (0.5, 2.2))  # its last corner counts
    assert _chosen(page) == [4, 5, 7, 8]
    page.mouse.click(*_place(page, 1, 0))
    assert _chosen(page) == [1]
    told = len(page.evaluate("window.told"))
    page.mouse.click(*_place(page, 0.5, 0.5))
    _around(page, (0.2, 0.2), (0.8, 0.2), (0.8, 0.8))
    assert len(page.evaluate("window.told")) == told


def test_films_that_are_not_selected_fade_whoever_selected(page: Any) -> None:
    before = [_ink(page, row)[3] for row in range(9)]
    assert min(before) > 150
    _give(page, [0, 4])
    now = [_ink(page, row)[3] for row in range(9)]
    assert [row for row in range(9) if now[row] > 150] == [0, 4] and min(now) > 20
    _give(page)
    assert [_ink(page, row)[3] for row in range(9)] == before
    assert page.evaluate("window.told") == []


def test_the_legend_counts_hides_and_hidden_films_are_not_selected(page: Any) -> None:
    buttons = page.locator(".legend button")
    assert buttons.all_inner_texts() == ["a (3)", "b (4)", "not known (2)"]
    colours = {tuple(_ink(page, row)[:3]) for row in (0, 3, 7)}
    assert len(colours) == 3
    buttons.nth(1).click()
    assert _ink(page, 4)[3] == 0 and buttons.nth(1).get_attribute("aria-pressed") == "false"
    _around(page, (-0.4, 1.5), (-0.4, 2.4), (2.4, 2.4), (2.4, -0.4), (-0.4, -0.4))
    assert _chosen(page) == [0, 1, 2, 7, 8]
    _give(page, [4], scored=True)
    assert page.locator(".legend").inner_text().split() == ["score", "0.000", "0.900"]
    assert _ink(page, 4)[3] > 150


def test_the_pointer_names_a_film_by_its_number(page: Any) -> None:
    page.mouse.move(*_place(page, 2, 1))
    assert page.locator(".tip").inner_text() == "film 6 of the set · score 0.500 · b"
    page.mouse.move(*_place(page, 1.5, 1.5))
    assert page.locator(".tip").is_hidden()


def test_a_zoomed_map_selects_what_is_seen_and_another_set_is_seen_whole(page: Any) -> None:
    page.locator("canvas").focus()
    page.keyboard.press("+")
    page.keyboard.press("+")  # 2.25 times, about the middle: films 0 to 2 are below what is seen
    _around(page, (-0.1, 1), (-0.1, -0.1), (2.1, -0.1), (2.1, 2.1), (-0.1, 2.1))
    assert _chosen(page) == [4]
    page.keyboard.press("m")
    _around(page, (1, 0.1), (1, 2.1))  # drags what lies below into sight
    page.keyboard.press("l")
    _around(page, (0.5, 0.5), (1.5, 0.5), (1.5, -0.05), (0.5, -0.05))
    assert _chosen(page) == [1]
    page.keyboard.press("0")
    _around(page, (0.5, 0.5), (1.5, 0.5), (1.5, 1.5), (0.5, 1.5))
    assert _chosen(page) == [4]
    page.keyboard.press("+")
    _give(page, of="set 2")
    assert _ink(page, 0)[3] > 150


def test_axe_finds_nothing_serious(page: Any) -> None:
    core = pytest.importorskip("axe_playwright_python.base", reason="axe is not installed")
    page.evaluate(core.AXE_FILE_PATH.read_text(encoding="utf-8"))
    for scored in (False, True):
        _give(page, [1], scored=scored)
        found = page.evaluate("async () => (await axe.run()).violations.map(v => [v.id, v.impact])")
        assert not [one for one in found if one[1] in ("critical", "serious")]


def test_a_lasso_in_the_app_shows_its_films_and_next_keeps_to_them(browser: Any) -> None:
    page = browser[0].new_page()
    page.goto(f"{browser[1]}/errors?set=phantom:n=24,seed=4")
    settled(page)
    page.get_by_text("Draw the map", exact=True).click()
    canvas = page.locator('canvas[aria-label^="Map of 24 films"]')
    canvas.wait_for()
    settled(page)
    canvas.scroll_into_view_if_needed()
    box = box_of(canvas)
    for number, (x, y) in enumerate([(0.02, 0.02), (0.5, 0.02), (0.5, 0.98), (0.02, 0.98)]):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if not number:
            page.mouse.down()
    page.mouse.up()
    page.get_by_text("selected; Films of below shows them").wait_for()
    settled(page)
    asked = parse_qs(urlsplit(page.url).query)
    rows = read_rows(asked["rows"][0])
    assert 0 < len(rows) < 24
    assert f"{len(rows)} of them selected" in canvas.get_attribute("aria-label")
    assert page.get_by_text(f"selection, {len(rows)} films", exact=True).count() == 1
    page.get_by_text("Only selected films", exact=True).click()
    settled(page)
    for _ in range(3):
        page.locator(".st-key-next button").first.click()
        settled(page)
        assert int(parse_qs(urlsplit(page.url).query)["study"][0]) in rows
    page.close()
