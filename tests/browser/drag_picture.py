"""Take the moving picture of README: a nodule is dragged in the lab, and regions follow.

    python tests/browser/drag_picture.py [--frames DIR]

A drawn patient, the page's own component, the browser's own mouse; `--frames DIR` keeps each frame
as a PNG, to look at. The arrow is drawn in, for a screenshot has none.
"""

import argparse
import io
import tempfile
from pathlib import Path
from typing import Any

from app_server import FLAGS, box_of, browser_path, middle_of, running_app, settled
from PIL import Image, ImageDraw
from playwright.sync_api import sync_playwright

from core.paths import ROOT

PICTURE = ROOT / "docs" / "images" / "lab_drag.webp"
PATIENT = "patient=seed=7%3Bnodule%2Cx%3D-6.5%2Cy%3D10%2Cradius%3D1.2&text=right%20lung%20nodule"
# Down the right lung, behind the heart and up the left lung, then back; shares of the film's side.
PATH = [(0, 0), (0.02, 0.06), (0.03, 0.12), (0.05, 0.18), (0.11, 0.21), (0.18, 0.2), (0.25, 0.18),
        (0.32, 0.14), (0.38, 0.08), (0.4, 0.0), (0.38, -0.07), (0.3, -0.1), (0.2, -0.07),
        (0.1, -0.03)]  # fmt: skip
_SECONDS, _LAST = 0.45, 1.2
_ARROW = [(0, 0), (0, 17), (4, 13.5), (7, 20), (9.7, 18.8), (6.8, 12.6), (12, 12.3)]
_WIDTH = 900


def main() -> None:
    """Start the app, drag, write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=Path)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as scratch,
        running_app(Path(scratch)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        page = browser.new_context(
            viewport={"width": 1240, "height": 1000}, color_scheme="light"
        ).new_page()
        page.set_default_timeout(600_000)
        page.goto(f"{address}/lab?{PATIENT}")
        settled(page)
        frames = _dragged(page)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    times = [int(1000 * _SECONDS)] * (len(frames) - 1) + [int(1000 * _LAST)]
    frames[0].save(PICTURE, save_all=True, append_images=frames[1:], duration=times, loop=0,
                   quality=80, method=6)  # fmt: skip
    for number, frame in enumerate(frames if options.frames else []):
        options.frames.mkdir(parents=True, exist_ok=True)
        frame.save(options.frames / f"{number:02d}.png")
    size = PICTURE.stat().st_size / 1e6
    print(f"{PICTURE.relative_to(ROOT)}: {len(frames)} frames, {size:.2f} MB")


def _dragged(page: Any) -> list[Image.Image]:
    """A picture of film and answer at each place of the path."""
    circle = page.locator(".stage circle").first
    circle.wait_for(state="attached")
    _answered(page)
    (x, y), film = middle_of(circle), box_of(page.locator(".stage"))
    page.mouse.move(x, y)
    page.mouse.down()
    frames = []
    for right, down in PATH:
        place = x + right * film["width"], y + down * film["width"]
        page.mouse.move(*place)
        _answered(page)
        frames.append(_frame(page, place))
    page.mouse.up()
    return frames


def _answered(page: Any) -> None:
    """Wait until what is shown belongs to where the nodule is: nothing asked for a while."""
    before, calm = "", 0
    while calm < 4:
        page.wait_for_timeout(250)
        told = page.locator(".said").inner_text() + page.locator(".stage svg").inner_html()
        calm = calm + 1 if told == before and "…" not in told else 0
        before = told


def _frame(page: Any, arrow: tuple[float, float]) -> Image.Image:
    lab, left = box_of(page.locator(".lab")), box_of(page.locator(".lab .left"))
    clip = {"x": lab["x"] - 8, "y": lab["y"] - 8, "width": lab["width"] + 16,
            "height": left["height"] + 16}  # fmt: skip
    picture = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")
    tip = arrow[0] - clip["x"], arrow[1] - clip["y"]
    shape = [(tip[0] + 1.3 * dx, tip[1] + 1.3 * dy) for dx, dy in _ARROW]
    ImageDraw.Draw(picture).polygon(shape, fill="white", outline="black", width=2)
    height = round(picture.height * _WIDTH / picture.width)
    return picture.resize((_WIDTH, height), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
