"""One finding at every threshold: curves with bands, and what each threshold makes of the cases.

All resampling is done once, so that somebody who drags the threshold waits for none: counts are
those of the cases, intervals are read from a table.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.analysis.confusion import RATES, Confusion, ratios
from core.analysis.errors import FindingCurves, finding_curves
from core.analysis.ranked import Counts, CurveDraws, Ranked, curve_draws
from core.analysis.scored import ScoredSet
from core.metrics.bootstrap import Interval, band, interval, none_drawn, resampled_parts
from core.progress import Progress

Array = NDArray[np.float64]

_PLACES = 1000  # thresholds with intervals of their own


@dataclass(frozen=True)
class Sweep(FindingCurves):
    """A finding of a scored set; `at` says what a threshold makes of it.

    Attributes:
        places: (S,) rising, of how many groups of equal scores are called, 0 to all of them.
        below: for each of RATES (S,), how far its interval reaches below it there; NaN where that
            is not known.
        above: how far above it.
    """

    finding: str
    ranked: Ranked
    whole: Counts
    places: NDArray[np.int64]
    below: dict[str, Array]
    above: dict[str, Array]

    @property
    def stops(self) -> Array:
        """(S,) falling, a threshold for each of `places`; the first calls nobody."""
        scores = self.ranked.thresholds
        return np.append(np.nextafter(scores[0], np.inf), scores)[self.places]

    @property
    def complete(self) -> bool:
        """Whether `stops` has every score, so that between two of them nothing changes."""
        return len(self.places) == len(self.ranked.thresholds) + 1

    def at(self, threshold: float) -> Confusion:
        """Counts and rates of a threshold, as `error_report` gives them.

        Of more than 1,000 different scores, intervals between two places are interpolated.
        """
        place = np.searchsorted(-self.ranked.thresholds, [-threshold], side="right")
        return self._calling(place)[0]

    def at_stops(self) -> list[Confusion]:
        """`at` of each of `stops`, all counted at once."""
        return self._calling(self.places)

    def _calling(self, places: NDArray[np.int64]) -> list[Confusion]:
        """Counts and rates where so many groups of equal scores are called, (P,)."""
        counts = _at(self.whole, places)
        hits, alarms = (count[0].astype(int).tolist() for count in counts)
        positives, negatives = self.positives, self.n - self.positives
        told = ratios(counts, np.full(1, positives), np.full(1, negatives))
        ends = {name: [one.tolist() for one in (
                    value[0], value[0] - np.interp(places, self.places, self.below[name]),
                    value[0] + np.interp(places, self.places, self.above[name]))]
                for name, value in told.items()}  # fmt: skip
        figures = {name: [Interval(*one) for one in zip(*three, strict=True)]
                   for name, three in ends.items()}  # fmt: skip
        return [
            Confusion(hit, positives - hit, alarm, negatives - alarm,
                      {name: several[place] for name, several in figures.items()})
            for place, (hit, alarm) in enumerate(zip(hits, alarms, strict=True))
        ]  # fmt: skip


def sweep(
    scored: ScoredSet, finding: str, n_bootstrap: int = 1000, seed: int = 0,
    progress: Progress | None = None,
) -> Sweep:  # fmt: skip
    """Count one finding at every threshold, in every resample, by patient.

    Args:
        n_bootstrap: resamples; 0 leaves the intervals NaN.
        progress: called with (done, total) resamples.

    Raises:
        ExplorerError: as `ScoredSet.column`.
    """
    known = scored.known(finding)
    truth, score = scored.of(finding)
    ranked = Ranked.of(truth, score)
    groups = len(ranked.thresholds)
    places = np.unique(np.linspace(0, groups, min(groups, _PLACES) + 1).round().astype(np.int64))
    none = ranked.counts(none_drawn(len(truth)))
    curves: list[CurveDraws] = [curve_draws(none)]
    counted: list[Counts] = [_at(none, places)]
    done = 0
    # Of the whole set, also where a label is not known: the draws of `error_report`.
    for part in resampled_parts(len(scored), n_bootstrap, seed, scored.patients):
        counts = ranked.counts(part if known.all() else part[:, known])
        curves.append(curve_draws(counts))
        counted.append(_at(counts, places))
        done += len(part)
        if progress:
            progress(done, n_bootstrap)
    whole = ranked.whole()
    drawn = Counts(*(np.concatenate(parts) for parts in zip(*counted, strict=True)))
    below, above = _reach(_at(whole, places), drawn)
    return Sweep(**vars(finding_curves(truth, ranked, curves)), finding=finding, ranked=ranked,
                 whole=whole, places=places, below=below, above=above)  # fmt: skip


def _at(counts: Counts, places: NDArray[np.int64]) -> Counts:
    """Counts (r, S) where so many groups are called; the last place has them all."""
    return Counts(*(np.pad(count, ((0, 0), (1, 0)))[:, places] for count in counts))


def _reach(whole: Counts, drawn: Counts) -> tuple[dict[str, Array], dict[str, Array]]:
    """How far the 95 % intervals of RATES reach below and above them, (S,) each.

    Args:
        whole: (1, S), the last column all cases.
        drawn: (R, S), of resamples.
    """
    values, draws = (
        ratios(counts, counts.true_positives[:, -1:], counts.false_positives[:, -1:])
        for counts in (whole, drawn)
    )
    below, above = {}, {}
    for name in RATES:
        low, high = band(draws[name])
        for column in np.flatnonzero(np.isnan(draws[name]).any(axis=0)):
            _, low[column], high[column] = interval(0.0, draws[name][:, column])
        below[name], above[name] = values[name][0] - low, high - values[name][0]
    return below, above
