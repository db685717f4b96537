"""The app as a user starts it, and a browser to drive it with; for tests and screenshots."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

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
def running_app(folder: Path) -> Iterator[str]:
    """Start the app on a free port with its caches in `folder`; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://localhost:{port}"
    environment = {**os.environ, "LRCLR_CACHE": str(folder / "cache"),
                   "LRCLR_RUNS": str(folder / "runs"),
                   "LRCLR_PRESETS": str(folder / "presets")}  # fmt: skip
    command = [
        sys.executable, "-m", "streamlit", "run", str(ROOT / "explorer" / "Home.py"),
        "--server.port", str(port), "--server.headless", "true",
    ]  # fmt: skip
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            _wait(address, process)
            yield address
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    """A browser and the address of an app of its own; a test file names it: `app_server.browser`.

    It stands here, for a second conftest.py would be taken for the first.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = browser_path()
    if path is None:
        pytest.skip("no Chromium on this machine: install chromium to run the browser tests")
    with running_app(tmp_path_factory.mktemp("app")) as address, playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=FLAGS)
        yield browser, address
        browser.close()


def settled(page: Any, patience: float = 180) -> None:
    """Wait until the page has run to its end."""
    page.wait_for_selector("h1", timeout=1000 * patience)
    # The page's own last line; the sidebar has one like it.
    last = '[data-testid="stMain"] >> text=Research and teaching only, not for clinical use.'
    page.wait_for_selector(last, timeout=1000 * patience)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        busy = page.locator('[data-testid="stStatusWidget"], [data-testid="stProgress"]').count()
        stale = page.locator('[data-stale="true"]').count()
        if not busy and not stale:
            page.wait_for_timeout(700)  # plotly draws after the data came
            return
        page.wait_for_timeout(250)
    raise AssertionError("the page did not come to rest")


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        if process.poll() is not None:
            raise AssertionError("the app ended as soon as it was started")
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.5)
    raise AssertionError("the app did not answer")
