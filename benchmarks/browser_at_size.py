"""What a browser takes of pages of a large set: Errors as it is opened first, films, a lasso.

    python benchmarks/browser_at_size.py [--rows 20000] [--patches 16] [--folder F]

Writes the archive of `pages_at_size.py`, starts the app with an empty cache and drives it in
Chromium: the set is opened on Home, and Errors right after it, while the rank of Home's text is
still worked on; then other films, and lassos around more and more of the map. Printed:
seconds by the clock until it is seen; seconds of the CPU that the server took by then, all threads
of it; and seconds in which the page's own thread of the browser was busy. Where other work runs on
the computer, the last two say more. Films lie on the map by two of their features, as there.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pages_at_size
from first_minute import AT_REST, LAST
from machine import machine
from playwright.sync_api import sync_playwright

from core.analysis.film_map import MapSettings, map_key
from core.inference.kept_array import keep_arrays
from core.inference.predictor import load_predictor
from core.paths import ROOT
from core.specs import open_studies

MAIN = "[data-testid=stMain]"
CHART = f'{MAIN} canvas[aria-label^="Map of"]'
PATIENCE = 60  # seconds for one thing to be seen
LOOK = 20  # milliseconds between two looks; looking at each frame would cost the page a quarter
FILMS = f'{MAIN} img[alt$="under its region weights."]'
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--patches", type=int, default=16, help="kept of each film")
    parser.add_argument("--folder", type=Path, help="of the archive, which may stand there already")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.folder or Path(scratch)
        os.environ["LRCLR_CACHE"] = f"{scratch}/cache"
        os.environ["LRCLR_RECORDS"] = f"sqlite:///{scratch}/notes.sqlite"
        writing = get_context("spawn").Process(
            target=write, args=(str(folder), chosen.rows, chosen.patches)
        )  # its memory, and what it has cached, are not the server's
        writing.start()
        writing.join()
        if writing.exitcode:
            sys.exit(f"The archive could not be written to {folder}.")
        print(f"{machine()}; load {os.getloadavg()[0]:.1f} at the start; {chosen.rows} films")
        print(f"{'what':40} {'clock s':>8} {'server CPU s':>13} {'page busy s':>12}")
        with started() as (page, watch):
            walk(page, watch, f"shards:{folder}/archive", chosen.rows)


def write(folder: str, rows: int, patches: int) -> None:
    """The archive where there is none, and in the cache a map of its films."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    if not (Path(folder) / "archive" / "archive.json").exists():
        pages_at_size.write_set(folder, rows, patches)
    predictor, studies = load_predictor("demo"), open_studies(f"shards:{folder}/archive")
    points = predictor.image_features(studies)[:, :2]
    keep_arrays({map_key(predictor, studies, MapSettings()): points})


@dataclass
class Watch:
    """Clock, the server's CPU and the browser's thread, between two looks."""

    server: int  # process
    browser: Any  # a session of Chromium's own protocol

    def times(self) -> tuple[float, float, float]:
        """Seconds of each since some beginning."""
        spent = Path(f"/proc/{self.server}/stat").read_text().rsplit(")", 1)[1].split()
        told = self.browser.send("Performance.getMetrics")["metrics"]
        busy = next(one["value"] for one in told if one["name"] == "TaskDuration")
        return time.perf_counter(), (int(spent[11]) + int(spent[12])) / TICKS, busy

    def idle(self) -> None:
        """Wait until the server has nothing left to read or to work out ahead."""
        before, now = -1.0, self.times()[1]
        while now - before > 0.2:
            time.sleep(5)  # longer than it pauses before it begins
            before, now = now, self.times()[1]

    def line(self, what: str, action: Callable[[], None], seen: Callable[[], None]) -> None:
        """Print what it takes from an action until something is seen."""
        before = self.times()
        action()
        seen()
        clock, server, busy = (now - then for now, then in zip(self.times(), before, strict=True))
        print(f"{what:40} {clock:8.2f} {server:13.2f} {busy:12.2f}", flush=True)


