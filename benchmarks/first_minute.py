"""The newcomer's first minute in seconds: start, a new prompt, Compare, and what a start imports.

    python benchmarks/first_minute.py [--rounds 2]

Starts the app as `make run` does and drives it in Chromium, with an empty cache and with a kept
one. Beside each figure stands its ratio to a minimal Streamlit page, started and drawn in the same
run, or to a new text on that page, which has a live text box and says what was typed: that ratio
says more than seconds where other work runs on the computer. Without the Enter key a text counts
after the quarter of a second in which nothing more is typed.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from machine import machine
from playwright.sync_api import sync_playwright

from core.paths import ROOT

FLAGS = ["--no-sandbox", "--disable-gpu"]
MINIMAL = """import streamlit as st
st.title("Minimal")
st.write("You typed", st.text_input("Text", live=True))
"""
START, ECHO = "minimal page", "a new text on the minimal page"
ENTER = ", Enter"
AT_REST = '[data-testid="stApp"][data-test-script-state="notRunning"]'
LAST = '[data-testid="stMain"] >> text=Research and teaching only, not for clinical use.'
FILM = "[data-testid='stMain'] [data-testid='stImage'] img"
PATIENCE = 600_000  # ms
AHEAD = 8_000  # ms after which the server has read what it reads ahead


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="of which the quickest counts")
    rounds = parser.parse_args().rounds
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    print(f"{machine()}; the quickest of {rounds}")
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        app = ROOT / "explorer" / "Home.py"
        page = Path(scratch) / "minimal.py"
        page.write_text(MINIMAL)
        seconds: dict[str, list[float]] = {}
        for number in range(rounds):
            cache = Path(scratch) / f"cache{number}"
            for what, took in _minimal(browser, page, cache).items():
                seconds.setdefault(what, []).append(took)
            for kept in ("empty", "kept"):
                figures = _look(browser, app, cache)
                for what, took in figures.items():
                    seconds.setdefault(f"{what}, {kept} cache", []).append(took)
        browser.close()
    for what, took in seconds.items():
        beside = START if " prompt" not in what else ECHO + ENTER * (ENTER in what)
        ratio = min(took) / min(seconds[beside])
        print(f"{what:42} {min(took):6.2f} s {ratio:6.1f} x {beside}")


def _minimal(browser: Any, script: Path, cache: Path) -> dict[str, float]:
    began = time.perf_counter()
    with _server(script, cache) as address:
        page = browser.new_page()
        page.goto(address)
        page.wait_for_selector("h1", timeout=PATIENCE)
        seconds = {START: time.perf_counter() - began}
        page.wait_for_selector(AT_REST, timeout=PATIENCE)
        box = page.get_by_label("Text")
        _typed(page, box, "left rib fracture")  # warms up
        seconds[ECHO] = _typed(page, box, "endotracheal tube")
        seconds[ECHO + ENTER] = _typed(page, box, "air under the diaphragm", "Enter")
        page.close()
    return seconds


def _look(browser: Any, script: Path, cache: Path) -> dict[str, float]:
    began = time.perf_counter()
    seconds = {}
    with _server(script, cache) as address:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(address)
        page.wait_for_selector(FILM, timeout=PATIENCE)
        seconds["start to the first picture"] = time.perf_counter() - began
        page.wait_for_selector(LAST, timeout=PATIENCE)
        page.wait_for_selector(AT_REST, timeout=PATIENCE)
        seconds["start to the whole Home page"] = time.perf_counter() - began
        box = page.get_by_label("What might the report say?")
        _typed(page, box, "left rib fracture")  # warms up
        seconds["a second prompt at once"] = _typed(page, box, "endotracheal tube")
        page.wait_for_timeout(AHEAD)
        seconds["a new prompt"] = _typed(page, box, "air under the diaphragm")
        seconds["a new prompt" + ENTER] = _typed(page, box, "tip of a feeding tube", "Enter")
        link = page.locator('[data-testid="stSidebarNav"]').get_by_text("Compare with Grad-CAM")
        seconds["Compare"] = _until(page, "Patch similarity", link.click)
        page.close()
    return seconds


def _typed(page: Any, box: Any, text: str, *keys: str) -> float:
    """Seconds that a text takes which is put into a box, and keys pressed after it."""

    def act() -> None:
        box.fill(text)
        for key in keys:
            box.press(key)

    return _until(page, text, act)


def _until(page: Any, said: str, act: Callable[[], None]) -> float:
    """Seconds from an act to the end of the run that shows what is said, typing pause included."""
    began = time.perf_counter()
    act()
    page.wait_for_function(
        "said => [...document.querySelectorAll('[data-testid=\"stMain\"] [aria-label], "
        "[data-testid=\"stMain\"] img, [data-testid=\"stMain\"] p')].some(one => "
        "[one.getAttribute('aria-label'), one.alt, one.textContent].some(t => t?.includes(said)))",
        arg=said, timeout=PATIENCE,
    )  # fmt: skip
    page.wait_for_selector(AT_REST, timeout=PATIENCE)
    return time.perf_counter() - began


@contextmanager
def _server(script: Path, cache: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port),
               "--server.headless", "true"]  # fmt: skip
    environment = {**os.environ, "LRCLR_CACHE": str(cache)}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=quiet, stderr=quiet)
    try:
        _wait(port)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int) -> None:
    for _ in range(3000):
        try:
            socket.create_connection(("localhost", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("The app did not start.")


if __name__ == "__main__":
    main()
