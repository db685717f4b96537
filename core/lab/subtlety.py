"""Nodules that radiologists outlined and rated, placed in a CT: what does a model see of each?

A reader's *subtlety* was rated on CT slices, from 1 (extremely subtle) to 5 (obvious); the model
reads their projection, where ribs and heart lie over them. Each nodule has a twin of the same pose
and noise without it, and the same poses serve every band of subtlety.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from core.ct.outlines import OutlinedNodule, outline_solid, read_outlined
from core.ct.placed import place_outlined
from core.ct.scan import CtScan, Pose
from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.lab.answer import LabAnswer, on_target, read
from core.metrics.auc import roc_auc
from core.metrics.bootstrap import Interval, interval, resamples
from core.phantom.render import Rendering
from core.progress import Progress

Array = NDArray[np.float64]
TEXT = "lung nodule"
BANDS: tuple[tuple[str, float, float], ...] = (
    ("1 to 2", 0.0, 2.5), ("3", 2.5, 3.5), ("4", 3.5, 4.5), ("5", 4.5, 6.0)
)  # fmt: skip
"""Bands of the readers' mean rating; of 1 alone there are six nodules."""
_READERS = 3  # at least, so that a mean is one
_SIZE = 224


@dataclass(frozen=True)
class SubtletyBand:
    """The nodules of one band, n of them."""

    name: str
    subtlety: Array  # (n,), mean rating
    diameter_mm: Array  # (n,)
    score: Array  # (n, 2), without and with
    weight: Array  # (n, 2), share of all weight on the nodule's place, without and with

    def auc(self, draws: int = 1000, seed: int = 0) -> Interval:
        """Films with a nodule against those without."""

        def of(rows: NDArray[np.int64]) -> float:
            truth = np.repeat([0.0, 1.0], len(rows))
            return roc_auc(truth, self.score[rows].T.ravel())

        return self._over(of, draws, seed)

    def rise(self, draws: int = 1000, seed: int = 0) -> Interval:
        """Mean of the score with the nodule less that of its twin."""
        return self._over(lambda rows: float(np.diff(self.score[rows]).mean()), draws, seed)

    def weight_rise(self, draws: int = 1000, seed: int = 0) -> Interval:
        """Mean weight that the nodule draws to its place, above what the place has without it."""
        return self._over(lambda rows: float(np.diff(self.weight[rows]).mean()), draws, seed)

    def _over(self, figure: Any, draws: int, seed: int) -> Interval:
        n = len(self.score)
        drawn = [np.repeat(np.arange(n), times) for times in resamples(n, draws, seed)]
        return interval(figure(np.arange(n)), np.array([figure(rows) for rows in drawn]))


@dataclass(frozen=True)
class SubtletyCurve:
    """Detection against subtlety."""

    bands: tuple[SubtletyBand, ...]

    def correlation(self, draws: int = 1000, seed: int = 0) -> tuple[Interval, Interval]:
        """Spearman's rho of the score's rise with subtlety, and with diameter."""
        rise = np.concatenate([np.diff(band.score)[:, 0] for band in self.bands])
        told = [np.concatenate([getattr(band, name) for band in self.bands])
                for name in ("subtlety", "diameter_mm")]  # fmt: skip
        rows = [np.repeat(np.arange(len(rise)), t) for t in resamples(len(rise), draws, seed)]
        return tuple(
            interval(_rho(rise, one), np.array([_rho(rise[r], one[r]) for r in rows]))
            for one in told
        )  # type: ignore[return-value]  # of two

    def to_json(self) -> dict[str, Any]:
        """bands with n, median diameter, auc, rise and weight; rho with subtlety and diameter."""
        by_subtlety, by_size = self.correlation()
        return {
            "bands": [
                {"subtlety": band.name, "n": len(band.score),
                 "diameter_mm": float(np.median(band.diameter_mm)), "auc": list(band.auc()),
                 "rise": list(band.rise()), "weight_rise": list(band.weight_rise())}
                for band in self.bands
            ],
            "rho_subtlety": list(by_subtlety), "rho_diameter": list(by_size),
        }  # fmt: skip

    def table(self) -> str:
        """A line a band."""
        lines = [f"{'subtlety':>8} {'n':>4} {'mm':>5} {'AUC':>22} {'rise of the score':>24} "
                 f"{'weight drawn to it':>24}"]  # fmt: skip
        for band in self.bands:
            figures = " ".join(f"{_told(one):>23}" for one in
                               (band.auc(), band.rise(), band.weight_rise()))  # fmt: skip
            lines.append(f"{band.name:>8} {len(band.score):4} {np.median(band.diameter_mm):5.1f} "
                         f"{figures}")  # fmt: skip
        by_subtlety, by_size = self.correlation()
        lines.append(f"Spearman's rho of the rise with subtlety {_told(by_subtlety)}, with the "
                     f"diameter {_told(by_size)}.")  # fmt: skip
        lines.append(
            "Each nodule against its twin without it; 95 % bootstrap intervals over nodules, all "
            "in one patient's CT. mm: median diameter. Subtlety was rated on CT slices."
        )
        return "\n".join(lines)


