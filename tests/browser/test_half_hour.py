"""A stranger's half hour in a real browser: from a set to its errors, notes, a report, and back.

With `LRCLR_LOOKS=FOLDER` each step leaves pictures there, at 1440 and 900 pixels, light and dark.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import app_server
import pytest
from app_server import box_of, settled

from core.analysis.report_view import ReportView
from core.paths import cxr_data
from core.records.notebook import Notebook
from core.specs import open_studies
from core.studies.selection import selection_json

pytestmark = pytest.mark.browser

SET, FINDING, SLICE = "phantom:n=200,seed=7", "Lung Lesion", "Fracture present"
REAL_FILMS = 24
VERDICTS = ("label is wrong", "model is wrong", "both are wrong")


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


class Visit:
    """A session in the browser, and what a person does in it."""

    def __init__(self, browser: Any, name: str) -> None:
        self.page, self._name, self._step = browser[0].new_page(), name, 0
        self.page.goto(browser[1])
        settled(self.page)

    def look(self, what: str) -> None:
        """Pictures of the whole page, where they are asked for; and nothing is broken."""
        assert not self.page.locator('[data-testid="stException"]').count(), what
        self._step += 1
        if folder := os.environ.get("LRCLR_LOOKS"):
            for width in (1440, 900):
                self._pictures(Path(folder), what, width)
            self.page.set_viewport_size({"width": 1440, "height": 1000})

    def _pictures(self, folder: Path, what: str, width: int) -> None:
        block = self.page.locator('[data-testid="stMainBlockContainer"]')
        self.page.set_viewport_size({"width": width, "height": 1000})
        self.page.wait_for_timeout(500)
        height = min(block.evaluate("element => element.scrollHeight") + 40, 6000)
        self.page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            self.page.wait_for_timeout(800)
            name = f"{self._name}_{self._step}_{what}_{width}_{scheme}.png"
            self.page.screenshot(path=folder / name)

    def choose(self, label: str, option: str) -> None:
        """An option of a box, by the beginning of its words."""
        box = self.page.get_by_role("combobox", name=re.compile(f"{label}$")).first
        box.click()
        box.fill(option)  # of a long list only what is in sight is drawn
        self.page.get_by_role("option", name=re.compile(f"^{re.escape(option)}")).first.click()
        settled(self.page)

    def open_set(self, spec: str) -> None:
        if spec == SET:
            self.choose("Study set", spec)
            return
        self.choose("Study set", "another set")
        self.page.get_by_role("textbox", name="Set", exact=True).fill(spec)
        self.page.keyboard.press("Enter")
        settled(self.page)

    def go(self, title: str) -> None:
        self.page.get_by_role("link", name=title, exact=True).click()
        self.page.get_by_role("heading", name=title, level=1, exact=True).wait_for()
        settled(self.page)

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name).first.click()
        settled(self.page)

    def shown(self, label: str) -> str:
        """What a box shows."""
        return str(self.page.get_by_role("combobox", name=label).first.input_value())

    def main(self) -> str:
        """What the page says."""
        return str(self.page.locator('[data-testid="stMain"]').inner_text())

    def masked(self) -> str:
        """The verdict on a part that is masked."""
        table = self.page.locator('[data-testid="stDataFrame"]').last
        return str(table.locator("td").last.inner_text())

    def note(self, verdict: str, text: str) -> None:
        """A box by the mouse, and a note that goes with it."""
        stage = self.page.locator(".stage").first
        stage.scroll_into_view_if_needed()
        self.page.get_by_role("button", name="Draw a box").click()
        around = box_of(stage)
        x, y = (around[corner] + 0.3 * around["width"] for corner in "xy")
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + 0.1 * around["width"], y + 0.1 * around["width"])
        self.page.mouse.move(x + 0.2 * around["width"], y + 0.2 * around["width"])
        self.page.mouse.up()
        self.page.get_by_text("1 box drawn on the film").wait_for()
        settled(self.page)
        self.choose("Verdict", verdict)
        self.page.get_by_role("textbox", name="What you see").fill(text)
        self.page.get_by_role("textbox", name="Your name or initials").fill("Dr. Who")
        self.click("Save the note")
        self.page.locator("rect.noted").first.wait_for(state="attached")

    def report(self, path: Path) -> None:
        """Make the report with the notes, and keep it."""
        self.page.get_by_text("With the notes on these films").click()
        self.click("Make the report")
        with self.page.expect_download() as waited:
            self.page.get_by_role("button", name="Download the report").click()
        waited.value.save_as(path)

    def drop_into_sidebar(self, path: Path) -> None:
        dropzone = '[data-testid="stSidebar"] [data-testid="stFileUploaderDropzoneInput"]'
        self.page.set_input_files(dropzone, path)
        self.page.get_by_text("Opened the report of").first.wait_for()  # the page may be Errors
        settled(self.page)


def test_a_strangers_half_hour(browser: Any, notes_url: str, tmp_path: Path) -> None:
    told = Visit(browser, "phantoms")
    told.open_set(SET)
    told.look("home")
    told.go("Errors")
    assert told.shown("Finding").startswith(f"{FINDING}, AUC")
    told.look("errors")
    told.page.get_by_role("radio", name="Error", exact=True).click()
    settled(told.page)
    assert re.search(r"[1-9]\d* of \d+ slices differ", told.main())
    worst = re.match(rf"{SLICE} \(\d+ films, \+.*p (.*)\)", told.shown("Films of the slice"))
    assert worst and float(worst[1]) < 0.05
    assert told.page.get_by_role("button", name="Open the case").count() == 10
    told.look("slice")

    told.click("Mask them")
    assert told.masked() == "no further than elsewhere"
    told.look("shortcut")
    told.choose("Finding", "Support Devices")
    assert told.masked() == "falls without it"  # the test of the test
    told.choose("Finding", FINDING)

    told.click("Go through these 15 films one by one")
    for number, verdict in enumerate(VERDICTS):
        told.note(verdict, f"note {number + 1}")
        told.look(f"note_{number + 1}")
        told.page.locator("h1").click()
        told.page.keyboard.press("ArrowRight")
        settled(told.page)

    told.go("Errors")
    assert told.shown("Films of the slice").startswith(SLICE)  # as it was left
    file = tmp_path / "report.html"
    told.report(file)
    told.look("report")
    _is_whole(file, told)

    again = Visit(browser, "reopened")
    again.drop_into_sidebar(file)
    again.look("errors")
    for label in ("Score", "Finding", "Threshold", "Fitted on", "Films of the slice"):
        assert again.shown(label) == told.shown(label), label
    assert f"{SLICE}: At this threshold" in again.main()
    notes = [note for note in Notebook(notes_url).notes() if note.film.data == SET]
    assert [note.said.verdict for note in notes] == list(VERDICTS)
    assert all(len(note.said.shapes) == 1 for note in notes)
    told.page.close()
    again.page.close()


def test_real_films_take_the_same_path(browser: Any, tmp_path: Path) -> None:
    root = cxr_data()
    if root is None:
        pytest.skip("no real radiographs: set CXR_DATA to the folder that holds manifest.csv")
    manifest, some = root / "manifest.csv", tmp_path / "some.json"
    ids = open_studies(str(manifest)).ids
    rows = range(0, len(ids), len(ids) // REAL_FILMS)
    some.write_text(selection_json("some", [ids[row] for row in rows]), encoding="utf-8")
    told = Visit(browser, "real")
    told.open_set(f"only,{some}:{manifest}")
    told.go("Errors")
    told.look("errors")
    before = told.main()
    assert re.search(r"of \d+ slices|No slice of \d+ films", before)
    told.click("Mask them")
    told.page.get_by_text("None of these films has a known place of: device.").wait_for()
    told.page.get_by_role("radio", name="All", exact=True).click()
    settled(told.page)
    told.click("Open the case")
    told.note(VERDICTS[0], "note 1")
    told.look("note")
    told.go("Errors")
    told.report(tmp_path / "report.html")
    told.look("report")
    view = ReportView.from_html((tmp_path / "report.html").read_bytes())
    assert str(root) not in str(view) and "some.json" in view.data
    told.choose("Score", "global")
    told.drop_into_sidebar(tmp_path / "report.html")
    assert told.shown("Finding").startswith(view.finding) and told.shown("Score") == "lrclr"
    told.page.close()


def _is_whole(file: Path, told: Visit) -> None:
    """The report has the view, the notes and their boxes' count, and nobody's name."""
    content = file.read_bytes()
    view = ReportView.from_html(content)
    assert (view.data, view.finding) == (SET, FINDING)
    text = content.decode().split("<body>")[1]  # before it stands the script that draws
    assert all(f"note {number + 1}" in text for number in range(len(VERDICTS)))
    assert "Dr. Who" not in text and "test-7-" not in text
