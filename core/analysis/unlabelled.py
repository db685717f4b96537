"""Films to look at where there are no labels: who disagrees with whom about which film.

A report with its own film, two models, or two scores of one model. None of them is the truth; where
they disagree one of them is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation.report import figure_json
from core.metrics.bootstrap import Draws, Interval, Sampled, interval, mean_draws, resampled_parts
from core.studies.sentences import normalise_sentence

Array = NDArray[np.float64]

_OTHERS = 400  # films that a sentence is tried on besides its own
_AT_ONCE = 512  # sentences


@dataclass(frozen=True)
class Doubt:
    """A sentence of a report, and how it suits its own film among others that do not say it."""

    row: int
    sentence: str
    cosine: float
    better: Interval  # share of other films that it suits better, with a binomial (Wilson) interval
    others: int

    def to_json(self, ids: Sequence[str]) -> dict[str, Any]:
        """id, sentence, cosine, better and others."""
        return {"id": ids[self.row], "sentence": self.sentence, "cosine": self.cosine,
                "better": figure_json(self.better), "others": self.others}  # fmt: skip


@dataclass(frozen=True)
class ReportDoubts:
    """Sentences of a set's reports, those that suit other films best first."""

    doubts: tuple[Doubt, ...]
    mean: Interval  # share of other films that suit better, over all sentences; 0.5 is chance
    films: int
    patients: int

    def to_json(self, ids: Sequence[str]) -> dict[str, Any]:
        """mean, films, patients, and sentences."""
        return {"mean": figure_json(self.mean), "films": self.films, "patients": self.patients,
                "sentences": [one.to_json(ids) for one in self.doubts]}  # fmt: skip

    def table(self, ids: Sequence[str], top: int = 10) -> str:
        """The first few, a line each."""
        value, low, high = self.mean
        lines = [
            f"{len(self.doubts)} sentences of {self.films} reports. Of the films that do not say "
            f"it, {100 * value:.1f} % suit a sentence better than its own "
            f"[{100 * low:.1f} {100 * high:.1f}] (50 % is chance). Those to look at first:"
        ]
        for one in self.doubts[:top]:
            share, least, most = (100 * figure for figure in one.better)
            lines.append(
                f'  {ids[one.row]}: "{one.sentence}" suits {share:.0f} % [{least:.0f} {most:.0f}] '
                f"of {one.others} others better"
            )
        return "\n".join(lines)


