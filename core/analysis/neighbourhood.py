"""Which films of a set are like one another: the nearest of one film, by picture or by report."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplorerError

Features = NDArray[np.floating]


class Nearest(NamedTuple):
    """Rows (k,) by falling cosine, and the cosines (k,) in -1..1."""

    rows: NDArray[np.int64]
    cosines: NDArray[np.float64]


def nearest(features: Features, row: int, k: int) -> Nearest:
    """The rows most like one row, that row itself left out; equals in the order of the rows.

    One product with all rows, so that the cost is linear in them.

    Args:
        features: (M, d) of any length; rows with NaN (a film that cannot be read, a study without
            a report) are nobody's neighbours.
        row: in 0..M-1.
        k: at least 1; fewer come where there are fewer.

    Raises:
        ExplorerError: the row itself has no features.

    >>> nearest(np.array([[1.0, 0], [0, 2], [3, 0], [1, 1]]), 0, 2).rows.tolist()
    [2, 3]
    """
    query = features[row]
    if not np.isfinite(query).all() or not query.any():
        raise ExplorerError(
            f"Study {row + 1} of the set has nothing to compare: its film cannot be read, or it "
            "has no report; choose another study."
        )
    lengths = np.sqrt(np.einsum("md,md->m", features, features, dtype=np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines = (features @ query) / (lengths * np.sqrt(query @ query))
    there = np.isfinite(cosines)
    there[row] = False
    candidates = np.flatnonzero(there)
    if k < len(candidates):  # all that are as near as the k-th, so that equals come in order
        reached = -np.partition(-cosines[candidates], k - 1)[k - 1]
        candidates = candidates[cosines[candidates] >= reached]
    order = np.argsort(-cosines[candidates], kind="stable")[:k]
    rows = candidates[order]
    return Nearest(rows, cosines[rows].clip(-1, 1))


def report_features(
    reports: Sequence[Sequence[str]], sentences: Sequence[str], features: Features
) -> NDArray[np.float64]:
    """One direction a report: the mean of its sentences' directions (M, d); NaN without one.

    Args:
        reports: the sentences of each study.
        sentences: those that a text tower has read, each once.
        features: theirs (S, d).
    """
    place = {text: number for number, text in enumerate(sentences)}
    directions = features / np.linalg.norm(features, axis=1, keepdims=True)
    means = np.full((len(reports), directions.shape[1]), np.nan)
    for row, report in enumerate(reports):
        chosen = [place[text] for text in report if text in place]
        if chosen:
            means[row] = directions[chosen].mean(axis=0)
    return means


@dataclass(frozen=True)
class Neighbours:
    """The films most like one film, by one of its sides."""

    by: str  # "image" or "report"
    nearest: Nearest

    def to_json(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """study, row and cosine of each, the nearest first."""
        return [
            {"study": ids[row], "row": int(row), "cosine": float(cosine)}
            for row, cosine in zip(*self.nearest, strict=True)
        ]

    def table(self, ids: Sequence[str]) -> str:
        """One film a line."""
        lines = [f"Nearest by {self.by}, cosine:"]
        lines += [f"  {told['cosine']:.3f}  {told['study']}" for told in self.to_json(ids)]
        return "\n".join(lines if len(lines) > 1 else [*lines, "  no other film to compare"])
