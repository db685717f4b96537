"""Slices of a table of millions of predictions, in memory that a row of it bounds.

As `slice_report`, but intervals are not of resamples: by what each row adds to a figure (its
influence), summed over the rows of a patient, whose squares are the figure's variance. For the AUC
these are DeLong's placements (Biometrics 1988), by patient as Obuchowski has it (Biometrics 1997).
At sizes at which nobody resamples both give the same interval.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.partitions import MIN_CASES, why_too_small
from core.analysis.predictions import Coded, Predictions
from core.analysis.scored import SetIdentity, without_folders
from core.analysis.shares import Difference
from core.analysis.slices import Slice, SliceReport, check_metric, with_corrected_p
from core.analysis.threshold import Rule, Threshold, fitted_value
from core.errors import ExplorerError
from core.metrics.bootstrap import Interval
from core.progress import Progress

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
_WIDE = 1.959963984540054  # standard errors of a 95 % interval


class _Rows:
    """What figures are made of, for the AUC in the order of the scores."""

    def __init__(self, table: Predictions, metric: str, rule: Rule) -> None:
        self.positive: Mask = table.numbers("label", np.int8) == 1
        if not 0 < int(self.positive.sum()) < len(self.positive):
            raise ExplorerError(f"{table.path} has no rows with and without {table.finding}.")
        score = table.numbers("score", np.float64)
        self.order: NDArray[np.int32] | None = None
        self.score, self.event, self.threshold = score, self.positive, None
        self.counted: Mask | None = None
        if metric == "auc":
            self.order = np.argsort(score, kind="stable").astype(np.int32)
            self.positive, self.score = self.positive[self.order], score[self.order]
        else:
            name, spec = without_folders(str(table.path)), table.fingerprint
            value = fitted_value(rule, self.positive.astype(np.float64), score)
            origin = None if rule.name == "score" else SetIdentity(name, spec, len(score), 0)
            self.threshold = Threshold(value, rule, origin)
            right = (score >= value) == self.positive
            self.event, self.score = ~right if metric == "error" else right, score[:0]
            if metric != "error":
                self.counted = self.positive == (metric == "sensitivity")
        patients = table.patients()
        self.patients = None if patients is None else self.ordered(patients)

    def ordered(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values (n,) of the table's rows in the order of these."""
        return values if self.order is None else values[self.order]

    def figure(self, rows: Mask) -> tuple[float, Array]:
        """A figure of some rows (n,), and what each of these (m,) adds to it."""
        if self.order is None:
            event = self.event[rows].astype(np.float64)
            rate = float(event.mean())
            return rate, (event - rate) / len(event)
        return _auc(self.positive[rows], self.score[rows])

    def spread(self, influence: Array) -> float:
        """Standard error of a figure by what each of all rows (n,) adds to it."""
        sums = influence
        if self.patients is not None:
            sums = np.bincount(self.patients, influence).astype(np.float64)
        return float(np.sqrt(sums @ sums))


def _auc(positive: Mask, score: Array) -> tuple[float, Array]:
    """AUC of rows in rising order of their scores, and what each adds to it."""
    n = len(score)
    negatives = np.zeros(n + 1, np.int32)  # before each place
    np.cumsum(~positive, out=negatives[1:])
    lost, won = int(negatives[-1]), n - int(negatives[-1])
    first, last = _group_ends(score)
    place = np.float64(0.5) * (negatives[first] + negatives[last])  # negatives below, half of equal
    other = ~positive
    # The same of positives, of what is no negative.
    place[other] = lost * (1 - (0.5 * (first[other] + last[other]) - place[other]) / won)
    place /= lost
    value = float(place[positive].mean())
    place -= value
    place /= np.where(positive, won, lost)
    return value, place


def _group_ends(score: Array) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Where the scores equal to each of (n,) rising ones begin, and where they end."""
    starts = np.flatnonzero(np.diff(score, prepend=-np.inf) > 0).astype(np.int32)
    ends = np.append(starts[1:], np.int32(len(score)))
    if len(starts) == len(score):
        return starts, ends
    sizes = ends - starts
    return np.repeat(starts, sizes), np.repeat(ends, sizes)


def table_slices(
    table: Predictions, by: Sequence[str] | None = None, metric: str = "auc",
    rule: Rule | None = None, min_cases: int = MIN_CASES, progress: Progress | None = None,
) -> SliceReport:  # fmt: skip
    """Compare every slice of a table with the rest of its rows.

    Args:
        by: columns; by default all of 2 to 30 values.
        rule: of the threshold that every metric but `auc` needs, fitted on the table.
        progress: called with (columns done, 0).

    Raises:
        ExplorerError: as `Predictions`, or no such metric, or nothing to slice by.
    """
    check_metric(metric)
    rows, slices = _Rows(table, metric, rule or Rule("youden")), list[Slice]()
    for done, (name, column) in enumerate(table.coded(by), start=1):
        slices += _column(rows, name, column, metric, min_cases)
        if progress:
            progress(done, 0)
    if not slices:
        raise ExplorerError(f"{table.path} has no column of two values or more to slice by.")
    n = len(rows.positive) if rows.counted is None else int(rows.counted.sum())
    patients = n if rows.patients is None else int(rows.patients.max()) + 1
    identity = SetIdentity(str(table.path), table.fingerprint, table.count, patients)
    return SliceReport(
        identity, table.finding, metric, rows.threshold, n, with_corrected_p(slices), min_cases,
        patients, "normal",
    )  # fmt: skip


def _column(rows: _Rows, name: str, column: Coded, metric: str, min_cases: int) -> list[Slice]:
    codes = rows.ordered(column.codes)
    if rows.counted is not None:
        codes = np.where(rows.counted, codes, np.int16(-1))
    told = []
    for place, value in enumerate(column.names):
        inside = codes == place
        positive = rows.positive[inside]
        small = why_too_small(positive, metric, min_cases)
        outside = (codes >= 0) & ~inside
        if not small and why_too_small(rows.positive[outside], metric, 1):
            small = "the rest has no film with the finding, or none without"
        compared = None if small else _compared(rows, inside, outside)
        told.append(Slice(((name, value),), len(positive), int(positive.sum()), compared,
                          float("nan"), small))  # fmt: skip
    return told


def _compared(rows: _Rows, inside: Mask, outside: Mask) -> Difference:
    from scipy.special import ndtr

    influence = np.zeros(len(inside))
    one, influence[inside] = rows.figure(inside)
    wide_one = rows.spread(influence)
    other, added = rows.figure(outside)
    influence[outside] = -added
    wide_gap = rows.spread(influence)
    influence[inside] = 0
    wide_other = rows.spread(influence)
    gap = one - other
    p = float(2 * ndtr(-abs(gap) / wide_gap)) if wide_gap else float(gap == 0)
    return Difference(_around(one, wide_one, 0), _around(other, wide_other, 0),
                      _around(gap, wide_gap, -1), p)  # fmt: skip


def _around(value: float, wide: float, least: float) -> Interval:
    reach = _WIDE * wide
    return Interval(value, max(value - reach, least), min(value + reach, 1.0))
