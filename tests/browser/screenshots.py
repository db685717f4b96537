"""Take the pictures of docs/images from the running app, on phantoms only.

    python tests/browser/screenshots.py [--all DIR]

`--all DIR` takes every page at 1440 and 900 pixels, dark and light, into DIR, to look at.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from app_server import FLAGS, browser_path, running_app, settled
from playwright.sync_api import sync_playwright

from core.paths import ROOT

PAGES = {"": "home", "regions": "regions"}  # of README
MORE = {name: name for name in (
    "zero_shot", "compare", "finetune", "errors", "arena", "case", "search", "import_data", "model",
    "lab", "lessons", "classroom",
)}  # with --all alone  # fmt: skip
STUDY = "set=phantom:demo&study=32&prompt=right%20pneumothorax"


def main() -> None:
    """Start the app, visit the pages, write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path)
    parser.add_argument("--query", default=STUDY, help="what the pages show, as in their links")
    options = parser.parse_args()
    folder = options.all or ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    looks = [(w, s) for w in (1440, 900) for s in ("dark", "light")]
    with (
        tempfile.TemporaryDirectory() as scratch,
        (_with_a_run if options.all else running_app)(Path(scratch)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        for width, scheme in looks if options.all else [(1440, "dark")]:
            context = browser.new_context(
                viewport={"width": width, "height": 1000}, color_scheme=scheme
            )
            page = context.new_page()
            for path, name in (PAGES | MORE if options.all else PAGES).items():
                page.goto(f"{address}/{path}?{options.query}")
                settled(page)
                mark = f"_{width}_{scheme}" if options.all else ""
                _take(page, width, folder / f"{name}{mark}.png", whole=bool(options.all))
            context.close()


def _with_a_run(folder: Path) -> AbstractContextManager[str]:
    """The app with a small run behind it, so that the Fine-tune page has something to show."""
    environment = {**os.environ, "LRCLR_CACHE": str(folder / "cache"),
                   "LRCLR_RUNS": str(folder / "runs")}  # fmt: skip
    command = [
        sys.executable, "-m", "core", "finetune", "--config", "lrclr", "--model", "demo-base",
        "--data", "phantom:train,n=600", "--steps", "60", "--batch-size", "32",
        "--region-features", "conv", "--check-every", "10", "--out",
        str(folder / "runs" / "first-try"),
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return running_app(folder)


def _take(page: Any, width: int, path: Path, whole: bool) -> None:
    if whole:
        block = page.locator('[data-testid="stMainBlockContainer"]')
        height = block.evaluate("element => element.scrollHeight")
        page.set_viewport_size({"width": width, "height": min(height + 40, 4000)})
        page.wait_for_timeout(1000)
    page.screenshot(path=path)
    page.set_viewport_size({"width": width, "height": 1000})


if __name__ == "__main__":
    main()