@contextmanager
def started() -> Iterator[tuple[Any, Watch]]:
    """A page of the app in a browser, and who watches both."""
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "browser")]
    from app_server import FLAGS, browser_path
    from served import free_port, served

    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "explorer" / "Home.py"),
               "--server.port", str(port), "--server.headless", "true"]  # fmt: skip
    address = f"http://localhost:{port}"
    with (
        served(command, os.environ, ROOT, f"{address}/_stcore/health") as process,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(1000 * PATIENCE)
        told = page.context.new_cdp_session(page)
        told.send("Performance.enable")
        page.goto(address)
        page.wait_for_selector(LAST)
        page.wait_for_selector(AT_REST)
        yield page, Watch(process.pid, told)
        browser.close()


def walk(page: Any, watch: Watch, spec: str, rows: int) -> None:
    """What is done, in this order."""
    pick(page, "Study set", "another set")
    box = page.get_by_label("Set", exact=True)
    box.wait_for()
    watch.idle()
    watch.line("open the set, on Home", lambda: (box.fill(spec), box.press("Enter")),
               lambda: whole(page, f"Study, 1 to {rows}"))  # fmt: skip
    link = page.locator('[data-testid="stSidebarNav"]').get_by_text("Errors", exact=True)
    watch.line("Errors, first", link.click,
               lambda: whole(page, "Shortcuts: does it read what it should not?"))  # fmt: skip
    at_rest(page)
    films(page, watch)
    lasso(page, watch)


def films(page: Any, watch: Watch) -> None:
    """Ten other films, drawn for the first time, and once more."""
    page.wait_for_selector(FILMS)
    box = page.get_by_label("Page, 1 to")
    for number in (2, 3, 4, 2):
        before = page.locator(FILMS).evaluate_all("all => all.map(one => one.alt)")

        def others(before: list[str] = before) -> None:
            page.wait_for_function(
                "([said, before]) => { const all = [...document.querySelectorAll(said)]; return "
                "all.length == before.length && all.every((one, at) => one.complete && one.alt != "
                "before[at]) }", arg=[FILMS, before], polling=LOOK,
            )  # fmt: skip

        box.fill(str(number))
        watch.line(f"films, page {number}", lambda: box.press("Enter"), others)
        page.wait_for_timeout(1000)


def lasso(page: Any, watch: Watch) -> None:
    """Around a part of the points, and then around nearly all of them."""
    page.get_by_text("Draw the map", exact=True).click()
    page.locator(CHART).wait_for()
    at_rest(page)
    for inset in (0.47, 0.44, 0.3, 0.2, 0.09, 0.06, 0.03):
        place = page.locator(CHART)
        place.scroll_into_view_if_needed()
        at = square(place.bounding_box())
        left, top = at["x"] + inset * at["width"], at["y"] + inset * at["height"]
        right, low = at["x"] + (1 - inset) * at["width"], at["y"] + (1 - inset) * at["height"]
        page.mouse.move(left, top)
        page.mouse.down()
        for x, y in ((right, top), (right, low), (left, low), (left, top)):
            page.mouse.move(x, y, steps=6)
        said = page.locator(f"{MAIN} p:has-text('selected; ')")
        before = said.all_text_contents()

        def seen(before: list[str] = before) -> None:
            page.wait_for_function(
                "([said, before]) => [...document.querySelectorAll(said)].some(one => "
                "/ selected; /.test(one.textContent) && one.textContent != before)",
                arg=[f"{MAIN} p", *(before or [""])], polling=LOOK,
            )  # fmt: skip
            at_rest(page)

        watch.line(f"a lasso, {inset:.2f} inset", page.mouse.up, seen)
        print(f"    {said.all_text_contents()[0].split(';')[0]}")


def square(at: dict[str, float]) -> dict[str, float]:
    """Its middle, which the points lie in."""
    side = min(at["width"], at["height"])
    return {"x": at["x"] + (at["width"] - side) / 2, "y": at["y"] + (at["height"] - side) / 2,
            "width": side, "height": side}  # fmt: skip


def pick(page: Any, label: str, option: str) -> None:
    """An option of a box."""
    page.get_by_role("combobox", name=label).first.click()
    page.get_by_role("option", name=option, exact=True).click()


def whole(page: Any, said: str) -> None:
    """Wait until a page that says this stands to its last line."""
    page.get_by_text(said, exact=True).last.wait_for()
    page.wait_for_selector(LAST)
    page.wait_for_function(f"() => !document.querySelector('{MAIN} [data-stale=true]')",
                           polling=LOOK)


def at_rest(page: Any) -> None:
    """Wait until nothing follows any more."""
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState == "
        "'notRunning' && !document.querySelector('[data-stale=true], [data-testid=stProgress]')",
        polling=LOOK,
    )


if __name__ == "__main__":
    main()
