"""Does a score hang on what no diagnosis should hang on? A part masked against masks elsewhere.

Any mask moves a score. What counts is how much further it moves than under masks of the same size
and shape at other places of the same film, paired, with an interval over patients.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.masked_scores import MaskedScores
from core.analysis.shares import corrected, two_sided
from core.analysis.shortcut_masks import REGIONS
from core.evaluation.report import figure_json
from core.metrics.auc import sampled_auc
from core.metrics.bootstrap import Interval, Sampled, average, mean_draws, resamples
from core.progress import Progress

Array = NDArray[np.float64]

MIN_CASES = 20
_SURE = 0.05


@dataclass(frozen=True)
class Shortcut:
    """One finding and one part, over the films that have the part.

    Attributes:
        area: mean share of the film that is masked.
        change: score with the part masked less that of the whole film.
        control: the same of masks elsewhere, their mean.
        beyond: change less control: what is due to this part.
        size: how far the score moves either way, less how far it moves under a control, the mean
            over them: what the verdict is of.
        by_label: `beyond` of films with the finding and without it.
        auc: AUC with the part masked less that of the whole films, and of controls.
        p: two-sided, of `size`; NaN where there are too few films.
    """

    finding: str
    part: str
    n: int
    area: float
    change: Interval
    control: Interval
    beyond: Interval
    size: Interval
    by_label: dict[str, Interval]
    auc: dict[str, Interval]
    p: float
    p_corrected: float = float("nan")

    @property
    def clear(self) -> bool:
        """Whether the score moves further than under masks elsewhere: `size`, and p corrected."""
        return bool(self.size.low > 0 and self.p_corrected < _SURE)

    @property
    def verdict(self) -> str:
        """What masking the part does to the score, in a few words."""
        if np.isnan(self.p):
            return "too few films"
        if not self.clear:
            return "no further than elsewhere"
        if self.change.high < 0:
            return "falls without it"
        return "rises without it" if self.change.low > 0 else "moves either way"

    def to_json(self) -> dict[str, Any]:
        """Everything; figures as {value, low, high}."""
        figures = {key: figure_json(getattr(self, key))
                   for key in ("change", "control", "beyond", "size")}  # fmt: skip
        groups = {key: {name: figure_json(one) for name, one in getattr(self, key).items()}
                  for key in ("by_label", "auc")}  # fmt: skip
        return {
            "finding": self.finding, "part": self.part, "n": self.n, "area": self.area, **figures,
            **groups, "p": self.p, "p_corrected": self.p_corrected, "clear": self.clear,
            "verdict": self.verdict,
        }  # fmt: skip


@dataclass(frozen=True)
class ShortcutReport:
    """What `python -m core shortcuts` prints and writes."""

    scored: MaskedScores
    shortcuts: tuple[Shortcut, ...]
    draws: int
    seed: int
    min_cases: int

    def to_json(self) -> dict[str, Any]:
        """set, n, patients, parts in words, draws, seed, min_cases, shortcuts and unreadable."""
        return {
            "set": self.scored.identity.to_json(),
            "score": self.scored.score,
            "n": len(self.scored),
            "patients": len(np.unique(self.scored.patients)),
            "parts": {name: REGIONS[name][0] for name in self.scored.masked},
            "draws": self.draws,
            "seed": self.seed,
            "min_cases": self.min_cases,
            "shortcuts": [one.to_json() for one in self.shortcuts],
            "unreadable": list(self.scored.unreadable),
        }

    def table(self) -> str:
        """One line a finding and part; the clear ones of each finding first."""
        lines = [f"{'finding':26} {'masked':11} {'n':>5} {'area':>5} {'change':>7} "
                 f"{'elsewhere':>9} {'further than elsewhere':>23} {'corrected':>9}  "
                 "score"]  # fmt: skip
        lines += [_line(one) for one in self.shortcuts]
        absent = [name for name in self.scored.masked
                  if not any(one.part == name for one in self.shortcuts)]  # fmt: skip
        if absent:
            lines.append(f"No film has a part to mask for: {', '.join(absent)}.")
        clear = sum(one.clear for one in self.shortcuts)
        lines.append(f"{clear} of {len(self.shortcuts)} move the score further than masks "
                     f"elsewhere (p corrected for all of them below {_SURE}).")  # fmt: skip
        lines.append(
            f"n = {len(self.scored)} films of {len(np.unique(self.scored.patients))} patients; "
            f"{self.draws} masks elsewhere for each (seed {self.seed}); 95 % bootstrap intervals "
            "over patients; in units of the score."
        )
        if self.scored.unreadable:
            lines.append(f"Left out: {'; '.join(self.scored.unreadable[:3])}")
        return "\n".join(lines)


def _line(one: Shortcut) -> str:
    value, low, high = one.size
    further = f"{value:+.3f} [{low:+.3f} {high:+.3f}]"
    return (f"{one.finding:26} {one.part:11} {one.n:5d} {one.area:5.3f} {one.change.value:+7.3f} "
            f"{one.control.value:+9.3f} {further:>23} {one.p_corrected:9.2g}  "
            f"{one.verdict}")  # fmt: skip


def shortcut_report(
    scored: MaskedScores, n_bootstrap: int = 1000, seed: int = 0, min_cases: int = MIN_CASES,
    progress: Progress | None = None,
) -> ShortcutReport:  # fmt: skip
    """How far each part moves each finding's score beyond its controls.

    Args:
        seed: of the resamples, and said of the controls.
        min_cases: films with a part that a verdict needs.
        progress: called with (done, total) findings.
    """
    told: list[Shortcut] = []
    for column in range(len(scored.findings)):
        for part in scored.masked:
            if not np.isnan(scored.area[part]).all():
                told.append(_shortcut(scored, column, part, n_bootstrap, seed, min_cases))
        if progress:
            progress(column + 1, len(scored.findings))
    adjusted = corrected(one.p for one in told)
    told = [replace(one, p_corrected=p) for one, p in zip(told, adjusted, strict=True)]
    order = list(scored.findings)
    told.sort(key=lambda one: (order.index(one.finding), not one.clear, one.p_corrected))
    draws = next(iter(scored.controls.values())).shape[1]
    return ShortcutReport(scored, tuple(told), draws, seed, min_cases)


def _shortcut(
    scored: MaskedScores, column: int, part: str, n_bootstrap: int, seed: int, min_cases: int
) -> Shortcut:
    has = ~np.isnan(scored.area[part])
    whole, masked = scored.whole[has, column], scored.masked[part][has, column]
    elsewhere = scored.controls[part][has, :, column]  # (m, D)
    truth = scored.truth[has, column]
    weights = resamples(len(whole), n_bootstrap, seed, scored.patients[has])
    change, control = masked - whole, elsewhere.mean(axis=1) - whole
    moved = np.abs(change) - np.abs(elsewhere - whole[:, None]).mean(axis=1)
    size = mean_draws(moved, weights)
    by_label = {
        name: mean_draws(np.where(truth == label, change - control, np.nan), weights).interval()
        for name, label in (("with", 1), ("without", 0))
    }
    enough = len(whole) >= min_cases
    return Shortcut(
        scored.findings[column], part, len(whole), float(scored.area[part][has].mean()),
        mean_draws(change, weights).interval(), mean_draws(control, weights).interval(),
        mean_draws(change - control, weights).interval(), size.interval(), by_label,
        _auc(truth, whole, masked, elsewhere, weights),
        two_sided(size.value, size.draws) if enough else float("nan"),
    )  # fmt: skip


def _auc(
    truth: Array, whole: Array, masked: Array, elsewhere: Array, weights: NDArray[np.int32]
) -> dict[str, Interval]:
    """What AUC gains by the mask, by controls, and by the mask beyond them."""
    known = ~np.isnan(truth)
    label, drawn = truth[known], weights[:, known]
    if len(np.unique(label)) < 2:
        nothing = Interval(float("nan"), float("nan"), float("nan"))
        return dict.fromkeys(("change", "control", "beyond"), nothing)

    def area(score: Array) -> Sampled:
        return sampled_auc(label, score[known], drawn)

    first, change = area(whole), area(masked)
    control = average([area(column) for column in elsewhere.T])
    figures = {"change": change - first, "control": control - first, "beyond": change - control}
    return {name: figure.interval() for name, figure in figures.items()}
