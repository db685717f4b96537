"""The page Case in a real browser: what mouse and keys do to a film, and what is asked then."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import app_server
import numpy as np
import pytest
from app_server import box_of, middle_of, settled
from test_accessibility import SCRIPT, STREAMLITS

from core.inference.predictor import load_predictor
from core.records.notebook import Notebook
from core.specs import open_studies

pytestmark = pytest.mark.browser

SET = "phantom:n=12,seed=4"
ROW, TEXT = 7, "right pleural effusion"
LINK = f"case?set={SET}&study={ROW}&prompt={TEXT.replace(' ', '%20')}&finding=Edema"
GREY = """canvas => {
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0;
  for (let n = 0; n < data.length; n += 4) sum += data[n];
  return sum / (data.length / 4);
}"""

CORNERS = "all => all.map(one => [...one.points].map(corner => [corner.x, corner.y]))"


@pytest.fixture(scope="module")
def notes_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of the app's notes, which the app inherits when it is started."""
    url = f"sqlite:///{tmp_path_factory.mktemp('notes')}/notes.sqlite"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LRCLR_RECORDS", url)
        yield url


@pytest.fixture(scope="module")
def browser(notes_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    yield from app_server.browser.__wrapped__(tmp_path_factory)


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    opened = browser[0].new_page()
    opened.sent = []
    heard = lambda frame: opened.sent.append(frame)  # noqa: E731 - playwright marks its handlers
    opened.on("websocket", lambda socket: socket.on("framesent", heard))
    opened.goto(f"{browser[1]}/{LINK}")
    settled(opened)
    opened.locator(".stage rect.region").first.wait_for(state="attached")
    yield opened
    opened.close()


def _middle(stage: Any) -> tuple[float, float]:
    stage.scroll_into_view_if_needed()
    return middle_of(stage)


def _drag(page: Any, start: tuple[float, float], across: float, down: float) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + across / 2, start[1] + down / 2)
    page.mouse.move(start[0] + across, start[1] + down)
    page.mouse.up()


def _drawn(page: Any) -> None:
    """Wait until the frame that was asked for is drawn, however busy the machine is."""
    page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")
    page.wait_for_timeout(100)


def _seen(page: Any) -> list[str]:
    _drawn(page)
    return page.locator(".stage svg").evaluate_all("all => all.map(e => e.getAttribute('viewBox'))")


def _grey(page: Any) -> float:
    _drawn(page)
    return float(page.locator(".stage canvas").first.evaluate(GREY))


def _nearest(word: str) -> set[int]:
    """Numbers of the three regions of the link's text that are nearest to a word of it."""
    model, studies = load_predictor("demo"), open_studies(SET)
    regions = model.regions(model.encode_row(studies, ROW), [TEXT], (224, 224))
    cosine = regions.word_similarity[regions.words.index(word)]
    return {int(number) + 1 for number in np.argsort(-cosine)[:3]}


def test_window_zoom_and_cursor_ask_the_server_nothing(page: Any) -> None:
    stage = page.locator(".stage").first
    middle, whole, before = _middle(stage), _seen(page), _grey(page)
    assert len(whole) == 3 and len({*whole}) == 1
    page.sent.clear()
    _drag(page, middle, 0, 60)  # down: the window's centre falls, the film gets brighter
    brighter = _grey(page)
    assert brighter > before + 5
    page.mouse.wheel(0, -500)
    zoomed = _seen(page)
    assert len({*zoomed}) == 1, "panes are not linked"
    width = float(zoomed[0].split()[2])
    assert width == pytest.approx(512 / 1.0015**500, rel=0.01)
    page.mouse.move(middle[0] + 20, middle[1] + 10)
    lines = page.locator(".stage .cross").evaluate_all("all => all.map(e => e.getAttribute('d'))")
    assert len({*lines}) == 1 and lines[0].startswith("M")
    stage.focus()
    page.keyboard.press("-")
    assert float(_seen(page)[0].split()[2]) == pytest.approx(width * 1.25, rel=0.01)
    left = float(_seen(page)[0].split()[0])
    page.keyboard.press("m")
    page.keyboard.press("ArrowRight")
    assert float(_seen(page)[0].split()[0]) > left
    page.keyboard.press("0")
    assert _seen(page) == whole and _grey(page) == pytest.approx(before, abs=0.01)
    assert page.sent == [], "the server was asked"
    assert "study=7" in page.url, "an arrow key on the film opened another one"