def report_doubts(
    reports: Sequence[Sequence[str]],
    images: NDArray[np.floating],
    sentences: Sequence[str],
    texts: NDArray[np.floating],
    patients: NDArray[np.int64],
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> ReportDoubts:
    """Which sentences suit other films better than the film they were written of.

    Args:
        reports: the sentences of each of n films.
        images: (n, d), unit length; NaN where a film cannot be read, which is left out.
        sentences: every sentence of the reports that counts, once.
        texts: (S, d), theirs, unit length.
        patients: (n,); films of the same patient are no others.
        seed: of the films that sentences are tried on, and of the resamples.
    """
    readable = np.isfinite(images[:, 0])
    others = np.random.default_rng(seed).permutation(np.flatnonzero(readable))[:_OTHERS]
    place = {sentence: number for number, sentence in enumerate(sentences)}
    said = [{normalise_sentence(text) for text in reports[row]} for row in others.tolist()]
    pairs = [(row, place[text]) for row in np.flatnonzero(readable).tolist()
             for text in dict.fromkeys(reports[row]) if text in place]  # fmt: skip
    pairs.sort(key=lambda pair: pair[1])
    doubts: list[Doubt] = []
    for start in range(0, len(pairs), _AT_ONCE):
        chunk = pairs[start : start + _AT_ONCE]
        rows, columns = (np.array(side, np.int64) for side in zip(*chunk, strict=True))
        own = (images[rows] * texts[columns]).sum(axis=1)
        higher = images[others] @ texts[columns].T > own  # (others, pairs)
        for number, (row, column) in enumerate(chunk):
            plain = normalise_sentence(sentences[column])
            silent = np.array([plain not in told for told in said], bool)
            silent &= patients[others] != patients[row]
            if silent.any():
                share = _wilson(int(higher[silent, number].sum()), int(silent.sum()))
                doubts.append(Doubt(int(row), sentences[column], float(own[number]), share,
                                    int(silent.sum())))  # fmt: skip
    doubts.sort(key=lambda one: (-one.better.low, -one.better.value, one.row))
    return _summed(doubts, patients, n_bootstrap, seed)


def _summed(
    doubts: list[Doubt], patients: NDArray[np.int64], n_bootstrap: int, seed: int
) -> ReportDoubts:
    rows = np.array([one.row for one in doubts], np.int64)
    shares = np.array([one.better.value for one in doubts])
    parts = resampled_parts(len(rows), n_bootstrap, seed, patients[rows]) if doubts else iter(())
    drawn = [mean_draws(shares, part).draws for part in parts]
    mean = float(shares.mean()) if doubts else float("nan")
    figure = interval(mean, np.concatenate(drawn) if drawn else np.full(1, np.nan))
    return ReportDoubts(tuple(doubts), figure, len(set(rows)), len(set(patients[rows])))


def _wilson(hits: int, n: int, z: float = 1.959964) -> Interval:
    share, square = hits / n, z * z / n
    centre, reach = share + square / 2, z * np.sqrt(share * (1 - share) / n + square / (4 * n))
    return Interval(share, float((centre - reach) / (1 + square)),
                    float((centre + reach) / (1 + square)))  # fmt: skip


@dataclass(frozen=True)
class Disagreement:
    """Two scores of one finding over the same films."""

    finding: str
    n: int
    correlation: Interval  # of ranks (Spearman)
    rows: tuple[int, ...]  # films, the furthest apart first
    apart: tuple[float, ...]  # of the second's rank less the first's, -1..1

    def to_json(self, ids: Sequence[str]) -> dict[str, Any]:
        """finding, n, correlation, and films with how far apart."""
        films = [{"id": ids[row], "apart": gap}
                 for row, gap in zip(self.rows, self.apart, strict=True)]  # fmt: skip
        return {"finding": self.finding, "n": self.n,
                "correlation": figure_json(self.correlation), "films": films}  # fmt: skip

    def line(self, ids: Sequence[str], top: int = 3) -> str:
        """The correlation and the first few films."""
        value, low, high = self.correlation
        first = list(zip(self.rows, self.apart, strict=True))[:top]
        films = ", ".join(f"{ids[row]} ({100 * gap:+.0f})" for row, gap in first)
        return f"{self.finding:26} {self.n:6d} {value:6.3f} [{low:.3f} {high:.3f}]  {films}"


def disagreement(
    finding: str, first: Array, second: Array, patients: NDArray[np.int64],
    n_bootstrap: int = 1000, seed: int = 0,
) -> Disagreement:  # fmt: skip
    """Rank the films by both scores (n,); NaN in either leaves a film out."""
    from scipy.stats import rankdata

    rows = np.flatnonzero(np.isfinite(first) & np.isfinite(second))
    one, two = ((rankdata(side[rows]) - 0.5) / len(rows) for side in (first, second))
    drawn = [
        _correlations(one, two, part)
        for part in resampled_parts(len(rows), n_bootstrap, seed, patients[rows])
    ]
    whole = _correlations(one, two, np.ones((1, len(rows)), np.int32))
    figure = Sampled(float(whole[0]), np.concatenate(drawn)).interval()
    order = np.argsort(-np.abs(two - one), kind="stable")
    return Disagreement(finding, len(rows), figure, tuple(map(int, rows[order])),
                        tuple(map(float, (two - one)[order])))  # fmt: skip


def _correlations(one: Array, two: Array, weights: Draws) -> Array:
    """Pearson's correlation in each resample (r, n); NaN where nothing varies.

    Of the ranks among all films: within a resample they are not counted again.
    """
    sides = np.column_stack([np.ones_like(one), one, two, one**2, two**2, one * two])
    n, a, b, aa, bb, ab = (weights @ sides).T
    spread = np.sqrt(np.maximum(n * aa - a * a, 0) * np.maximum(n * bb - b * b, 0))
    return np.divide(n * ab - a * b, spread, out=np.full(len(n), np.nan), where=spread > 1e-12)
