"""Example films: for each finding one of which a prompt is true, and in which the model sees it.

The pages open with them, so that the first thing a newcomer sees is what the method can do. What it
cannot do is one step away, in the other films of the set.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ExplorerError
from core.evaluation.study_scores import text_prompts
from core.evaluation.text_truth import text_truth
from core.evaluation.verdict import FOR, verdict
from core.files import write_text_whole
from core.inference.prompts import PromptSet
from core.paths import ASSETS
from core.studies.study import Mask, StudySet

if TYPE_CHECKING:  # torch, which whoever reads the chosen films may do without
    from core.inference.predictor import Predictor
    from core.inference.regions import Regions
    from core.lrclr.encodings import ImageEncoding

FILE = ASSETS / "examples.json"
NORMAL = "No Finding"
OPENING = "Pleural Effusion"
"""The example that a session starts with: common, one-sided, and seen without training."""


@dataclass(frozen=True)
class Example:
    """A film and a text that is true of it."""

    finding: str
    row: int
    prompt: str


@dataclass(frozen=True)
class Examples:
    """One example a finding, of one set."""

    data: str  # spec of the set
    model: str  # that sees them
    films: tuple[Example, ...]

    @property
    def opening(self) -> Example:
        """The film that a session starts with; the first where the model sees no `OPENING`."""
        return next((film for film in self.films if film.finding == OPENING), self.films[0])


def choose_examples(
    predictor: "Predictor", studies: StudySet, prompts: PromptSet
) -> tuple[Example, ...]:
    """For each finding that has one, the film with the fewest other findings, then the best score.

    Prompts that say a side come first: they show more.

    A film is an example where one of the finding's prompts is true of it, and false with its sides
    swapped, its score is clearly for that prompt (`verdict`), and the heaviest region lies in the
    finding's mask. Of "No Finding", which has no place, the last is not asked.
    """
    images = predictor.encode_set(studies)
    chosen = []
    for finding in prompts:
        ranked = sorted(_clear(predictor, studies, images, finding, prompts))
        seen = (example for _, example in ranked if _is_seen(predictor, studies, images, example))
        first = next(seen, None)
        if first is not None:
            chosen.append(first)
    return tuple(chosen)


def _clear(
    predictor: "Predictor", studies: StudySet, images: "ImageEncoding", finding: str,
    prompts: PromptSet,
) -> Iterator[tuple[tuple[bool, int, float, int, str], Example]]:  # fmt: skip
    """Examples whose prompt is true and whose score is clear, with what they are sorted by."""
    burden = np.nansum(studies.labels.to_numpy(float), axis=1)
    has = studies.labels[finding].to_numpy(float) == 1
    for prompt in prompts[finding].positive:
        truth = text_truth(studies, prompt)
        sideless = other_side(prompt) == prompt
        elsewhere = np.zeros(len(studies)) if sideless else text_truth(studies, other_side(prompt))
        scores = predictor.score(images, text_prompts(prompt))["lrclr"][:, 0]
        for row in np.flatnonzero((truth == 1) & (elsewhere != 1) & has):
            number, score = int(row), float(scores[row])
            if verdict(scores, score, truth, number).call == FOR:
                key = (sideless, int(burden[row]), -score, number, prompt)
                yield key, Example(finding, number, prompt)


def _is_seen(
    predictor: "Predictor", studies: StudySet, images: "ImageEncoding", example: Example
) -> bool:
    if example.finding == NORMAL:
        return True
    mask = studies.masks(example.row).get(example.finding)
    if mask is None or not mask.any():
        return False
    shape = (mask.shape[0], mask.shape[1])
    encoding = images.rows(slice(example.row, example.row + 1))
    return points_at(predictor.regions(encoding, [example.prompt], shape), mask)


def other_side(text: str) -> str:
    """A text with left and right swapped.

    >>> other_side("Left effusion, clear right lung.")
    'right effusion, clear left lung.'
    """
    swap = {"left": "right", "right": "left"}
    return re.sub(r"(?i)\b(?:left|right)\b", lambda side: swap[side[0].lower()], text)


def points_at(regions: "Regions", mask: Mask) -> bool:
    """Whether the centre of the heaviest region lies in a mask."""
    if not regions.boxes:
        return False
    x, y, w, h = regions.boxes[0]
    rows, columns = mask.shape
    row = min(max(int(y + h / 2), 0), rows - 1)
    return bool(mask[row, min(max(int(x + w / 2), 0), columns - 1)])


def write_examples(examples: Examples, path: Path) -> None:
    """Write examples as JSON."""
    write_text_whole(path, json.dumps(asdict(examples), indent=1) + "\n")


@cache
def load_examples(path: Path = FILE) -> Examples:
    """Examples as `write_examples` wrote them, by default those that the pages open with.

    Raises:
        ExplorerError: no such file, or not one of examples.
    """
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        films = tuple(
            Example(str(film["finding"]), int(film["row"]), str(film["prompt"]))
            for film in read["films"]
        )
        if not films:
            raise ValueError
        return Examples(str(read["data"]), str(read["model"]), films)
    except (OSError, ValueError, KeyError, TypeError):
        raise ExplorerError(
            f"{path.name} holds no examples; write them with `python -m core examples --out ...`."
        ) from None
