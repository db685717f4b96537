"""Slices that no column names: clusters of films that look alike and are wrong alike.

Half of the patients find them, by embedding and error together; the other half tests them. There a
film's cluster is told by its embedding alone: were its error asked, clusters of errors would have
more of them by construction. What is shown is then what holds of films that found nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.columns import Values
from core.analysis.scored import ScoredSet, SetIdentity
from core.analysis.shares import Difference, Shares, corrected
from core.analysis.slices import MIN_CASES
from core.analysis.threshold import Threshold
from core.errors import ExplorerError
from core.metrics.bootstrap import resampled_parts
from core.progress import Progress

Array = NDArray[np.float64]

_DIMENSIONS = 16  # of the embedding that clusters are sought in
_ERROR_WEIGHT = 0.5  # of the error against the whole embedding
_TOLD = 3  # columns and phrases of a cluster


@dataclass(frozen=True)
class Mark:
    """A value of a column that is commoner in a cluster, among the films that found it."""

    column: str
    value: str
    inside: float  # share of the cluster's films
    outside: float

    def to_json(self) -> dict[str, Any]:
        """column, value, inside and outside."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class FoundSlice:
    """A cluster and how it fares among the films that did not find it."""

    number: int
    found_n: int  # films of the finding half
    n: int  # films of the testing half
    compared: Difference | None  # share of films called wrongly, testing half; None if too few
    p_corrected: float
    marks: tuple[Mark, ...]
    phrases: tuple[str, ...]  # nearest to what sets its films apart
    ids: tuple[str, ...]  # of the testing half, nearest to the cluster's centre first

    def to_json(self) -> dict[str, Any]:
        """Everything; figures as {value, low, high}."""
        figures = self.compared.to_json() if self.compared else {}
        return {
            "number": self.number, "found_n": self.found_n, "n": self.n, **figures,
            "p_corrected": self.p_corrected, "marks": [mark.to_json() for mark in self.marks],
            "phrases": list(self.phrases), "studies": list(self.ids),
        }  # fmt: skip

    @property
    def description(self) -> str:
        """Columns and phrases in words."""
        marks = [f"{mark.column} {mark.value} ({100 * mark.inside:.0f} % against "
                 f"{100 * mark.outside:.0f} %)" for mark in self.marks]  # fmt: skip
        phrases = [f'near "{phrase}"' for phrase in self.phrases]
        return "; ".join(marks + phrases) or "no column sets it apart"


@dataclass(frozen=True)
class FoundSlices:
    """Clusters, the surest difference first."""

    identity: SetIdentity
    finding: str
    threshold: Threshold
    found_n: int
    tested_n: int
    slices: tuple[FoundSlice, ...]

    def to_json(self) -> dict[str, Any]:
        """finding, the sizes of both halves, and slices."""
        return {
            "finding": self.finding, "found_n": self.found_n, "tested_n": self.tested_n,
            "threshold": self.threshold.to_json(self.identity),
            "slices": [one.to_json() for one in self.slices],
        }  # fmt: skip

    def table(self) -> str:
        """One cluster a line, and what describes it."""
        halves = f"Clusters of {self.found_n} films, tested on {self.tested_n} others"
        lines = [f"{halves}, share called wrongly:"]
        for one in self.slices:
            if one.compared is None:
                continue
            value, low, high = one.compared.inside
            gap, least, most = one.compared.difference
            lines.append(
                f"  {one.number}: n {one.n}, {value:.3f} [{low:.3f} {high:.3f}], {gap:+.3f} "
                f"[{least:+.3f} {most:+.3f}] to the rest, p corrected {one.p_corrected:.2g}: "
                f"{one.description}"
            )
        small = sum(one.compared is None for one in self.slices)
        if small:
            lines.append(f"  Too few films among those that test: {small} of the clusters.")
        return "\n".join(lines)


