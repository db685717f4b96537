"""Which lesions does a map find? Hit rate and IoU against size, shape, number and confidence.

The questions of CheXlocalize (Saporta et al., Nature Machine Intelligence 2022): maps are said to
be worse on small lesions, on long and irregular ones, and where the model is less sure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from core.analysis.scored import SetIdentity
from core.analysis.shares import corrected, two_sided
from core.evaluation.report import figure_json
from core.metrics.bootstrap import Interval, interval, resamples
from core.progress import Progress

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

QUESTIONS: dict[str, str] = {
    "area": "share of the film that the finding covers",
    "elongation": "long by short side of the narrowest rectangle around its largest part",
    "irregularity": "share of that rectangle that is not the finding",
    "number": "parts that do not touch",
    "confidence": "rank of the film's score among all films of the set, 0 to 1",
}
"""What hits and overlap are held against."""
MEASURED: dict[str, str] = {"pointing_game": "hit", "iou": "IoU"}
_SURE = 0.05


def shape_of(mask: Mask) -> dict[str, float]:
    """area, elongation, irregularity and number of a mask (H, W) that is not empty.

    >>> square = np.zeros((10, 10), bool)
    >>> square[2:4, 2:8] = True
    >>> {key: round(value, 6) for key, value in shape_of(square).items()}
    {'area': 0.12, 'elongation': 3.0, 'irregularity': 0.0, 'number': 1.0}
    """
    parts, count = label(mask, np.ones((3, 3)))
    largest = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
    long, short = _narrowest_rectangle(largest)
    return {
        "area": float(mask.mean()), "elongation": long / short,
        "irregularity": max(1 - float(largest.sum()) / (long * short), 0.0),
        "number": float(count),
    }  # fmt: skip


def _narrowest_rectangle(mask: Mask) -> tuple[float, float]:
    """Long and short side, in pixels, of the rectangle of least area around a mask's pixels."""
    from scipy.spatial import ConvexHull  # no page that names these questions waits for it

    rows, columns = np.nonzero(mask)
    # Pixels have corners: one row of them is a rectangle one pixel wide, not a line.
    corners = np.concatenate([np.column_stack([columns + dx, rows + dy])
                              for dx in (0, 1) for dy in (0, 1)]).astype(float)  # fmt: skip
    hull = corners[ConvexHull(corners).vertices]
    edges = np.diff(np.vstack([hull, hull[:1]]), axis=0)
    along = edges / np.linalg.norm(edges, axis=1, keepdims=True)  # (E, 2), each edge once
    across = np.column_stack([-along[:, 1], along[:, 0]])
    widths = [np.ptp(hull @ axes.T, axis=0) for axes in (along, across)]
    best = int(np.argmin(widths[0] * widths[1]))
    sides = sorted((float(widths[0][best]), float(widths[1][best])))
    return sides[1], sides[0]


@dataclass(frozen=True)
class LesionCases:
    """n cases of a film and a finding that is there.

    Attributes:
        questions: by QUESTIONS (n,).
        measured: by map, by MEASURED, (n,) of 0 to 1.
    """

    identity: SetIdentity
    findings: NDArray[np.object_]
    patients: NDArray[np.int64]
    questions: Mapping[str, Array]
    measured: Mapping[str, Mapping[str, Array]]


@dataclass(frozen=True)
class Relation:
    """Spearman's rank correlation of what a map reaches with one property of the case."""

    finding: str  # "" for all cases
    method: str
    measure: str
    question: str
    n: int
    rank: Interval
    p: float  # of zero; then corrected for all that is told

    def to_json(self) -> dict[str, Any]:
        """Everything; the correlation as {value, low, high}, p corrected."""
        return {
            "finding": self.finding or None, "method": self.method, "measure": self.measure,
            "question": self.question, "n": self.n, "spearman": figure_json(self.rank),
            "p_corrected": self.p,
        }  # fmt: skip


