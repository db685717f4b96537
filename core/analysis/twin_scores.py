"""Scores of twins and of the slices that they explain; asks a model."""

from collections.abc import Sequence

import numpy as np

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
            f"'{studies.spec}' is no set of phantoms: only what was drawn can be drawn again with "
            "one thing changed; choose phantom:test."
        )
    return studies


def compare_twins(
    predictor: Predictor, studies: PhantomSet, prompts: PromptSet, change: str, n: int = 200,
    score: str = "lrclr", n_bootstrap: int = 1000, seed: int = 77,
    progress: Progress | None = None,
) -> TwinReport:  # fmt: skip
    """Score `n` twins, and the films of a set on both sides of the same change.

    The twins are new cases of the set's split, not its films. Of what is graded they take the
    means of the set's lowest and highest quarter, so that both differences are of one size.

    Args:
        change: of CHANGES.
        seed: of the cases and the resamples.
        progress: called with (done, total) films of each set that is encoded.
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
    # A finding whose label the change itself makes is no other finding's shortcut.
    labels = [one.labels for one in drawn]
    names = [name for name in prompts if labels[0][name].equals(labels[1][name])]
    if not names:
        raise ExplorerError(f"Twins who differ in '{change}' differ in the label of "
                            f"{', '.join(prompts)}; choose another finding.")  # fmt: skip
    texts = PromptSet({name: prompts[name] for name in names})
    scores = [predictor.score_set(one, texts, progress)[score].astype(float) for one in drawn]
    truth = labels[0][names].to_numpy(float)
    sides = None
    if varies:
        of_set = predictor.score_set(studies, texts, progress)[score].astype(float)
        sides = Sides(of_set, studies.labels[names].to_numpy(float), side, studies.patients)
    words = (what.low, what.high)
    if what.graded:
        words = (f"{what.low} ({low:.3g})", f"{what.high} ({high:.3g})")
    return twin_report(
        what.about, words, names, both_sides(scores[0], scores[1], truth), sides,
        identity_of(studies), n_bootstrap, seed,
    )  # fmt: skip
