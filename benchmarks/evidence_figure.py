"""The first figure of docs/evidence.md: where the maps point, beside their controls, on two sets.

    python -m core localize --data phantom:test,n=200 ... --json phantoms.json
    python -m core localize --data nih-test.csv ... --json films.json
    python benchmarks/evidence_figure.py phantoms.json films.json --out docs/images/evidence.png

Each point is the pointing game of one map with its 95 % interval over patients; the line is the
region weights'. On the right the region weights less the same map: clear of zero or not.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.axes import Axes

TITLES = {
    "lrclr": "region weights (what is shown)",
    "cosine-topk": "12 best cosines, no reader",
    "similarity": "patch similarity",
    "fusion-untrained": "reader at random weights",
    "gradcam": "best Grad-CAM of 128",
    "random": "random",
    "centre": "centre",
}
MEASURE = "pointing_game"
COLOURS = "#b5651d", "#2f6690"


def main() -> None:
    """Draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("phantoms", type=Path)
    parser.add_argument("films", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    sets = {"phantoms": chosen.phantoms, "films of NIH patients held out": chosen.films}
    figure, (left, right) = pyplot.subplots(
        1, 2, figsize=(9, 3.6), sharey=True, width_ratios=(3, 2)
    )
    for number, ((name, path), colour) in enumerate(zip(sets.items(), COLOURS, strict=True)):
        table = json.loads(path.read_text(encoding="utf-8"))
        maps = {name: name for name in TITLES} | {"gradcam": table["rivals"]["gradcam"]}
        places = [row + 0.18 * (2 * number - 1) for row in range(len(TITLES))]
        cases = sum(table["cases"][finding] for finding in table["mean_over"])
        _points(left, table["methods"], maps, places, colour, f"{name}, {cases} findings")
        _points(right, table["lrclr_less"], maps, places, colour, "")
        left.axvline(table["methods"]["lrclr"][MEASURE]["value"], color=colour, lw=0.8, ls=":")
    left.set_title("pointing game", fontsize=10)
    right.set_title("region weights less this map", fontsize=10)
    right.axvline(0, color="#8a94a3", lw=1)
    left.set_yticks(range(len(TITLES)), list(TITLES.values()))
    left.invert_yaxis()
    for axis in (left, right):
        axis.grid(axis="x", alpha=0.3)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figure.legend(loc="lower center", ncols=2, fontsize=9, frameon=False)
    figure.savefig(chosen.out, dpi=110)


def _points(
    axis: Axes, table: dict[str, Any], maps: dict[str, str], places: list[float], colour: str,
    label: str,
) -> None:
    """Value and interval of each map that the table has, but for a difference from itself."""
    found = [
        (table[name][MEASURE], place)
        for name, place in zip(maps.values(), places, strict=True)
        if name in table and table[name][MEASURE]["low"] < table[name][MEASURE]["high"]
    ]
    values = [figure["value"] for figure, _ in found]
    spread = [[figure["value"] - figure["low"] for figure, _ in found],
              [figure["high"] - figure["value"] for figure, _ in found]]  # fmt: skip
    axis.errorbar(values, [place for _, place in found], xerr=spread, fmt="o", ms=4, capsize=2,
                  color=colour, label=label or None)  # fmt: skip


if __name__ == "__main__":
    main()