def measure_subtlety(
    predictor: Predictor, scan: CtScan, database: Path, text: str = TEXT, n: int = 12,
    seed: int = 0, progress: Progress | None = None,
) -> SubtletyCurve:  # fmt: skip
    """Place n nodules of each band, and ask a model with and without.

    Raises:
        ExplorerError: the outlines cannot be read, a band has none, or the text is empty.
    """
    chosen = [_sample(read_outlined(database), band, n, seed) for band in BANDS]
    score = np.zeros((len(BANDS), n, 2))
    weight = np.zeros((len(BANDS), n, 2))
    for place in range(n):
        pose = _pose(seed, place)
        plain = scan.draw(pose, (), _SIZE)
        without = _ask(predictor, plain, text)
        for number, nodules in enumerate(chosen):
            rng = np.random.default_rng([seed, place, 7])  # one place for all bands
            solid = outline_solid(database, nodules[place].number)
            drawn = scan.draw(pose, [place_outlined(scan.chest, nodules[place], solid, rng)], _SIZE)
            answer, mask = _ask(predictor, drawn, text), drawn.masks["Lung Lesion"]
            score[number, place] = without.score, answer.score
            weight[number, place] = on_target(without, mask), on_target(answer, mask)
        if progress:
            progress(place + 1, n)
    return SubtletyCurve(tuple(
        SubtletyBand(
            band[0], np.array([one.subtlety for one in nodules]),
            np.array([one.diameter_mm for one in nodules]), score[number], weight[number],
        )
        for number, (band, nodules) in enumerate(zip(BANDS, chosen, strict=True))
    ))  # fmt: skip


def _sample(
    nodules: Sequence[OutlinedNodule], band: tuple[str, float, float], n: int, seed: int
) -> list[OutlinedNodule]:
    fits = [one for one in nodules
            if one.readers >= _READERS and band[1] <= one.subtlety < band[2]]  # fmt: skip
    if len(fits) < n:
        raise ExplorerError(
            f"Of subtlety {band[0]} there are {len(fits)} nodules that three readers saw, fewer "
            f"than {n}; ask for fewer."
        )
    order = np.random.default_rng([seed, 5]).permutation(len(fits))
    return [fits[int(index)] for index in order[:n]]


def _pose(seed: int, place: int) -> Pose:
    rng = np.random.default_rng([seed, place, 6])
    down, left = rng.normal(0, 0.6, 2)
    return Pose(float(np.clip(rng.normal(0, 2), -5, 5)), (float(down), float(left)),
                seed=int(rng.integers(2**31)))  # fmt: skip


def _ask(predictor: Predictor, drawn: Rendering, text: str) -> LabAnswer:
    encoding = predictor.encode_image(drawn.image.astype(np.float32))
    return read(predictor, encoding, drawn.image.shape, text)


def _rho(one: Array, other: Array) -> float:
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def _told(figure: Interval) -> str:
    return f"{figure.value:.3f} [{figure.low:.3f} {figure.high:.3f}]"
