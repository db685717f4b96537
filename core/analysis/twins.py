"""From slice to cause: a slice's difference beside that of twins who differ in the slice's column.

Films of a slice differ from the others in more than its column: who has a tube is sicker. Twins
differ in the column alone. What the slice shows and the twins do not is confounded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.partitions import MIN_CLASS
from core.analysis.scored import SetIdentity
from core.analysis.shares import corrected, two_sided
from core.evaluation.report import figure_json
from core.metrics.auc import sampled_auc
from core.metrics.bootstrap import Draws, Interval, Sampled, mean_draws, resamples
from core.progress import Progress

Array = NDArray[np.float64]

FIGURES: dict[str, str] = {
    "auc": "AUC",
    "with": "score of films with the finding",
    "without": "score of films without it",
}
"""What is compared, high side less low side."""
_SURE = 0.05


@dataclass(frozen=True)
class Sides:
    """Scores on both sides of a change; of a set's slices or of twins.

    Attributes:
        scores: (n, F) of n films; truth (n, F) of 1, 0 and NaN.
        side: (n,) 0 low, 1 high, -1 neither.
        patients: (n,); of twins the same case on both sides.
    """

    scores: Array
    truth: Array
    side: NDArray[np.int64]
    patients: NDArray[np.int64]


@dataclass(frozen=True)
class TwinDifference:
    """One figure of one finding: high side less low side."""

    finding: str
    figure: str  # of FIGURES
    twins: Interval
    in_set: Interval  # NaN where the set cannot tell
    unexplained: Interval  # in_set less twins
    twins_p: float
    set_p: float

    @property
    def twins_clear(self) -> bool:
        """Whether the change alone moves the figure."""
        return _clear(self.twins, self.twins_p)

    @property
    def verdict(self) -> str:
        """See docs/analysis.md; in a word or two."""
        if np.isnan(self.twins.value):
            return "too few films"
        if np.isnan(self.in_set.value):
            return "an effect, no slice" if self.twins_clear else "no effect shown"
        if not _clear(self.in_set, self.set_p):
            return "no difference"
        left = self.unexplained.low > 0 or self.unexplained.high < 0
        same = self.twins_clear and self.twins.value * self.in_set.value > 0
        if not same:
            return "confounded" if left else "undecided"
        less = abs(self.twins.value) < abs(self.in_set.value)
        return "causal in part" if left and less else "causal"

    def to_json(self) -> dict[str, Any]:
        """Everything; figures as {value, low, high}, p corrected."""
        return {
            "finding": self.finding, "figure": self.figure, "twins": figure_json(self.twins),
            "set": figure_json(self.in_set), "unexplained": figure_json(self.unexplained),
            "twins_p_corrected": self.twins_p, "set_p_corrected": self.set_p,
            "verdict": self.verdict,
        }  # fmt: skip


def _clear(figure: Interval, p: float) -> bool:
    return bool((figure.low > 0 or figure.high < 0) and p < _SURE)


@dataclass(frozen=True)
class TwinReport:
    """What `python -m core twins` prints and writes of one change."""

    change: str
    sides: tuple[str, str]  # low and high in words
    identity: SetIdentity | None  # of the set with the slices
    counts: tuple[int, int]  # films of the set on both sides
    n: int  # twins
    comparisons: tuple[TwinDifference, ...]

    def to_json(self) -> dict[str, Any]:
        """change, sides, set, films on both sides, twins, and comparisons."""
        return {
            "change": self.change, "low": self.sides[0], "high": self.sides[1],
            "set": self.identity and self.identity.to_json(), "films": list(self.counts),
            "twins": self.n, "comparisons": [one.to_json() for one in self.comparisons],
        }  # fmt: skip

    def table(self) -> str:
        """One line a finding and figure."""
        lines = [f"{self.change}: {self.sides[1]} less {self.sides[0]}; {self.n} twins, "
                 f"{self.counts[1]} and {self.counts[0]} films of the set",
                 f"{'finding':26} {'figure':8} {'slices of the set':>23} {'twins':>23} "
                 f"{'unexplained':>23}  verdict"]  # fmt: skip
        for one in self.comparisons:
            figures = (one.in_set, one.twins, one.unexplained)
            told = (f"{value:+.3f} [{low:+.3f} {high:+.3f}]" for value, low, high in figures)
            lines.append(f"{one.finding:26} {one.figure:8} "
                         f"{' '.join(f'{text:>23}' for text in told)}  {one.verdict}")  # fmt: skip
        lines.append(
            "auc: area under the ROC curve; with, without: mean score of films with and without "
            "the finding. 95 % bootstrap intervals over patients; a difference counts with p, "
            f"corrected for all figures of its column, below {_SURE}."
        )
        return "\n".join(lines)


def twin_report(
    change: str, words: tuple[str, str], findings: Sequence[str], twins: Sides,
    in_set: Sides | None = None, identity: SetIdentity | None = None, n_bootstrap: int = 1000,
    seed: int = 0, progress: Progress | None = None,
) -> TwinReport:  # fmt: skip
    """Compare the slices of a set with twins, finding by finding.

    Args:
        change: what differs, in words, and the words of its low and high side.
        findings: F, of the columns of both.
        twins: both sides of every case, patients being the cases.
        in_set: films of a set on both sides; None where none varies in this.
        seed: of the resamples; the set's and the twins' are independent.
        progress: called with (done, total) findings.
    """
    drawn = resamples(len(twins.side), n_bootstrap, seed, twins.patients)
    others = None if in_set is None else resamples(
        len(in_set.side), n_bootstrap, seed + 1, in_set.patients
    )  # fmt: skip
    told: list[TwinDifference] = []
    for column, finding in enumerate(findings):
        for figure in FIGURES:
            effect = _difference(twins, column, figure, drawn)
            gap = _unknown(n_bootstrap)
            if in_set is not None and others is not None:
                gap = _difference(in_set, column, figure, others)
            told.append(TwinDifference(
                finding, figure, effect.interval(), gap.interval(), (gap - effect).interval(),
                two_sided(effect.value, effect.draws), two_sided(gap.value, gap.draws),
            ))  # fmt: skip
        if progress:
            progress(column + 1, len(findings))
    of_twins = corrected(one.twins_p for one in told)
    of_set = corrected(one.set_p for one in told)
    sure = [replace(one, twins_p=twin, set_p=gap)
            for one, twin, gap in zip(told, of_twins, of_set, strict=True)]  # fmt: skip
    counts = (0, 0) if in_set is None else tuple(int((in_set.side == k).sum()) for k in (0, 1))
    return TwinReport(change, words, identity, (counts[0], counts[1]), len(set(twins.patients)),
                      tuple(sure))  # fmt: skip


def _difference(sides: Sides, column: int, figure: str, drawn: Draws) -> Sampled:
    """A figure of the high side less that of the low side; NaN where a side has too few films."""
    values = [_figure(sides, column, figure, drawn, side) for side in (1, 0)]
    return values[0] - values[1]


def _figure(sides: Sides, column: int, figure: str, drawn: Draws, side: int) -> Sampled:
    truth, score = sides.truth[:, column], sides.scores[:, column]
    rows = (sides.side == side) & ~np.isnan(truth) & ~np.isnan(score)
    if figure != "auc":
        rows &= truth == (figure == "with")
        return _enough(rows.sum(), mean_draws(score[rows], drawn[:, rows]))
    least = min((truth[rows] == 1).sum(), (truth[rows] == 0).sum())
    if least < MIN_CLASS:
        return _unknown(len(drawn))
    return sampled_auc(truth[rows], score[rows], drawn[:, rows])


def _enough(count: int, figure: Sampled) -> Sampled:
    return figure if count >= MIN_CLASS else _unknown(len(figure.draws))


def _unknown(count: int) -> Sampled:
    return Sampled(float("nan"), np.full(count, np.nan))


def both_sides(low: Array, high: Array, truth: Array) -> Sides:
    """Twins' scores (n, F) on both sides with their truth (n, F) as `Sides`."""
    count = len(low)
    return Sides(
        np.concatenate([low, high]), np.concatenate([truth, truth]),
        np.repeat([0, 1], count), np.tile(np.arange(count), 2),
    )  # fmt: skip


def slice_sides(values: Array, graded: bool) -> NDArray[np.int64]:
    """Which side (n,) of a change each film of a set is on by its value (n,).

    Args:
        graded: more values than two: the lowest and the highest quarter, else 0 and 1.

    >>> slice_sides(np.array([1.0, 2, 3, 4]), True).tolist()
    [0, -1, -1, 1]
    """
    if not graded:
        return values.astype(np.int64)
    low, high = np.quantile(values, [0.25, 0.75])
    if low == high:
        return np.full(len(values), -1)
    return np.where(values <= low, 0, np.where(values >= high, 1, -1))
