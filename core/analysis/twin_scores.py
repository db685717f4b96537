"""Scores of twins and of the slices that they explain; asks a model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.analysis.scored import identity_of
from core.analysis.twins import Sides, TwinReport, both_sides, slice_sides, twin_report
from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.inference.prompts import PromptSet
from core.phantom.case import sample_case
from core.phantom.twins import CHANGES, twins
from core.progress import Progress
from core.studies import StudySet
from core.studies.phantom_set import PhantomSet


def check_changes(names: Sequence[str]) -> None:
    """Refuse what twins cannot differ in.

    Raises:
        ExplorerError: naming what they can.
    """
    for name in names:
        if name not in CHANGES:
            raise ExplorerError(f"Twins cannot differ in '{name}'; known: {', '.join(CHANGES)}.")


def drawn_set(studies: StudySet) -> PhantomSet:
    """The set, where it is one of phantoms, whose cases can be drawn again.

    Raises:
        ExplorerError: it is not.
    """
    if not isinstance(studies, PhantomSet):
        raise ExplorerError(
            f"'{studies.spec}' is no set of phantoms, or some of one: only what was drawn can be "
            "drawn again with one thing changed; choose phantom:test."
        )
    return studies


@dataclass(frozen=True)
class DrawnTwins:
    """The same cases twice, which differ in one thing alone; and films of a set that differ in it.

    Attributes:
        low, high: one case a row.
        words: of the low and of the high side, with the value of what is graded.
        side: (N,) of the set's films: 0 low, 1 high, -1 neither.
        in_set: whether the set has films on both sides.
    """

    low: PhantomSet
    high: PhantomSet
    words: tuple[str, str]
    side: NDArray[np.int64]
    in_set: bool


def draw_twins(studies: PhantomSet, change: str, n: int = 200, seed: int = 77) -> DrawnTwins:
    """New cases of a set's split; of what is graded, with the means of its outer quarters.

    So that the twins' difference and that of the set's films are of one size.

    Args:
        change: of CHANGES.
        seed: of the cases.
    """
    what = CHANGES[change]
    values = np.array([what.of(case) for case in studies.cases])
    side = slice_sides(values, what.graded)
    varies = bool((side == 0).any() and (side == 1).any())
    low, high = (float(values[side == k].mean()) if varies else what.usual[k] for k in (0, 1))
    cases = [sample_case(index, seed, studies.split) for index in range(n)]
    drawn = [
        PhantomSet.of_cases(half, studies.size, f"{studies.split},seed={seed},{change}={value:.6g}")
        for half, value in zip(twins(what, cases, low, high), (low, high), strict=True)
    ]
    words = (what.low, what.high)
    if what.graded:
        words = (f"{what.low} ({low:.3g})", f"{what.high} ({high:.3g})")
    return DrawnTwins(drawn[0], drawn[1], words, side, varies)


def compare_twins(
    predictor: Predictor, studies: PhantomSet, prompts: PromptSet, change: str, n: int = 200,
    score: str = "lrclr", n_bootstrap: int = 1000, seed: int = 77,
    progress: Progress | None = None,
) -> TwinReport:  # fmt: skip
    """Score `n` twins, and the films of a set on both sides of the same change.

    Args:
        change: of CHANGES.
        seed: of the cases and the resamples.
        progress: called with (done, total) films of the twins and the set.

    Raises:
        ExplorerError: the change makes the label of every finding.
    """
    drawn = draw_twins(studies, change, n, seed)
    # A finding whose label the change itself makes is no other finding's shortcut.
    names = [name for name in prompts if drawn.low.labels[name].equals(drawn.high.labels[name])]
    if not names:
        raise ExplorerError(f"Twins who differ in '{change}' differ in the label of "
                            f"{', '.join(prompts)}; choose another finding.")  # fmt: skip
    texts = PromptSet({name: prompts[name] for name in names})
    sets = [drawn.low, drawn.high, *([studies] if drawn.in_set else [])]
    scores = [
        predictor.score_set(one, texts, part)[score].astype(float)
        for one, part in zip(sets, _parts(progress, sets), strict=True)
    ]
    sides = None
    if drawn.in_set:
        sides = Sides(scores[2], studies.labels[names].to_numpy(float), drawn.side,
                      studies.patients)  # fmt: skip
    truth = drawn.low.labels[names].to_numpy(float)
    return twin_report(
        CHANGES[change].about, drawn.words, names, both_sides(scores[0], scores[1], truth), sides,
        identity_of(studies), n_bootstrap, seed,
    )  # fmt: skip


def _parts(progress: Progress | None, sets: Sequence[StudySet]) -> list[Progress]:
    """For each set a callback that counts the films of all."""
    total, before = sum(map(len, sets)), np.cumsum([0, *map(len, sets)])

    def counting(start: int) -> Progress:
        return lambda done, _: progress(start + done, total) if progress else None

    return [counting(int(start)) for start in before[:-1]]
