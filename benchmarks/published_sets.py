"""How long a published set of 200,000 images takes to open, in the layouts of NIH and CheXpert.

    python benchmarks/published_sets.py --rows 200000 --layouts nih chexpert

Tables and folders are made up, every image a link to one of a few files. CPU seconds are those of
the one process that opens; wall seconds depend on what else the machine does.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.labels import PATHOLOGIES
from core.specs import open_studies


def main() -> None:
    """Make both folders and print a line a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--layouts", nargs="+", choices=["nih", "chexpert"], default=["nih"])
    chosen = parser.parse_args()
    rows = chosen.rows
    for name in chosen.layouts:
        make = {"nih": _nih, "chexpert": _chexpert}[name]
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder), rows)
            studies = _timed(f"{name}: open {rows}", lambda: open_studies(f"{name}:{folder}"))  # noqa: B023
            _timed(f"{name}: fingerprint", lambda: studies.fingerprint)  # noqa: B023
            _timed(f"{name}: one study", lambda: studies.study(rows // 2))  # noqa: B023
            assert len(studies) == rows and not studies.problems


def _timed(what: str, work: Callable[[], Any]) -> Any:
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    spent, passed = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{what}: {spent:.2f} s of CPU, {passed:.2f} s by the clock", flush=True)
    return result


def _nih(root: Path, rows: int) -> None:
    names = [f"{row // 4:08d}_{row % 4:03d}.png" for row in range(rows)]
    findings = ["No Finding", "Effusion|Mass", "Infiltration", "Atelectasis|Edema|Nodule"]
    lines = [f"{name},{findings[row % 4]},0,{row // 4},50,M,PA" for row, name in enumerate(names)]
    head = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Sex,View Position"
    (root / "Data_Entry_2017_v2020.csv").write_text("\n".join([head, *lines]))
    for part in range(12):
        folder = root / f"images_{part + 1:03d}" / "images"
        folder.mkdir(parents=True)
        film = _film(folder.parent / "film")
        for name in names[part::12]:
            os.link(film, folder / name)


def _chexpert(root: Path, rows: int) -> None:
    (root / "train").mkdir()
    lines = [f"Path,Sex,Age,Frontal/Lateral,AP/PA,{','.join(PATHOLOGIES)}"]
    for row in range(rows):
        if row % 20_000 == 0:
            film = _film(root / f"film{row}")
        study = f"train/patient{row // 3:05d}/study{row % 3 + 1}"
        os.makedirs(root / study)
        os.link(film, root / study / "view1_frontal.jpg")
        lines.append(f"CheXpert-v1.0/{study}/view1_frontal.jpg,Male,50,Frontal,AP,{_LABELS}")
    (root / "train.csv").write_text("\n".join(lines))


_LABELS = ",,1.0,0.0,,-1.0,,,,0.0,1.0,,,1.0"


def _film(path: Path) -> Path:
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(path, "PNG")
    return path


if __name__ == "__main__":
    main()
