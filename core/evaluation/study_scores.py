"""The scores of one study, and its rank among the other studies of a set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.inference.prompts import PromptSet, against_negation
from core.studies import StudySet
from core.studies.phantom_set import PhantomSet

TEXT = "text"
"""The finding's name in `text_prompts`."""


@dataclass(frozen=True)
class FindingScore:
    """One finding of a study."""

    finding: str
    rank: float  # per cent of the set's other studies that score lower; NaN where there is none
    labelled: bool | None  # None where the label is not known
    scores: dict[str, float]  # those of `core.inference.zero_shot.SCORES`

    def to_json(self) -> dict[str, Any]:
        """rank, labelled (1, 0 or null) and scores {score: value}."""
        labelled = None if self.labelled is None else int(self.labelled)
        return {"rank": self.rank, "labelled": labelled, "scores": self.scores}


def not_alike(of_drawing: bool, reference: StudySet) -> str:
    """What to know of a rank where a film is compared with films of another kind; else empty."""
    drawn = isinstance(reference, PhantomSet)
    if drawn == of_drawing:
        return ""
    if drawn:
        return ("Those are drawings and this is none: its rank among them says little. Open a set "
                "of films to compare it with.")  # fmt: skip
    return "Those are no drawings and this is one: its rank among them says little."


def rank_in_set(others: NDArray[np.floating], score: float, row: int | None = None) -> float:
    """Per cent of a set's other studies that score lower; NaN where there is no other.

    Args:
        others: (n,) scores of the set; NaN, of images that cannot be read, do not count.
        row: the study's own, where it is one of the set.

    >>> rank_in_set(np.array([1.0, 2.0, 3.0, 4.0]), 2.5)
    50.0
    >>> rank_in_set(np.array([1.0, 2.0, 3.0]), 2.5, row=2)
    100.0
    """
    rest = others if row is None else np.delete(others, row)
    rest = rest[~np.isnan(rest)]
    return 100 * float((rest < score).mean()) if len(rest) else float("nan")


def study_scores(
    prompts: PromptSet,
    own: Mapping[str, NDArray[np.floating]],
    others: NDArray[np.floating],
    row: int | None,
    labels: Mapping[str, int],
    by: str = "lrclr",
) -> list[FindingScore]:
    """Scores of one study for every finding, the highest rank first.

    Args:
        own: score -> (F,) of the study.
        others: (n, F), the score `by` of the set.
        row: the study's own in the set; None where it is from elsewhere.
        labels: of the study, 1 or 0; unknown ones are absent.
        by: the score that ranks, of `core.inference.score_names.SCORES`.
    """
    table = []
    for column, name in enumerate(prompts):
        scores = {score: float(values[column]) for score, values in own.items()}
        rank = rank_in_set(others[:, column], scores[by], row)
        labelled = bool(labels[name]) if name in labels else None
        table.append(FindingScore(name, rank, labelled, scores))
    return sorted(table, key=lambda line: (np.isnan(line.rank), -line.rank))


def text_prompts(text: str) -> PromptSet:
    """A free text against its plain negation, as the finding `TEXT`.

    >>> text_prompts("Small effusion.")[TEXT].negative
    ('no Small effusion',)
    """
    return PromptSet({TEXT: against_negation([text])})
