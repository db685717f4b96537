"""Phantoms as files: images, masks and a manifest that opens as a study set like any other."""

import csv
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from core.files import write_whole
from core.labels import PATHOLOGIES
from core.phantom.case import sample_case
from core.phantom.render import render
from core.phantom.reports import write_report
from core.processes import map_in_processes

COLUMNS = (
    "id", "dataset", "image", "width", "height", "patient_id", "view", "frontal", "age", "sex",
    "text", *PATHOLOGIES, "boxes", "masks", "licence", "split",
)  # fmt: skip
_FEW = 48  # below this the workers' start costs more than it saves

Job = tuple[Path, int, int, int, str]  # folder, index, seed, size, split


def write_phantoms(
    out: Path,
    n: int,
    seed: int,
    size: int,
    split: str = "test",
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write `n` phantoms; the same arguments write the same files everywhere.

    Args:
        out: folder, made if it is not there; files of the same names are replaced.
        size: pixels a side.
        progress: called with (done, total).

    Returns:
        The path of manifest.csv, written last, so that it never names a file that is not there.

    Raises:
        OSError: the folder cannot be written.
    """
    for folder in (out / "images", out / "masks"):
        folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for row in _rows([(out, index, seed, size, split) for index in range(n)]):
        rows.append(row)
        if progress:
            progress(len(rows), n)

    def write(partial: Path) -> None:
        with partial.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
            table.writeheader()
            table.writerows(rows)

    write_whole(out / "manifest.csv", write)
    return out / "manifest.csv"


def _rows(jobs: list[Job]) -> Iterator[dict[str, object]]:
    workers = os.cpu_count() or 1
    if workers < 2 or len(jobs) < _FEW:
        yield from map(_write_one, jobs)
        return
    yield from map_in_processes(_write_one, jobs, workers, chunksize=8)


def _write_one(job: Job) -> dict[str, object]:
    """Write image and masks of one phantom; its row of the manifest."""
    out, index, seed, size, split = job
    case = sample_case(index, seed, split)
    drawn = render(case, size)
    name = f"{split}-{seed}-{index:05d}"
    Image.fromarray(drawn.image).save(out / "images" / f"{name}.png")
    masks = {}
    for finding, mask in drawn.masks.items():
        masks[finding] = f"masks/{name}_{finding.lower().replace(' ', '-')}.png"
        Image.fromarray(mask.astype(np.uint8) * 255).save(out / masks[finding])
    return {
        "id": name, "dataset": "phantom", "image": f"images/{name}.png",
        "width": size, "height": size, "patient_id": name,
        "view": case.view, "frontal": 1, "age": case.age, "sex": case.sex,
        "text": " ".join(write_report(case)), **case.labels,
        "boxes": json.dumps(drawn.boxes), "masks": json.dumps(masks),
        "licence": "MIT", "split": split,
    }  # fmt: skip
