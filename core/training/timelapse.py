"""Region maps of a few pinned studies at every check: how regions move as a model learns.

Kept in `samples/` of the run: `pins.npz` with the pictures and their truth, `pins.json` with what
they show, and one `step-*.npz` of maps for each check. Nothing else is needed to show them.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.lrclr.model import LRCLR
from core.training.check import CheckLook, QuickCheck

PINS = 4
_FOLDER = "samples"


@dataclass(frozen=True)
class TimeLapse:
    """P pinned studies, each with one finding, over S checks."""

    names: list[str]  # P, finding and id
    pictures: NDArray[np.uint8]  # (P, S, S), what the model saw
    truth: NDArray[np.bool_]  # (P, S, S)
    steps: list[int]  # S
    maps: NDArray[np.float32]  # (S, P, h, w), cosine of each patch with the finding's prompts


class Pins:
    """The studies of a check that are pinned: the first of each finding that has a mask."""

    def __init__(self, check: QuickCheck, run: Path) -> None:
        self.check, self.folder = check, run / _FOLDER
        self.pins: list[tuple[int, str]] = []  # row, finding
        for name in check.findings:
            rows = [row for row, masks in enumerate(check.masks) if name in masks]
            taken = {row for row, _ in self.pins}
            free = [row for row in rows if check.masks[row][name].any() and row not in taken]
            if free and len(self.pins) < PINS:
                self.pins.append((free[0], name))

    def write_pictures(self) -> None:
        """Write what does not change, and forget the maps of an earlier run."""
        if not self.pins:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.glob("step-*.npz"):
            old.unlink()
        preprocess, studies = self.check.preprocess, self.check.studies
        seen = [preprocess.resize(studies.image(row))[0].numpy() for row, _ in self.pins]
        truth = [
            preprocess.resize(self.check.masks[row][name].astype(np.float32) * 255)[0].numpy()
            for row, name in self.pins
        ]
        ids = studies.table["id"]
        names = [f"{name} ({ids.iloc[row]})" for row, name in self.pins]
        np.savez_compressed(
            self.folder / "pins.npz",
            pictures=np.rint(np.stack(seen)).astype(np.uint8),
            truth=np.stack(truth) > 127,
        )
        (self.folder / "pins.json").write_text(json.dumps(names), encoding="utf-8")

    @torch.no_grad()
    def write_maps(self, model: LRCLR, look: CheckLook, step: int) -> None:
        """Write the maps of a model in eval mode, from its look at the check's set."""
        if not self.pins:
            return
        rows = [row for row, _ in self.pins]
        images = look.images.rows(torch.tensor(rows))
        maps = []
        for place, (_, name) in enumerate(self.pins):
            texts = model.encode_text(list(self.check.prompts[name].positive))
            cosine = model.similarity(images.rows(slice(place, place + 1)), texts)[0]
            maps.append(cosine.mean(dim=0).view(images.grid).cpu().numpy())
        found = np.stack(maps).astype(np.float16)
        np.savez_compressed(self.folder / f"step-{step:08d}.npz", maps=found)


def read_timelapse(run: Path) -> TimeLapse | None:
    """What a run has kept so far; None where it has nothing whole."""
    folder = run / _FOLDER
    try:
        names = [str(name) for name in json.loads((folder / "pins.json").read_text("utf-8"))]
        with np.load(folder / "pins.npz") as pins:
            pictures, truth = pins["pictures"], pins["truth"]
        paths = sorted(folder.glob("step-*.npz"))
        maps = [np.load(path)["maps"].astype(np.float32) for path in paths]
    except (OSError, ValueError, KeyError):
        return None
    if not maps:
        return None
    steps = [int(path.stem.removeprefix("step-")) for path in paths]
    return TimeLapse(names, pictures, truth, steps, np.stack(maps))
