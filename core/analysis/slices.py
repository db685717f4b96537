"""Does a finding do worse in some films? Every slice with n, interval, and its difference.

Many slices are looked at, and some differ by chance: p is corrected for how many were tried, and a
slice with few films is told to be too small and not tried at all.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.columns import Values
from core.analysis.partitions import (
    MIN_CASES,
    Partition,
    paired_partitions,
    partition_of,
    why_too_small,
)
from core.analysis.scored import ScoredSet, SetIdentity
from core.analysis.shares import Difference, Shares, corrected
from core.analysis.slice_auc import SliceAuc
from core.analysis.threshold import Threshold
from core.errors import ExplorerError
from core.metrics.bootstrap import resampled_parts
from core.processes import cores
from core.progress import Progress

Array = NDArray[np.float64]

METRICS: dict[str, str] = {
    "auc": "area under the ROC curve within the slice",
    "error": "share of films called otherwise than labelled",
    "sensitivity": "share of the positive films that are called",
    "specificity": "share of the negative films that are not called",
}
"""What is measured in a slice."""

_SURE = 0.05
_LISTED = 25


@dataclass(frozen=True)
class Slice:
    """Films that share a value of a column, or of two."""

    values: tuple[tuple[str, str], ...]  # (column, value)
    n: int  # films that the metric counts
    positives: int
    compared: Difference | None  # None where it, or the rest, is too small
    p_corrected: float  # NaN there
    too_small: str  # why it says nothing; empty where it does

    @property
    def name(self) -> str:
        """Columns and values in words."""
        return ", ".join(f"{column} {value}" for column, value in self.values)

    def to_json(self) -> dict[str, Any]:
        """values {column: value}, n, positives, figures, p, p_corrected, too_small (or null)."""
        figures = self.compared.to_json() if self.compared else {}
        return {
            "values": dict(self.values), "n": self.n, "positives": self.positives, **figures,
            "p_corrected": self.p_corrected, "too_small": self.too_small or None,
        }  # fmt: skip


@dataclass(frozen=True)
class SliceReport:
    """Slices of one finding, those that differ most surely first, the too small ones last."""

    identity: SetIdentity
    finding: str
    metric: str
    threshold: Threshold | None
    n: int
    slices: tuple[Slice, ...]
    min_cases: int
    patients: int
    intervals: str = "bootstrap"  # how they were found, in the table's words

    @property
    def tried(self) -> int:
        """Slices that were compared: what p is corrected for."""
        return sum(one.compared is not None for one in self.slices)

    def to_json(self) -> dict[str, Any]:
        """Everything; figures as {value, low, high}."""
        return {
            "set": self.identity.to_json(),
            "finding": self.finding,
            "metric": self.metric,
            "threshold": self.threshold and self.threshold.to_json(self.identity),
            "n": self.n,
            "patients": self.patients,
            "tried": self.tried,
            "min_cases": self.min_cases,
            "slices": [one.to_json() for one in self.slices],
        }

    def table(self) -> str:
        """One line a slice."""
        tried = [one for one in self.slices if one.compared]
        small = [one for one in self.slices if not one.compared]
        lines = [f"{self.finding}, {self.metric}: {METRICS[self.metric]}."]
        if self.threshold:
            lines.append(f"Threshold {self.threshold.value:.4g}: "
                         f"{self.threshold.origin(self.identity)}.")  # fmt: skip
        lines.append(f"{'slice':44} {'n':>6} {'n+':>5} {'inside':>20} {'less the rest':>23} "
                     f"{'p':>8} {'corrected':>9}")  # fmt: skip
        lines += [_line(one) for one in tried[:_LISTED]]
        if len(tried) > _LISTED:
            lines.append(f"and {len(tried) - _LISTED} more, in the JSON.")
        worse = [one for one in tried if one.p_corrected < _SURE]
        lines.append(
            f"{len(worse)} of {self.tried} slices differ from the rest (p corrected below {_SURE})."
            if tried else "No slice has enough films to be compared."
        )  # fmt: skip
        if small:
            named = "; ".join(f"{one.name} ({one.too_small})" for one in small[:5])
            more = f"; and {len(small) - 5} more" if len(small) > 5 else ""
            lines.append(f"Too small to say anything: {named}{more}.")
        lines.append(f"n = {self.n} films of {self.patients} patients; 95 % {self.intervals} "
                     "intervals over patients.")  # fmt: skip
        return "\n".join(lines)


def _line(one: Slice) -> str:
    assert one.compared is not None
    value, low, high = one.compared.inside
    gap, least, most = one.compared.difference
    inside, gaps = f"{value:.3f} [{low:.3f} {high:.3f}]", f"{gap:+.3f} [{least:+.3f} {most:+.3f}]"
    return (f"{one.name[:44]:44} {one.n:6d} {one.positives:5d} {inside:>20} {gaps:>23} "
            f"{one.compared.p:8.2g} {one.p_corrected:9.2g}")  # fmt: skip


def members(one: Slice, columns: Mapping[str, Values]) -> NDArray[np.bool_]:
    """Which films (N,) of a set a slice names, by the columns that made it, lesions' among them."""
    return np.all([columns[column] == value for column, value in one.values], axis=0)


def check_metric(metric: str) -> None:
    """Refuse a metric that there is not.

    Raises:
        ExplorerError: naming those that there are.
    """
    if metric not in METRICS:
        raise ExplorerError(f"There is no metric '{metric}'; choose {', '.join(METRICS)}.")


