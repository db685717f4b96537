"""How often the picture check flags laterals and turned films, and how often it cries wolf.

    python benchmarks/picture_check.py [--data ../shared/cxr] [--write]

The template comes from phantoms alone (`--write` draws it again), but the two thresholds were
chosen with these films in view: expect a little less on others. Intervals: Wilson, 95 %.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from core.films.read import read_image
from core.films.view import SIDE, TEMPLATE, look_at, ranks, thumbnail
from core.paths import cxr_data
from core.specs import open_studies

_PHANTOMS = "phantom:test,n=60,seed=3"


def main() -> None:
    """Read the options, and measure or write."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--data", type=Path, default=cxr_data())
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    if chosen.write:
        write_template()
    table = pd.read_csv(chosen.data / "manifest.csv", dtype={"frontal": str})
    films = [thumbnail(read_image(chosen.data / image).pixels) for image in table["image"]]
    measure(films, (table["frontal"] == "0").to_numpy(), table["dataset"].to_numpy())


def measure(films: list[np.ndarray], lateral: np.ndarray, dataset: np.ndarray) -> None:
    """Print shares of flagged thumbnails; films that are turned are every fourth frontal."""
    looks = [look_at(film) for film in films]
    flagged = np.array([not look.frontal for look in looks])
    said("laterals flagged", "all", flagged[lateral])
    said("frontals flagged", "all", flagged[~lateral])
    for name in np.unique(dataset):
        said("frontals flagged", name, flagged[(dataset == name) & ~lateral])
    turns = {
        "upside down": lambda film: film[::-1], "turned to the left": np.rot90,
        "turned to the right": lambda film: np.rot90(film, -1), "a negative": np.negative,
    }  # fmt: skip
    upright = np.array([look.turned != "" for look in looks])[~lateral]
    said("upright called turned", "all", upright)
    frontals = [film for film, side in zip(films, lateral, strict=True) if not side][::4]
    for name, turn in turns.items():
        found = [look_at(np.ascontiguousarray(turn(film))) for film in frontals]
        said(f"{name}, named so", "every fourth", np.array([look.turned == name for look in found]))
    mirrored = [not look_at(np.ascontiguousarray(film[:, ::-1])).frontal for film in frontals]
    said("mirrored flagged (cannot)", "every fourth", np.array(mirrored))


def said(what: str, where: str, hits: np.ndarray) -> None:
    """Print a share with its 95 % interval."""
    n, p, z = len(hits), float(np.mean(hits)), 1.96
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    spread = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    print(f"{what:28}{where:14}{int(np.sum(hits)):5} of {n:5}  {100 * p:5.1f} %  "
          f"({100 * (middle - spread):.1f} to {100 * (middle + spread):.1f})")  # fmt: skip


def write_template() -> None:
    """The mean of phantoms' ranks as a picture."""
    studies = open_studies(_PHANTOMS)
    thumbs = [Image.fromarray(thumbnail(studies.image(row))) for row in range(len(studies))]
    small = [np.asarray(thumb.resize((SIDE, SIDE), Image.Resampling.BOX)) for thumb in thumbs]
    mean = np.mean([ranks(picture) for picture in small], axis=0).reshape(SIDE, SIDE)
    scaled = (mean - mean.min()) / np.ptp(mean)
    Image.fromarray(np.rint(255 * scaled).astype(np.uint8)).save(TEMPLATE)


if __name__ == "__main__":
    main()
