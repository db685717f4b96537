"""How often text in a picture is found: on real films as they are, and with drawn lines of text.

    python benchmarks/burned_in.py --films 60

Prints, for each source of the shared radiographs, how many films are flagged as they are (look at
them: most hold text, such as PORTABLE), and the share of the others in which a drawn name, number
or date is found, by letter height (on a long side of 1024) and grey.
"""

import argparse
import time
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.films.read import read_image
from core.intake.burned_in import text_boxes
from core.paths import cxr_data

KINDS = ((14, 255), (20, 255), (28, 255), (20, 200), (20, 0), (20, 128))
WORDS = ("DOE^JANE", "Smith, John", "MRN 4711-22", "12/03/2019", "City Hospital", "ACC 20190312")
FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf", "DejaVuSerif.ttf")


def drawn(
    pixels: NDArray[np.float32], size: int, grey: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """The film with two words in a corner."""
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    high = max(8, round(size * max(picture.size) / 1024))
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    font = ImageFont.truetype(str(folder / rng.choice(FONTS)), high)
    text = "  ".join(rng.choice(WORDS, 2))
    left, top = rng.integers(2, size=2)
    x = 5 if left else max(picture.width - draw.textlength(text, font=font) - 5, 0)
    draw.text((x, 5 if top else picture.height - 1.4 * high - 5), text, grey, font)
    return np.asarray(picture).astype(np.float32)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--films", type=int, default=60, help="of each source, with words a third")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = cxr_data()
    if folder is None:
        raise SystemExit("No real radiographs: set CXR_DATA.")
    table, rng = pd.read_csv(folder / "manifest.csv"), np.random.default_rng(options.seed)
    print("source, films, flagged as they are, ms of CPU each, found by (height, grey)")
    for source, films in table.groupby("dataset"):
        chosen = films["image"].sample(min(options.films, len(films)), random_state=options.seed)
        pictures = [read_image(folder / name).pixels for name in chosen]
        started = time.process_time()
        flagged = [bool(text_boxes(pixels)) for pixels in pictures]
        spent = 1000 * (time.process_time() - started) / len(pictures)
        clean = [p for p, text in zip(pictures, flagged, strict=True) if not text]
        part = clean[: max(len(pictures) // 3, 1)]
        hits = {kind: np.mean([bool(text_boxes(drawn(p, *kind, rng))) for p in part])
                for kind in KINDS}  # fmt: skip
        found = ", ".join(f"{kind}: {share:.2f}" for kind, share in hits.items())
        print(f"{source}, {len(pictures)}, {sum(flagged)}, {spent:.0f}, {found}")
        print("  flagged:", ", ".join(n for n, text in zip(chosen, flagged, strict=True) if text))


if __name__ == "__main__":
    main()