def test_words_and_regions_light_each_other_up(page: Any) -> None:
    page.sent.clear()
    said, lit = page.locator(".said"), page.locator("rect.region.lit")
    word = page.locator(".word", has_text="effusion").first
    word.hover()
    page.wait_for_function("() => true")
    lit.nth(2).wait_for(state="attached")
    assert lit.count() == 3
    numbers = lit.evaluate_all("all => all.map(e => e.dataset.number)")
    told = said.inner_text()
    assert told.startswith("“effusion”: nearest of its text's regions by cosine:")
    assert all(f"{number} (" in told for number in numbers)
    assert {*map(int, numbers)} == _nearest("effusion")
    word.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => true")
    assert said.inner_text().startswith("“pleural”")
    page.keyboard.press("Escape")
    first = page.locator("rect.region[data-number='1']")
    first.wait_for()
    page.mouse.move(*middle_of(first))
    page.locator(".word.near").nth(2).wait_for()
    assert page.locator(".word.near").count() == 3
    told = said.inner_text()
    assert told.startswith("Region 1, weight ")
    for near in page.locator(".word.near").all_inner_texts():
        assert f"{near} " in told
    page.locator(".stage").first.focus()
    page.keyboard.press("r")
    page.keyboard.press("r")
    page.wait_for_timeout(100)
    assert "Region 3, weight" in said.inner_text() or "Region 2, weight" in said.inner_text()
    assert page.sent == [], "the server was asked"


def test_boxes_by_mouse_and_keys_go_with_a_note(page: Any, notes_url: str) -> None:
    stage, drawn = page.locator(".stage").first, page.locator("rect.drawn")
    middle = _middle(stage)
    side = box_of(stage)["width"]
    page.get_by_role("button", name="Draw a box").click()
    _drag(page, middle, side / 4, side / 4)
    page.get_by_text("1 box drawn on the film").wait_for()
    stage.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_text("2 boxes drawn on the film").wait_for()
    page.get_by_role("button", name="Undo shape").click()
    page.get_by_text("1 box drawn on the film").wait_for()
    page.wait_for_timeout(100)
    assert drawn.count() == 1
    page.get_by_role("textbox", name="Your name or initials").fill("Ada")
    page.get_by_role("button", name="Save the note").click()
    page.locator("rect.noted").wait_for(state="attached")
    settled(page)
    assert drawn.count() == 0, "the boxes would go with the next note, too"
    (note,) = Notebook(notes_url).notes()
    assert (note.author, note.said.finding) == ("Ada", "Edema")
    (shape,) = note.said.shapes
    assert shape.bounds == pytest.approx((112, 112, 56, 56), abs=2)  # of 224 pixels
    assert page.locator(".stage").count() == 3  # the film was not loaded anew


