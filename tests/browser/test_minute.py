"""The newcomer's minute in a real browser: drop a film, type a prompt, see score, regions, map."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import app_server
import pytest
from app_server import box_of, settled
from PIL import Image

from core.evaluation.examples import load_examples
from core.paths import cxr_data
from core.phantom.case import sample_case
from core.phantom.render import render

pytestmark = pytest.mark.browser
browser = app_server.browser  # the fixture


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A newcomer: a session of their own."""
    opened = browser[0].new_page()
    opened.goto(f"{browser[1]}/?set=phantom:n=12,seed=4")
    settled(opened)
    yield opened
    opened.close()


def _real(folder: Path) -> Path:
    root = cxr_data()
    if root is None:
        pytest.skip("no real radiographs: set CXR_DATA to the folder that holds manifest.csv")
    return root / "dicom" / "RSNA_chest_PA_mono2_8bit_JPEGbaseline.dcm"


def _phantom(folder: Path) -> Path:
    path = folder / "phantom.png"
    Image.fromarray(render(sample_case(3, 9, "test"), 300).image).save(path)
    return path


@pytest.mark.parametrize("source", [_phantom, _real], ids=["phantom", "real DICOM"])
def test_the_newcomers_minute(page: Any, source: Any, tmp_path: Path) -> None:
    page.set_input_files('[data-testid="stFileUploaderDropzoneInput"]', source(tmp_path))
    page.wait_for_selector("text=Your image is the current study")
    settled(page)
    box = page.get_by_label("What might the report say?")
    box.fill("")
    box.press_sequentially("right sided pneumothorax", delay=20)  # no Enter: the score follows
    page.wait_for_function("() => location.search.includes('pneumothorax')")
    settled(page)
    headings = page.locator("h2").all_inner_texts()
    assert "What the score says" in headings
    assert page.get_by_text("It scores higher than").count()
    # The boxes are drawn on the film, which alone is large; where there are none, it is said why.
    boxes = page.locator(".boxes i").count()
    assert bool(boxes) != bool(page.get_by_text("has no place").count())
    assert boxes or source is _real
    assert page.locator("[data-testid='stMain'] img[alt*='adiograph']").count() >= 1
    assert not page.locator('[data-testid="stException"]').count()
    assert not page.locator('[data-testid="stAlertContentError"]').count()
    page.get_by_label("Remove ").first.click()
    page.wait_for_selector("text=Your image is the current study", state="detached")


def test_a_file_that_is_no_film_is_one_sentence(page: Any, tmp_path: Path) -> None:
    bad = tmp_path / "holiday.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    page.set_input_files('[data-testid="stFileUploaderDropzoneInput"]', bad)
    page.wait_for_selector("text=holiday.png is damaged")
    assert not page.locator('[data-testid="stException"]').count()
    assert page.locator("h1").count() == 1


def test_the_sidebar_leads_to_every_page(page: Any) -> None:
    for title in ("Zero-shot prompts", "Selected regions", "Compare with Grad-CAM", "Fine-tune"):
        page.locator('[data-testid="stSidebarNav"]').get_by_text(title).click()
        page.wait_for_selector(f'h1:has-text("{title}")')
        settled(page)
        assert not page.locator('[data-testid="stException"]').count()


def test_a_box_is_drawn_on_the_film_that_is_searched_by(page: Any) -> None:
    page.locator('[data-testid="stSidebarNav"]').get_by_role("link", name="Search").click()
    page.wait_for_selector('h1:has-text("Search")')
    settled(page)
    page.get_by_text("A box on it").click()
    film = page.locator('[data-testid="stMain"] [data-testid="stPlotlyChart"]')
    film.wait_for()
    settled(page)
    place = box_of(film)
    for share, act in ((0.5, page.mouse.down), (0.7, lambda: None), (0.9, page.mouse.up)):
        page.mouse.move(place["x"] + share * place["width"], place["y"] + share * place["height"])
        act()
    sliders = page.locator('[data-testid="stSlider"]')
    for number in (0, 1):
        sliders.nth(number).get_by_text("90", exact=True).wait_for()
        assert sliders.nth(number).get_by_text("50", exact=True).count()
    settled(page)
    assert not page.locator('[data-testid="stException"]').count()


@pytest.mark.parametrize("width", [900, 1440])
def test_the_film_is_seen_without_scrolling(browser: Any, width: int) -> None:
    page = browser[0].new_page()
    page.set_viewport_size({"width": width, "height": 1000})
    page.goto(browser[1])
    settled(page)
    page.wait_for_function(  # once its thumbnails are there, the strip of examples is one row
        "names => { const tops = [...document.querySelectorAll('button')]"
        ".filter(one => names.includes(one.textContent.trim()))"
        ".map(one => one.getBoundingClientRect()).filter(place => place.width)"
        ".map(place => place.top); "
        "return tops.length === names.length && new Set(tops).size === 1 }",
        arg=[example.finding for example in load_examples().films],
    )  # fmt: skip
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        settled(page)
        film = box_of(page.locator("[data-testid='stMain'] img[alt*='adiograph']"))
        assert film["y"] > 0 and film["y"] + film["height"] <= 1000, scheme
    page.close()
