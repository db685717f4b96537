"""The page Lab in a real browser: what follows while a lesion is dragged, and when it is let go."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from app_server import box_of, middle_of, settled
from app_server import browser as browser

from core.phantom.patient import parse_patient

pytestmark = pytest.mark.browser


def _score(page: Any) -> float:
    """As shown; the component's own tree is not the document's."""
    told = page.locator(".score").inner_text()
    return float("nan") if told == "…" else float(told)


def _until(page: Any, holds: Callable[[], bool], patience: float = 600) -> None:
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, "it did not follow"
        page.wait_for_timeout(100)


def test_a_dragged_nodule_takes_score_and_address_with_it(browser: tuple[Any, str]) -> None:
    page = browser[0].new_page()
    statuses: list[int] = []

    def heard(told: Any) -> None:
        if "lab/frame" in told.url:
            statuses.append(told.status)

    page.on("response", heard)
    page.goto(f"{browser[1]}/lab")
    settled(page)
    circle = page.locator(".stage circle").first
    circle.wait_for(state="attached")
    _until(page, lambda: _score(page) > 2)
    (x, y), asked, seen = middle_of(circle), len(statuses), _score(page)
    side = box_of(page.locator(".stage"))["width"]
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 9):  # down behind the diaphragm, where nothing is seen of it
        page.mouse.move(x, y + 0.06 * step * side)
    _until(page, lambda: _score(page) < seen - 1.5)
    assert len(statuses) > asked and set(statuses) <= {200, 204}
    assert "patient" not in page.url or "y%3D10" in page.url, "let go already?"
    page.mouse.up()
    page.wait_for_function("() => location.search.includes('patient') "
                           "&& !location.search.includes('y%3D10%2C')")  # fmt: skip
    lesion = parse_patient(parse_qs(urlsplit(page.url).query)["patient"][0]).findings[0]
    assert lesion.place is not None and lesion.place[1] > 20 and lesion.zone == "lower"
    page.locator(".stage").focus()
    page.keyboard.press("Control+z")
    page.wait_for_function("() => location.search.includes('y%3D10%2C')")
    _until(page, lambda: abs(_score(page) - seen) < 0.2)
    page.close()
