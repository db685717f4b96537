"""Every page by axe-core: no critical or serious violation, in both themes."""

import re
from collections.abc import Iterator
from typing import Any

import app_server
import pytest
from app_server import join_class, settled

pytestmark = pytest.mark.browser
browser = app_server.browser  # the fixture

PAGES = ["", "zero_shot", "regions", "errors", "case", "search", "compare", "arena",
         "import_data", "finetune", "model", "lab", "lessons", "classroom"]  # fmt: skip
FOR_PHONES = ["lessons", "lab", "classroom"]
STREAMLITS = (
    '[data-testid="stDataFrame"]',  # a canvas with a table of its own behind it
    '[data-testid="stToolbar"]',
    ".modebar-container",
    '[data-testid="stFileUploaderDropzone"]',
    '[data-testid="stSidebarNavItems"]',  # with sections its list holds more than items
)
"""What we cannot mend: parts that Streamlit and plotly draw whole."""
SCRIPT = """async (excluded) => {
  const found = await axe.run({exclude: excluded.map(one => [one])}, {
    resultTypes: ["violations"], rules: {"target-size": {enabled: innerWidth < 640}}});
  return found.violations.map(v => [v.id, v.impact, v.nodes.map(n => n.html.slice(0, 160))]);
}"""
SIDEWAYS = """() => [...document.querySelectorAll("section")].filter(
  one => one.clientWidth && !one.closest('[data-testid="stSidebar"]')).map(
  one => [one.scrollWidth, one.clientWidth])"""
GROUND = """() => getComputedStyle(
  document.querySelector('[data-testid="stApp"]')).backgroundColor.match(/[0-9]+/g).map(Number)"""


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    opened = browser[0].new_page()
    yield opened
    opened.close()


@pytest.mark.parametrize("path", PAGES)
def test_no_serious_violation(browser: Any, page: Any, path: str) -> None:
    """In the dark, and when the reader's system then turns to light."""
    core = pytest.importorskip("axe_playwright_python.base", reason="axe is not installed")
    page.goto(f"{browser[1]}/{path}?set=phantom:n=12,seed=4&study=2&prompt=pneumothorax")
    settled(page)
    page.evaluate(core.AXE_FILE_PATH.read_text(encoding="utf-8"))
    _look(page, range(0, 100))
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"() => Math.min(...({GROUND})()) > 200")
    settled(page)
    _look(page, range(200, 256))


@pytest.mark.parametrize("path", FOR_PHONES)
def test_a_phone_scrolls_down_alone_and_a_finger_hits(browser: Any, page: Any, path: str) -> None:
    """At 390 pixels nothing stands beside the window, and targets have 24 pixels."""
    core = pytest.importorskip("axe_playwright_python.base", reason="axe is not installed")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{browser[1]}/{path}")
    settled(page)
    for inside, window in page.evaluate(SIDEWAYS):
        assert inside <= window + 1
    page.evaluate(core.AXE_FILE_PATH.read_text(encoding="utf-8"))
    _look(page, range(0, 100))


def test_no_serious_violation_in_a_class(browser: Any, page: Any) -> None:
    """A student who joined and answered, and the teacher who sees it; wide, and on a phone."""
    core = pytest.importorskip("axe_playwright_python.base", reason="axe is not installed")
    page.goto(f"{browser[1]}/lessons")
    settled(page)
    join_class(page, "heron")
    page.locator(".st-key-lesson_open_prompts button").click()
    settled(page)
    page.get_by_text("bony injury", exact=True).click()
    settled(page)
    page.locator("[class*=lesson_check] button").first.click()
    page.get_by_role("alert").first.wait_for()
    _both_widths(page, core)
    page.goto(f"{browser[1]}/classroom")
    page.get_by_text(re.compile(r"^heron( \(away\))?$")).wait_for()  # away after a slow look
    _both_widths(page, core)


def _both_widths(page: Any, core: Any) -> None:
    settled(page)
    page.evaluate(core.AXE_FILE_PATH.read_text(encoding="utf-8"))
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        settled(page)
        _look(page, range(0, 100))
        assert all(inside <= window + 1 for inside, window in page.evaluate(SIDEWAYS))
    page.set_viewport_size({"width": 1440, "height": 844})


def test_no_serious_violation_where_twins_and_lesions_are_shown(browser: Any, page: Any) -> None:
    core = pytest.importorskip("axe_playwright_python.base", reason="axe is not installed")
    page.goto(f"{browser[1]}/errors?set=phantom:n=12,seed=4")
    settled(page)
    page.get_by_label("Twins", exact=True).fill("20")
    page.get_by_label("Twins", exact=True).press("Enter")
    page.get_by_role("button", name="Draw 20 twins").click()
    page.get_by_text("One of the twins").wait_for()
    page.get_by_role("button", name="Measure").click()
    page.get_by_text("Above: means in quarters of the lesions").wait_for()
    settled(page)
    page.evaluate(core.AXE_FILE_PATH.read_text(encoding="utf-8"))
    _look(page, range(0, 100))


def _look(page: Any, ground: range) -> None:
    """Axe over the page, whose ground has grey levels in a range."""
    assert all(level in ground for level in page.evaluate(GROUND))
    violations = page.evaluate(SCRIPT, list(STREAMLITS))
    serious = [line for line in violations if line[1] in ("critical", "serious")]
    assert not serious, serious
    assert not [line for line in violations if line[0] in ("heading-order", "image-alt")]
    pictures = page.locator('[data-testid="stImage"] img')
    for number in range(pictures.count()):
        assert len(pictures.nth(number).get_attribute("alt") or "") > 10
