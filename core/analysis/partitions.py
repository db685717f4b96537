"""Films by the values of their columns: partitions, alone and two columns at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from core.analysis.columns import Values

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

MIN_CASES = 20
"""Films that a slice needs, by default."""
MIN_CLASS = 10
"""Positive and negative films that an AUC needs."""


@dataclass(frozen=True)
class Partition:
    """Films by the values of a column or two: slice k has the values `names[k]`."""

    codes: Codes  # (n,), -1 for none
    names: list[tuple[tuple[str, str], ...]]
    lesion: bool  # only positive films have a value


def partition_of(columns: Mapping[str, Values], positive: Array, lesion: bool = False) -> Partition:
    names: list[tuple[tuple[str, str], ...]] = [()]
    codes = np.zeros(len(positive), np.int64)
    for column, values in columns.items():
        told, code = np.unique(values.astype(str), return_inverse=True)
        names = [(*name, (column, str(value))) for name in names for value in told]
        codes = codes * len(told) + code
    blank = np.array([any(not value for _, value in name) for name in names])
    codes = np.where(blank[codes], -1, codes)
    used = np.unique(codes[codes >= 0])
    place = np.full(len(names), -1)
    place[used] = np.arange(len(used))
    return Partition(np.where(codes < 0, -1, place[codes]), [names[k] for k in used], lesion)


def paired_partitions(
    columns: Mapping[str, Values], positive: Array, metric: str, min_cases: int
) -> Iterator[Partition]:
    """Columns two at a time, without the values that are too rare alone."""
    large = {}
    for name, values in columns.items():
        told, code = np.unique(values.astype(str), return_inverse=True)
        enough = [
            why_too_small(positive[code == k], metric, min_cases) == "" for k in range(len(told))
        ]
        large[name] = np.where(np.array(enough)[code], values, "")
    for first, second in combinations(large, 2):
        both = partition_of({first: large[first], second: large[second]}, positive)
        sizes = np.bincount(both.codes[both.codes >= 0], minlength=len(both.names))
        worth = [
            not why_too_small(positive[both.codes == k], metric, min_cases)
            and sizes[k] < min((large[column] == value).sum() for column, value in name)
            for k, name in enumerate(both.names)
        ]
        kept = np.flatnonzero(worth)
        if len(kept):
            place = np.full(len(both.names), -1)
            place[kept] = np.arange(len(kept))
            # The films of pairs that are left out stay in the rest: one slice without a name.
            codes = np.where(both.codes < 0, -1, place[both.codes])
            rest = (both.codes >= 0) & (codes < 0)
            names = [both.names[k] for k in kept]
            if rest.any():
                codes, names = np.where(rest, len(kept), codes), [*names, ()]
            yield Partition(codes, names, lesion=False)


def why_too_small(positive: Array, metric: str, min_cases: int, lesion: bool = False) -> str:
    """Why films with these labels (m,) say nothing; empty where they are enough."""
    n, positives = len(positive), int(positive.sum())
    if n < min_cases:
        return f"{n} of {min_cases} films"
    if metric == "auc" and (positives < MIN_CLASS or (not lesion and n - positives < MIN_CLASS)):
        return (
            f"{positives} with and {n - positives} without the finding, {MIN_CLASS} of each wanted"
        )
    return ""