def test_outlines_by_mouse_and_keys_and_the_difference_of_two_maps(page: Any) -> None:
    stage = page.locator(".stage").first
    page.sent.clear()
    page.get_by_label("Difference").select_option("LRCLR regions less Grad-CAM")
    assert len({*_seen(page)}) == 1 and len(_seen(page)) == 4
    x, y = _middle(stage)  # of four panes each is smaller
    side = box_of(stage)["width"]
    page.mouse.move(x, y)
    page.locator(".readout", has_text="difference").wait_for()
    told = page.locator(".readout").inner_text()
    values = dict(part.rsplit(" ", 1) for part in told.split(" · ")[2:])
    assert float(values["difference"]) == pytest.approx(
        float(values["LRCLR regions"]) - float(values["Grad-CAM"]), abs=0.011
    )
    heard = page.locator(".stage canvas").last.get_attribute("aria-label")
    assert heard.startswith("LRCLR regions less Grad-CAM: 0.")
    assert page.sent == [], "the server was asked"

    page.get_by_role("button", name="Draw an outline").click()
    for across, down in ((0, 0), (0.25, 0), (0.25, 0.25), (0, 0)):
        page.mouse.click(x + across * side, y + down * side)
    page.get_by_text("1 outline drawn on the film").wait_for()
    page.locator("polygon.drawn").wait_for(state="attached")
    (corners,) = page.locator("polygon.drawn").evaluate_all(CORNERS)
    assert np.array(corners) == pytest.approx(np.array([[256, 256], [384, 256], [384, 384]]), abs=4)
    stage.focus()
    page.keyboard.press("Enter")
    for keys in (("Enter",), ("ArrowRight",) * 8 + ("Enter",), ("ArrowDown",) * 8 + ("Enter",)):
        for key in keys:
            page.keyboard.press(key)
    page.keyboard.press("Enter")  # again on the last corner
    page.get_by_text("2 outlines drawn on the film").wait_for()
    page.get_by_role("button", name="Undo shape").click()
    page.get_by_text("1 outline drawn on the film").wait_for()
    axe = pytest.importorskip("axe_playwright_python.base", reason="axe is not installed")
    page.evaluate(axe.AXE_FILE_PATH.read_text(encoding="utf-8"))
    violations = page.evaluate(SCRIPT, list(STREAMLITS))
    assert not [one for one in violations if one[1] in ("critical", "serious")], violations


def test_an_arrow_key_elsewhere_opens_the_next_film_and_a_report_is_text(page: Any) -> None:
    assert page.locator(".texts").locator("script, img, a").count() == 0
    page.locator("h1").click()
    page.keyboard.press("ArrowRight")
    page.get_by_text("Radiograph 9 of the set.").wait_for()
    settled(page)
    assert "study=8" in page.url and "finding=Edema" in page.url
    assert "Radiograph 9" in (page.locator(".stage canvas").first.get_attribute("aria-label") or "")


def test_narrow_windows_need_no_sideways_scrolling(browser: Any, tmp_path: Path) -> None:
    page = browser[0].new_page()
    page.set_viewport_size({"width": 900, "height": 1000})
    page.goto(f"{browser[1]}/{LINK}")
    settled(page)
    main = page.locator('[data-testid="stMain"]')
    assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    assert box_of(page.locator(".stage").first)["width"] > 200
    page.close()


def test_home_s_words_and_regions_light_each_other_and_ask_nothing(browser: Any) -> None:
    page, sent = browser[0].new_page(), []
    heard = lambda frame: sent.append(frame)  # noqa: E731 - playwright marks its handlers
    page.on("websocket", lambda socket: socket.on("framesent", heard))
    page.goto(f"{browser[1]}/{LINK.removeprefix('case')}")
    settled(page)
    page.get_by_text("Words light up their regions").click()
    word = page.locator(".word", has_text="effusion").first
    word.wait_for()
    settled(page)
    stage = page.locator(".case .stage")
    word.hover()  # which scrolls it into view
    sent.clear()
    word.hover()
    _drawn(page)
    assert stage.locator("rect.region.lit").count() == 3
    box = box_of(stage.locator("rect.region").last)  # the heaviest
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    _drawn(page)
    assert stage.locator("rect.region.lit").count() == 1
    assert page.locator(".word.near").count() == 3
    whole = stage.locator("svg").get_attribute("viewBox")
    page.mouse.wheel(0, -400)  # no tools: neither zoom nor window
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.up()
    assert stage.locator("svg").get_attribute("viewBox") == whole
    assert sent == [], "the server was asked"
    stage.press("ArrowRight")  # goes to the next film, as everywhere on Home
    page.locator(f'.case canvas[aria-label="Radiograph {ROW + 2} of the set."]').wait_for()
    page.close()