def found_slices(
    scored: ScoredSet,
    finding: str,
    embedding: NDArray[np.floating],
    threshold: Threshold,
    columns: Mapping[str, Values],
    phrases: tuple[Sequence[str], NDArray[np.floating]] | None = None,
    count: int = 8,
    min_cases: int = MIN_CASES,
    n_bootstrap: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> FoundSlices:
    """Find clusters in one half of the patients and test them in the other.

    Args:
        embedding: (N, d) of the rows of the set.
        columns: values (N,) that describe clusters.
        phrases: texts and their embeddings (P, d), in the space of the images.
        count: clusters.
        min_cases: films of the testing half that a cluster needs.
        seed: of the halves, the clusters and the resamples.
        progress: called with (done, total) resamples.

    Raises:
        ExplorerError: too few films for so many clusters.
    """
    column = scored.column(finding)
    known = scored.known(finding)
    rows = scored.rows[known]
    wrong = (scored.scores[known, column] >= threshold.value) != (scored.truth[known, column] == 1)
    finds = _half(scored.patients[known], seed)
    if min(finds.sum(), (~finds).sum()) < count * 2:
        raise ExplorerError(
            f"'{scored.identity.spec}' has {len(rows)} films with a label of {finding}, too few "
            f"for {count} clusters; ask for fewer with --found."
        )
    features = np.asarray(embedding, np.float64)[rows]
    cluster, distance = _clusters(features, wrong, finds, count, seed)
    inside = cluster[:, None] == np.arange(count)
    tests = ~finds
    shares = Shares(wrong[tests, None], inside[tests], ~inside[tests])
    drawn = 0
    for part in resampled_parts(int(tests.sum()), n_bootstrap, seed, scored.patients[known][tests]):
        shares.add(part)
        drawn += len(part)
        if progress:
            progress(drawn, n_bootstrap)
    compared = [
        one if inside[tests, k].sum() >= min_cases else None
        for k, one in enumerate(shares.differences())
    ]
    adjusted = corrected(one.p if one else np.nan for one in compared)
    values = {name: told[rows] for name, told in columns.items()}
    ids = np.array(scored.ids, object)[known]
    told = []
    for k in range(count):
        members = np.flatnonzero(tests & inside[:, k])
        nearest = members[np.argsort(distance[members], kind="stable")]
        told.append(
            FoundSlice(
                k, int((finds & inside[:, k]).sum()), len(members), compared[k], adjusted[k],
                _marks(values, finds & inside[:, k], finds & ~inside[:, k]),
                _nearest(phrases, features, finds & inside[:, k], finds),
                tuple(map(str, ids[nearest])),
            )
        )  # fmt: skip
    told.sort(key=lambda one: (one.compared is None, one.compared.p if one.compared else 0.0))
    return FoundSlices(scored.identity, finding, threshold, int(finds.sum()), int(tests.sum()),
                       tuple(told))  # fmt: skip


def _half(patients: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    """Films of a random half of the patients, (n,)."""
    told, place = np.unique(patients, return_inverse=True)
    chosen = np.zeros(len(told), bool)
    chosen[np.random.default_rng(seed).permutation(len(told))[: len(told) // 2]] = True
    return chosen[place]


def _clusters(
    features: Array, wrong: NDArray[np.bool_], finds: NDArray[np.bool_], count: int, seed: int
) -> tuple[NDArray[np.int64], Array]:
    """Cluster of every film and its distance to the centre, (n,) each.

    Found with the error, told without it, of the finding half too, so that both are described by
    the same rule.
    """
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    dimensions = min(_DIMENSIONS, features.shape[1], int(finds.sum()) - 1)
    reduce = PCA(dimensions, svd_solver="randomized", random_state=seed).fit(features[finds])
    reduced = reduce.transform(features)
    reduced /= np.maximum(reduced[finds].std(axis=0), 1e-12)
    error = (wrong - wrong[finds].mean()) / max(float(wrong[finds].std()), 1e-12)
    error *= np.sqrt(_ERROR_WEIGHT * dimensions)
    both = np.column_stack([reduced, error])
    centres = KMeans(count, n_init=4, random_state=seed).fit(both[finds]).cluster_centers_[:, :-1]
    squared = (reduced**2).sum(axis=1)[:, None] - 2 * reduced @ centres.T + (centres**2).sum(axis=1)
    cluster = squared.argmin(axis=1)
    return cluster, squared[np.arange(len(cluster)), cluster]


def _marks(
    columns: Mapping[str, Values], inside: NDArray[np.bool_], outside: NDArray[np.bool_]
) -> tuple[Mark, ...]:
    """Values that are commoner inside by a tenth of the films or more, the most first."""
    marks = []
    for name, values in columns.items():
        for value in sorted(set(values[inside]) - {""}):
            within = float((values[inside] == value).mean())
            without = float((values[outside] == value).mean()) if outside.any() else 0.0
            if within - without >= 0.1:
                marks.append(Mark(name, str(value), within, without))
    return tuple(sorted(marks, key=lambda mark: mark.outside - mark.inside)[:_TOLD])


def _nearest(
    phrases: tuple[Sequence[str], NDArray[np.floating]] | None, features: Array,
    members: NDArray[np.bool_], finds: NDArray[np.bool_],
) -> tuple[str, ...]:  # fmt: skip
    """Phrases nearest to how the members differ from all films."""
    if phrases is None or not members.any():
        return ()
    texts, embedded = phrases
    apart = features[members].mean(axis=0) - features[finds].mean(axis=0)
    return tuple(texts[place] for place in np.argsort(-(embedded @ apart))[:_TOLD])
