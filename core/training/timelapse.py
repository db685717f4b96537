"""Words, regions and maps of a few pinned studies at every check: how they move as a model learns.

Kept in `samples/` of the run: `pins.npz` with the pictures and their truth, `pins.json` with what
they show and the texts that somebody gave, and for each check one `step-*.npz` of maps and one
`words-*.json` of the regions that each text keeps. Nothing else is needed to show them.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.files import write_text_whole, write_whole
from core.inference.film_words import FilmWords, joined
from core.inference.prompts import check_prompt
from core.inference.regions import Regions, find_regions, patch_box
from core.lrclr.encodings import ImageEncoding
from core.lrclr.model import LRCLR
from core.training.check import CheckLook, QuickCheck

PINS = 4
SENTENCES = 8
"""Of a report that are followed, at most."""
_FOLDER = "samples"


@dataclass(frozen=True)
class TimeLapse:
    """P pinned studies, each with one finding, over S checks."""

    names: list[str]  # P, finding and id
    pictures: NDArray[np.uint8]  # (P, side, side), what the model saw
    truth: NDArray[np.bool_]  # (P, side, side)
    steps: list[int]  # S
    maps: NDArray[np.float32]  # (S, P, h, w), cosine of each patch with the finding's prompts
    # S lists of P: the finding's first prompt, the report's sentences and the texts that somebody
    # gave, with their regions in pixels of the picture; empty in a run of an older version, which
    # kept maps alone.
    words: list[list[FilmWords]]
    own: int = 0  # texts that somebody gave, the last ones of each film

    def to_json(self) -> list[dict[str, Any]]:
        """Of each film its texts, and of each text its regions step by step, heaviest first."""
        return [
            {
                "film": name, "side": len(picture),
                "texts": [
                    {"text": text.text, "given": number in self._given(film), "steps": [
                        {"step": step} | _regions_of(films[film], number)
                        for step, films in zip(self.steps, self.words, strict=True)
                    ]}
                    for number, text in enumerate(self.words[0][film].texts)
                ],
            }
            for film, (name, picture) in enumerate(zip(self.names, self.pictures, strict=True))
        ]  # fmt: skip


    def _given(self, film: int) -> range:
        """Numbers of the texts that somebody gave."""
        count = len(self.words[0][film].texts)
        return range(count - self.own, count)


def _regions_of(words: FilmWords, number: int) -> dict[str, Any]:
    text = words.texts[number]
    return {
        "nowhere": round(text.nowhere, 4),
        "regions": [{"weight": round(float(weight), 4), "box": list(words.boxes[region])}
                    for region, weight in zip(text.kept, text.weights, strict=True)],
    }  # fmt: skip


class Pins:
    """The studies of a check that are pinned: the first of each finding that has a mask."""

    def __init__(self, check: QuickCheck, run: Path, own: tuple[str, ...] = ()) -> None:
        """Choose them.

        Args:
            own: texts that are followed on each of them, beside those of its report.
        """
        self.check, self.folder, self.own = check, run / _FOLDER, own
        self.pins: list[tuple[int, str]] = []  # row, finding
        for name in check.findings:
            rows = [row for row, masks in enumerate(check.masks) if name in masks]
            taken = {row for row, _ in self.pins}
            free = [row for row in rows if check.masks[row][name].any() and row not in taken]
            if free and len(self.pins) < PINS:
                self.pins.append((free[0], name))

    def write_pictures(self) -> None:
        """Write what does not change, and forget the steps of an earlier run."""
        if not self.pins:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in [*self.folder.glob("step-*.npz"), *self.folder.glob("words-*.json")]:
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
        told = {"names": names, "own": self.own}
        (self.folder / "pins.json").write_text(json.dumps(told), encoding="utf-8")

    def go_on(self) -> None:
        """Follow what the run follows that is gone on with: each step has the same texts."""
        with suppress(OSError, ValueError, KeyError):
            self.own = tuple(_read_pins(self.folder)[1])

    @torch.no_grad()
    def write(self, model: LRCLR, look: CheckLook, step: int) -> None:
        """Write words, regions and maps of a model in eval mode, from its look at the check's set.

        Maps come last: a step is there when they are.
        """
        if not self.pins:
            return
        rows = [row for row, _ in self.pins]
        images = look.images.rows(torch.tensor(rows))
        maps, words = [], []
        for place, (row, name) in enumerate(self.pins):
            prompts = list(self.check.prompts[name].positive)
            image = images.rows(slice(place, place + 1))
            cosine = model.similarity(image, model.encode_text(prompts))[0]
            maps.append(cosine.mean(dim=0).view(images.grid).cpu().numpy())
            report = self.check.studies.report(row)[:SENTENCES]
            texts = [prompts[0], *report, *self.own]
            words.append(_words(model, image, texts).to_json())
        write_text_whole(self.folder / f"words-{step:08d}.json", json.dumps(words))
        learned = np.stack(maps).astype(np.float16)

        def save(partial: Path) -> None:
            with partial.open("wb") as file:  # by its name numpy would give it another ending
                np.savez_compressed(file, maps=learned)

        write_whole(self.folder / f"step-{step:08d}.npz", save)


def _words(model: LRCLR, image: ImageEncoding, texts: list[str]) -> FilmWords:
    """Words of texts and their regions on one image (a batch of 1), in pixels of the input."""
    preprocess = model.backbone.preprocess
    shape = preprocess.size, preprocess.size

    def read(text: str) -> Regions | str:
        try:
            encoded = model.encode_text([check_prompt(text)])
        except ExplorerError as error:
            return str(error)
        return find_regions(model, image, encoded, shape, model.config.k)

    return joined(texts, [read(text) for text in texts],
                  lambda cell: patch_box(preprocess, image.grid, cell, shape))  # fmt: skip


def read_timelapse(run: Path) -> TimeLapse | None:
    """What a run has kept so far; None where it has nothing whole."""
    folder = run / _FOLDER
    try:
        names, own = _read_pins(folder)
        with np.load(folder / "pins.npz") as pins:
            pictures, truth = pins["pictures"], pins["truth"]
        paths = sorted(folder.glob("step-*.npz"))
        maps = [np.load(path)["maps"].astype(np.float32) for path in paths]
    except (OSError, ValueError, KeyError, BadZipFile):
        return None
    if not maps:
        return None
    steps = [int(path.stem.removeprefix("step-")) for path in paths]
    words = _read_words(folder, steps)
    return TimeLapse(names, pictures, truth, steps, np.stack(maps), words, len(own) if words else 0)


def _read_pins(folder: Path) -> tuple[list[str], list[str]]:
    """What the pinned films show, and the texts that somebody gave; a list of an older version has
    none of these."""
    told = json.loads((folder / "pins.json").read_text("utf-8"))
    parts = (told, []) if isinstance(told, list) else (told["names"], told["own"])
    names, own = ([str(text) for text in part] for part in parts)
    return names, own


def _read_words(folder: Path, steps: list[int]) -> list[list[FilmWords]]:
    """Words of every step; none at all where one step has none."""
    try:
        return [
            [FilmWords.from_json(told) for told in json.loads(path.read_text("utf-8"))]
            for path in (folder / f"words-{step:08d}.json" for step in steps)
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def last_kept(run: Path) -> tuple[int, int]:
    """How many steps a run has kept, and when the last was, in nanoseconds."""
    paths = sorted((run / _FOLDER).glob("step-*.npz"))
    return len(paths), paths[-1].stat().st_mtime_ns if paths else 0