def slice_report(
    scored: ScoredSet,
    finding: str,
    columns: Mapping[str, Values],
    lesions: Mapping[str, Values] | None = None,
    metric: str = "auc",
    threshold: Threshold | None = None,
    min_cases: int = MIN_CASES,
    pairs: bool = False,
    n_bootstrap: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> SliceReport:
    """Compare every slice with the rest of the films.

    Args:
        columns: values (N,) of the rows of the set, "" where not known.
        lesions: the same of the finding itself, known of positive films only; their AUC is against
            all negatives.
        threshold: that every metric but `auc` needs.
        min_cases: films that a slice needs among those that the metric counts.
        pairs: columns are also combined two at a time; slices that are too small already, and
            pairs that are no smaller than one of their two, are not combined.
        progress: called with (done, total) resamples.

    Raises:
        ExplorerError: no such metric, finding or column.
    """
    check_metric(metric)
    if metric != "auc" and threshold is None:
        raise ValueError(f"{metric} needs a threshold")
    counted, event = _counted(scored, finding, metric, threshold)
    positive = scored.truth[counted, scored.column(finding)]
    kept = {name: values[scored.rows][counted] for name, values in columns.items()}
    # A value that all counted films share has no rest to differ from.
    kept = {name: values for name, values in kept.items() if len({*values} - {""}) > 1}
    partitions = [partition_of({name: values}, positive) for name, values in kept.items()]
    if pairs:
        partitions += paired_partitions(kept, positive, metric, min_cases)
    if lesions and metric != "specificity":
        for name, values in lesions.items():
            own = np.where(positive == 1, values[scored.rows][counted], "")
            partitions.append(partition_of({name: own}, positive, lesion=True))
    if not partitions:
        raise ExplorerError(
            f"'{scored.identity.spec}' has no column of two values or more to slice by."
        )
    score = scored.scores[counted, scored.column(finding)]
    tallies = [_Tally(one, metric, positive, score, event, min_cases) for one in partitions]
    done, patients = 0, scored.patients[counted]
    with ThreadPoolExecutor(min(len(tallies), cores())) as threads:  # each has figures of its own
        for part in resampled_parts(len(score), n_bootstrap, seed, patients):
            for _ in threads.map(_Tally.add, tallies, repeat(part)):
                pass
            done += len(part)
            if progress:
                progress(done, n_bootstrap)
    slices = with_corrected_p([one for tally in tallies for one in tally.slices()])
    return SliceReport(scored.identity, finding, metric, None if metric == "auc" else threshold,
                       len(score), slices, min_cases, len(np.unique(patients)))  # fmt: skip


def _counted(
    scored: ScoredSet, finding: str, metric: str, threshold: Threshold | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Films (n,) that a metric counts, and of these which have what it counts."""
    column = scored.column(finding)
    truth, known = scored.truth[:, column], scored.known(finding)
    if metric == "sensitivity":
        known = truth == 1
    elif metric == "specificity":
        known = truth == 0
    if threshold is None:
        return known, np.zeros(int(known.sum()), bool)
    called = scored.scores[known, column] >= threshold.value
    right = called == (truth[known] == 1)
    return known, ~right if metric == "error" else right


class _Tally:
    """The slices of one partition, resample by resample."""

    def __init__(
        self, partition: Partition, metric: str, positive: Array, score: Array,
        event: NDArray[np.bool_], min_cases: int,
    ) -> None:  # fmt: skip
        self._partition = partition
        codes, names = partition.codes, partition.names
        inside = codes[:, None] == np.arange(len(names))
        self._n = inside.sum(axis=0)
        self._positives = (inside & (positive == 1)[:, None]).sum(axis=0)
        self._small = [why_too_small(positive[codes == k], metric, min_cases, partition.lesion)
                       for k in range(len(names))]  # fmt: skip
        self._figures: SliceAuc | Shares
        if metric == "auc":
            self._figures = SliceAuc(positive, score, codes, partition.lesion)
        else:
            outside = ~inside & (codes >= 0)[:, None]
            self._figures = Shares(event[:, None], inside, outside)

    def add(self, part: NDArray[np.int32]) -> None:
        self._figures.add(part)

    def slices(self) -> list[Slice]:
        """With p not corrected yet."""
        slices = []
        told = zip(self._partition.names, self._small, self._figures.differences(), strict=True)
        for k, (name, small, compared) in enumerate(told):
            if not small and np.isnan(compared.difference.value):
                small = "the rest has no film with the finding, or none without"
            if name:
                slices.append(Slice(name, int(self._n[k]), int(self._positives[k]),
                                    None if small else compared, float("nan"), small))  # fmt: skip
        return slices


def with_corrected_p(slices: list[Slice]) -> tuple[Slice, ...]:
    """With p corrected for all that were tried, the surest first, the too small last."""
    adjusted = corrected(one.compared.p if one.compared else np.nan for one in slices)
    told = [
        Slice(one.values, one.n, one.positives, one.compared, p, one.too_small)
        for one, p in zip(slices, adjusted, strict=True)
    ]
    return tuple(
        sorted(told, key=lambda one: (one.compared is None,
                                      one.compared.p if one.compared else 0.0, -one.n))
    )  # fmt: skip