@dataclass(frozen=True)
class LesionReport:
    """What `python -m core lesions` prints and writes."""

    cases: LesionCases
    relations: tuple[Relation, ...]

    def to_json(self) -> dict[str, Any]:
        """set, n, patients, questions in words and relations."""
        return {
            "set": self.cases.identity.to_json(), "n": len(self.cases.patients),
            "patients": len(np.unique(self.cases.patients)), "questions": QUESTIONS,
            "relations": [one.to_json() for one in self.relations],
        }  # fmt: skip

    def table(self) -> str:
        """One line a map and question, of all cases; findings are in the JSON."""
        lines = [f"{'map':30} {'against':13} {'hit':>23} {'IoU':>23}"]
        whole = {(one.method, one.question, one.measure): one
                 for one in self.relations if not one.finding}  # fmt: skip
        for method in self.cases.measured:
            for question in QUESTIONS:
                told = (_figure(whole[method, question, measure]) for measure in MEASURED)
                lines.append(f"{method:30} {question:13} {' '.join(f'{t:>23}' for t in told)}")
        lines.append(
            f"Spearman's rank correlation; n = {len(self.cases.patients)} cases of "
            f"{len(np.unique(self.cases.patients))} patients; 95 % bootstrap intervals over "
            f"patients; * p, corrected for all that is told, below {_SURE}. Findings differ in "
            "size and in how well they are found: the JSON has each alone."
        )
        return "\n".join(lines)


def _figure(one: Relation) -> str:
    value, low, high = one.rank
    return f"{value:+.2f} [{low:+.2f} {high:+.2f}]{'*' if one.p < _SURE else ' '}"


def lesion_report(
    cases: LesionCases, min_cases: int = 20, n_bootstrap: int = 1000, seed: int = 0,
    progress: Progress | None = None,
) -> LesionReport:  # fmt: skip
    """Correlate what each map reaches with each question, over all cases and by finding.

    Args:
        min_cases: of a finding that is told alone.
        progress: called with (done, total) groups of cases.
    """
    names, counts = np.unique(cases.findings.astype(str), return_counts=True)
    groups = ["", *(str(name) for name in names[counts >= min_cases])]
    told: list[Relation] = []
    for done, group in enumerate(groups, start=1):
        rows = np.flatnonzero((cases.findings == group) | (group == ""))
        drawn = resamples(len(rows), n_bootstrap, seed, cases.patients[rows])
        for method, measures in cases.measured.items():
            for measure in MEASURED:
                reached = measures[measure][rows]
                asked = np.stack([cases.questions[question][rows] for question in QUESTIONS])
                value = spearman(reached, asked)
                draws = np.stack([spearman(np.repeat(reached, w), np.repeat(asked, w, axis=1))
                                  for w in drawn])  # fmt: skip
                told += [
                    Relation(group, method, measure, question, len(rows),
                             interval(float(value[k]), draws[:, k]),
                             two_sided(float(value[k]), draws[:, k]))
                    for k, question in enumerate(QUESTIONS)
                ]  # fmt: skip
        if progress:
            progress(done, len(groups))
    adjusted = corrected(one.p for one in told)
    return LesionReport(
        cases, tuple(replace(one, p=p) for one, p in zip(told, adjusted, strict=True))
    )


def spearman(values: Array, others: Array) -> Array:
    """Rank correlation (K,) of values (n,) with each of others (K, n); NaN where one is constant.

    >>> spearman(np.array([1.0, 2, 3]), np.array([[10.0, 20, 25], [3, 2, 1], [1, 1, 1]])).tolist()
    [1.0, -1.0, nan]
    """
    from scipy.stats import rankdata  # as above: a second of reading

    first = rankdata(values) - (len(values) + 1) / 2
    second = rankdata(others, axis=1) - (len(values) + 1) / 2
    length = np.sqrt((first**2).sum() * (second**2).sum(axis=1))
    unknown = np.full(len(others), np.nan)
    return np.divide(second @ first, length, out=unknown, where=length > 0)


def as_cases(
    identity: SetIdentity, rows: Sequence[tuple[str, int]], patients: NDArray[np.int64],
    shapes: Sequence[Mapping[str, float]], confidence: Array,
    measured: Mapping[str, Mapping[str, Array]],
) -> LesionCases:  # fmt: skip
    """Cases by finding and row of a set.

    Args:
        patients: (N,), of the set's rows.
        shapes: of each case, as `shape_of`.
        confidence: (n,), of each case.
    """
    questions = {key: np.array([shape[key] for shape in shapes])
                 for key in QUESTIONS if key != "confidence"}  # fmt: skip
    return LesionCases(
        identity, np.array([finding for finding, _ in rows], object),
        patients[[row for _, row in rows]], {**questions, "confidence": confidence}, measured,
    )  # fmt: skip
