"""A whole class in real browsers: three students, a teacher, and nothing from outside.

One walk, since a class is one: join, a wrong answer and a right one, a closed tab that goes on, the
lab's drag, films read against the model, the worst question, the export.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from app_server import FLAGS, browser_path, join_class, middle_of, running_app, settled

from core.lessons.class_export import COLUMNS

pytestmark = pytest.mark.browser

_FILMS = 4


class _Class:
    """The browsers of a class; a computer for each, so that each keeps a token of its own."""

    def __init__(self, browser: Any, address: str) -> None:
        self.browser, self.address = browser, address
        self.outside: list[str] = []
        self.broken: list[str] = []

    def computer(self, width: int = 1280, touch: bool = False) -> Any:
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, has_touch=touch, accept_downloads=True
        )
        context.set_default_timeout(600_000)  # a busy machine takes its time
        context.route("**/*", self._let_through)
        return context

    def _let_through(self, route: Any) -> None:
        """The network cable is out: what is not this computer's gets no answer."""
        url = urlsplit(route.request.url)
        if url.scheme in ("http", "https", "ws", "wss") and url.hostname != "localhost":
            self.outside.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    def open(self, context: Any, path: str) -> Any:
        page = context.new_page()
        page.on("pageerror", lambda error: self.broken.append(str(error)))
        page.goto(f"{self.address}/{path}")
        settled(page)
        return page


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Class]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = browser_path()
    if path is None:
        pytest.skip("no Chromium on this machine: install chromium to run the browser tests")
    with (
        running_app(tmp_path_factory.mktemp("class")) as address,
        playwright.sync_playwright() as p,
    ):
        browser = p.chromium.launch(executable_path=path, args=FLAGS)
        yield _Class(browser, address)
        browser.close()


def _answer(page: Any, *ticked: str) -> None:
    page.locator(".st-key-lesson_open_prompts button").click()
    page.get_by_role("heading", name="5. Prompts", level=1).wait_for()
    settled(page)
    for option in ticked:
        page.get_by_text(option, exact=True).first.click()
        settled(page)
    page.locator(".st-key-lesson_check_prompts_expect button").click()


def _right_by_evidence(page: Any, ticked: set[str]) -> None:
    """Read what was measured on one's own films, tick what reaches 0.8, and check again."""
    cells = page.locator('[data-testid="stTable"] tbody tr').all_inner_texts()
    measured = {name.strip(): float(auc) for name, auc in (line.rsplit(None, 1) for line in cells)}
    for option in {name for name, auc in measured.items() if auc >= 0.8} ^ ticked:
        page.locator('[data-testid="stCheckbox"]').get_by_text(option, exact=True).click()
        settled(page)
    page.locator(".st-key-lesson_check_prompts_expect button").click()
    page.locator('[data-testid="stAlertContentSuccess"]').first.wait_for()
    settled(page)


def _fits(page: Any) -> None:
    """A phone scrolls down, not sideways."""
    inner, outer = page.evaluate("(main => [main.scrollWidth, main.clientWidth])("
                                 "document.querySelector('[data-testid=stMain]'))")  # fmt: skip
    assert inner <= outer + 1


def _read(page: Any, touch: bool) -> None:
    """Mark every film where its middle is, as sure as one can be."""
    page.locator(".st-key-reading_open button").click()
    for number in range(_FILMS):
        page.get_by_text(f"Film {number + 1} of {_FILMS}.").first.wait_for()
        film = page.locator(".film")
        film.scroll_into_view_if_needed()
        x, y = middle_of(film)
        page.touchscreen.tap(x, y) if touch else page.mouse.click(x, y)
        page.locator(".tools").get_by_role("button", name="5").click()
        if touch:
            _fits(page)
        page.locator(".ways button.main").click()
        done = f"{number + 1} of {_FILMS} films" if number + 1 < _FILMS else f"All {_FILMS} films"
        page.get_by_text(done).wait_for()


def _drag(page: Any) -> None:
    """Drag the lab's nodule down; the address tells where it was let go."""
    circle = page.locator(".stage circle").first
    circle.wait_for(state="attached")
    page.wait_for_function("() => location.search.includes('patient')")
    before, (x, y) = page.url, middle_of(circle)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 5):
        page.mouse.move(x, y + 12 * step)
    page.mouse.up()
    page.wait_for_function("before => location.href !== before", arg=before)


def test_a_class_from_the_first_nickname_to_the_export(room: _Class, tmp_path: Path) -> None:
    teacher = room.open(room.computer(), "classroom")
    teacher.get_by_text("Nobody has joined yet.").wait_for()

    wrong = room.open(room.computer(), "lessons")
    join_class(wrong, "blue heron")
    _answer(wrong, "clear lungs")
    wrong.get_by_text("of 4 right.").wait_for()

    phone = room.open(room.computer(390, touch=True), "lessons")
    _fits(phone)
    join_class(phone, "red kite")
    _answer(phone, "bony injury")
    phone.get_by_text("of 4 right.").wait_for()
    settled(phone)
    _right_by_evidence(phone, {"bony injury"})
    _fits(phone)

    leaver = room.computer()
    gone = room.open(leaver, "lessons")
    join_class(gone, "grey wagtail")
    gone.locator(".st-key-lesson_open_words-and-regions button").click()
    gone.get_by_role("heading", name="4. ", level=1).wait_for()
    settled(gone)
    gone.locator(".st-key-lesson_next button").click()
    gone.get_by_text("Step 2 of").wait_for()
    settled(gone)
    gone.close()
    back = room.open(leaver, "lessons")
    back.get_by_text("Step 2 of").wait_for()
    back.get_by_text("grey wagtail").first.wait_for()
    back.close()

    lab = room.open(leaver, "lab")
    _drag(lab)
    lab.close()

    teacher.get_by_label("How many").fill(str(_FILMS))
    teacher.get_by_label("How many").press("Enter")
    teacher.locator(".st-key-reading_begin button").click()
    teacher.get_by_text("Students mark films.").wait_for()
    for page, touch in ((wrong, False), (phone, True)):
        page.get_by_role("button", name="All lessons").click()
        _read(page, touch)
    teacher.get_by_text("2 are done.").wait_for()
    teacher.get_by_role("button", name="Close", exact=True).click()
    teacher.get_by_role("button", name="Show the model's marks").click()
    for page in (teacher, wrong, phone):
        page.get_by_text("Leaderboard").wait_for()
        page.locator(".board").get_by_text("LRCLR regions").wait_for()
        settled(page)
    _fits(phone)

    teacher.get_by_text("Questions, worst first").wait_for()
    teacher.get_by_text("Prompts, before: ").first.wait_for(state="attached")
    with teacher.expect_download() as download:
        teacher.get_by_role("button", name="Answers as CSV").click()
    download.value.save_as(tmp_path / "class.csv")
    rows = list(csv.DictReader((tmp_path / "class.csv").open(encoding="utf-8")))
    assert tuple(rows[0]) == COLUMNS
    right = {(row["nickname"], row["right"]) for row in rows if row["question"] == "expect"}
    assert right == {("blue heron", "0"), ("red kite", "0"), ("red kite", "1")}, right
    assert room.outside == [], "asked for from outside"
    assert room.broken == []
