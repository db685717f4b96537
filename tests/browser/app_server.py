"""The app as a user starts it, and a browser to drive it with; for tests and screenshots."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for what runs outside of pytest

from served import free_port, served

from core.paths import ROOT

# Without a display, and without the calls home that a closed network would only refuse.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def browser_path() -> str | None:
    """A Chromium of this machine."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


@contextmanager
def launched() -> Iterator[Any]:
    """A browser of its own; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = browser_path()
    if path is None:
        pytest.skip("no Chromium on this machine: install chromium to run the browser tests")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def running_app(folder: Path) -> Iterator[str]:
    """Start the app on a free port with its caches in `folder`; yields its address."""
    port = free_port()
    address = f"http://localhost:{port}"
    environment = {"LRCLR_RECORDS": f"sqlite:///{folder}/notes.sqlite",  # but where a test says
                   **os.environ, "LRCLR_CACHE": str(folder / "cache"),
                   "LRCLR_RUNS": str(folder / "runs"),
                   "LRCLR_PRESETS": str(folder / "presets")}  # fmt: skip
    command = [
        sys.executable, "-m", "streamlit", "run", str(ROOT / "explorer" / "Home.py"),
        "--server.port", str(port), "--server.headless", "true",
    ]  # fmt: skip
    with served(command, environment, ROOT, f"{address}/_stcore/health"):
        yield address


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    """A browser's context and the address of an app of its own; a test file names it.

    Pages of one context read the app's scripts once; each is a session of its own all the same.
    It stands here, for a second conftest.py would be taken for the first.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = browser_path()
    if path is None:
        pytest.skip("no Chromium on this machine: install chromium to run the browser tests")
    with running_app(tmp_path_factory.mktemp("app")) as address, playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=FLAGS)
        context = browser.new_context(
            viewport={"width": 1440, "height": 1000}, color_scheme="dark"
        )
        context.set_default_timeout(600_000)  # a busy machine takes its time
        yield context, address
        browser.close()


_AT_REST = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  const busy = '[data-testid="stStatusWidget"], [data-testid="stProgress"], [data-stale="true"]';
  const charts = [...document.querySelectorAll('[data-testid="stPlotlyChart"]')];
  const moving = document.getAnimations().filter(one => one.playState === "running"
    && one.effect.getComputedTiming().endTime < Infinity);
  return app && app.dataset.testScriptState === "notRunning" && !document.querySelector(busy)
    && !moving.length && charts.every(chart => chart.querySelector(".main-svg"));
}"""


def settled(page: Any, patience: float = 600) -> None:
    """Wait until the page has run to its end, its charts are drawn and nothing on it moves."""
    page.wait_for_selector("h1", timeout=1000 * patience)
    # The page's own last line; the sidebar has one like it.
    last = '[data-testid="stMain"] >> text=Research and teaching only, not for clinical use.'
    page.wait_for_selector(last, timeout=1000 * patience)
    rested = 0
    deadline = time.monotonic() + patience
    while rested < 3:  # what was just asked for may not have begun yet
        assert time.monotonic() < deadline, "the page did not come to rest"
        page.wait_for_timeout(120)
        rested = rested + 1 if page.evaluate(_AT_REST) else 0


def box_of(locator: Any, patience: float = 60) -> dict[str, float]:
    """Where an element is on the screen, once it stands still: x, y, width and height in pixels.

    A drawing's marks are made anew with every frame: one may be gone between finding it and
    measuring it. What is above an element may still move it.
    """
    deadline, before = time.monotonic() + patience, None
    while True:
        box: dict[str, float] | None = locator.bounding_box()
        if box is not None and box == before:
            return box
        assert time.monotonic() < deadline, f"{locator} is not seen, or moves on and on"
        before = box
        locator.page.wait_for_timeout(30)


def middle_of(locator: Any) -> tuple[float, float]:
    """Where the pointer hits an element's middle, once it stands still."""
    box = box_of(locator)
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def join_class(page: Any, name: str) -> None:
    """Join from the page of lessons.

    Its box slides open for half a second, and while it does so the button moves: a press that
    begins on it may end beside it, and is no press then.
    """
    page.get_by_text("Join the class").click()
    settled(page)
    page.get_by_label("Nickname").fill(name)
    page.get_by_role("button", name="Join", exact=True).click()
    page.get_by_role("button", name=name).wait_for()
    settled(page)
