"""Does a map show what the model learned of this text on this film? Three tests it must not pass by
staying the same.

Each changes what a map is about, and asks how alike the maps before and after are. A map that stays
is a picture of something else: of edges, of where films are dense, of the middle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from core.analysis.scored import SetIdentity
from core.errors import ExplorerError
from core.evaluation.report import figure_json
from core.metrics.bootstrap import Interval, mean_draws, resamples

Array = NDArray[np.float64]

TESTS: dict[str, str] = {
    "weights": "weight randomisation",
    "prompt": "prompt swap",
    "image": "image swap",
}
"""Tests, and how a stamp names them."""
ALIKE = 0.5
"""A test is passed where the rank correlation's interval lies wholly below."""

_SIDE = 28  # maps finer than this are compared on a grid of this side
_SMOOTH = 1.5  # SSIM's window, in cells


@dataclass(frozen=True)
class Alike:
    """How alike maps before and after a change are; means over cases with 95 % intervals."""

    rank: Interval  # Spearman's rank correlation
    ssim: Interval  # structural similarity (Wang et al., 2004)
    n: int

    @property
    def passed(self) -> bool:
        """Whether the maps changed: the rank correlation lies below ALIKE, with its interval."""
        return bool(self.rank.high < ALIKE)

    def to_json(self) -> dict[str, Any]:
        """passed, rank and ssim as figures, n."""
        return {"passed": self.passed, "rank": figure_json(self.rank),
                "ssim": figure_json(self.ssim), "n": self.n}  # fmt: skip


@dataclass(frozen=True)
class Stamp:
    """What the tests say of one map: by test, how alike it stayed."""

    alike: Mapping[str, Alike]

    @property
    def failed(self) -> tuple[str, ...]:
        """Tests that were not passed."""
        return tuple(name for name, one in self.alike.items() if not one.passed)

    @property
    def text(self) -> str:
        """In a few words, as it stands beside a map.

        >>> low, high = (Alike(Interval(v, v, v), Interval(v, v, v), 9) for v in (0.1, 0.9))
        >>> Stamp({"weights": low, "prompt": high, "image": low}).text
        'sanity: fails prompt swap'
        >>> Stamp({"weights": low, "prompt": low, "image": low}).text
        'sanity: passed 3 of 3'
        """
        if not self.failed:
            return f"sanity: passed {len(self.alike)} of {len(self.alike)}"
        return f"sanity: fails {', '.join(TESTS[name] for name in self.failed)}"

    def to_json(self) -> dict[str, Any]:
        """By test, and the text."""
        return {"text": self.text, **{name: one.to_json() for name, one in self.alike.items()}}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Stamp":
        """What `to_json` gave; `KeyError`, `TypeError` or `ValueError` where it did not."""
        return cls({
            name: Alike(_figure(values[name]["rank"]), _figure(values[name]["ssim"]),
                        int(values[name]["n"]))
            for name in TESTS
        })  # fmt: skip


def _figure(values: Mapping[str, Any]) -> Interval:
    numbers = (values["value"], values["low"], values["high"])
    return Interval(*(float("nan") if number is None else float(number) for number in numbers))


@dataclass(frozen=True)
class SanityReport:
    """What `python -m core sanity` prints and writes.

    Attributes:
        stamps: by map in words, such as `gradcam:layercam:local:lrclr`.
        steps: by map, (what is shuffled, how alike) from the top to the bottom.
        failed: by map, why it could not be made.
    """

    identity: SetIdentity
    films: int
    stamps: Mapping[str, Stamp]
    steps: Mapping[str, Sequence[tuple[str, Alike]]]
    failed: Mapping[str, str]
    seed: int

    def to_json(self) -> dict[str, Any]:
        """set, films, rule, seed, methods {map: stamp and cascade} and failed {map: why}."""
        methods = {
            name: {**stamp.to_json(),
                   "cascade": [{"shuffled": what, **one.to_json()}
                               for what, one in self.steps[name]]}
            for name, stamp in self.stamps.items()
        }  # fmt: skip
        return {
            "set": self.identity.to_json(), "films": self.films, "alike": ALIKE, "seed": self.seed,
            "methods": methods, "failed": dict(self.failed),
        }  # fmt: skip

    def table(self) -> str:
        """One line a map: rank correlation in each test, and its stamp."""
        lines = [f"{'map':34} {'all weights shuffled':>21} {'another finding':>21} "
                 f"{'another film':>21}  stamp"]  # fmt: skip
        for name, stamp in self.stamps.items():
            figures = (stamp.alike[test].rank for test in TESTS)
            told = (f"{value:+.2f} [{low:+.2f} {high:+.2f}]" for value, low, high in figures)
            lines.append(f"{name:34} {' '.join(f'{one:>21}' for one in told)}  {stamp.text}")
        lines += [f"{name:34} not made: {why}" for name, why in self.failed.items()]
        lines.append(
            "Rank correlation of the map with the one before; passed where its interval lies below "
            f"{ALIKE}. n = {self.films} films; 95 % bootstrap intervals over patients."
        )
        return "\n".join(lines)


def rank_correlation(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Spearman's of two maps (h, w); 0 where one of them is flat and has no order.

    >>> rank_correlation(np.array([[1.0, 2], [3, 4]]), np.array([[1.0, 2], [3, 40]]))
    1.0
    """
    from scipy.stats import rankdata  # a second, which pages that read kept stamps do not wait for

    ranks = [rankdata(coarse(one)) for one in (first, second)]
    if min(np.ptp(one) for one in ranks) == 0:
        return 0.0
    return float(np.clip(np.corrcoef(*ranks)[0, 1], -1, 1).round(12))


def structural_similarity(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """SSIM of two maps (h, w), each scaled to 0..1 first, with a Gaussian window."""
    x, y = (_scaled(coarse(one)) for one in (first, second))

    def mean(values: Array) -> Array:
        return np.asarray(gaussian_filter(values, _SMOOTH, mode="nearest"))

    mx, my = mean(x), mean(y)
    vx, vy, both = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    one, two = 0.01**2, 0.03**2
    top = (2 * mx * my + one) * (2 * both + two)
    return float((top / ((mx**2 + my**2 + one) * (vx + vy + two))).mean())


def coarse(values: NDArray[np.floating]) -> Array:
    """A map (h, w) on a grid of 28 cells a side at most: no method is favoured by fine noise."""
    given = np.asarray(values, np.float64)
    if max(given.shape) <= _SIDE:
        return given
    smooth = gaussian_filter(given, [side / _SIDE / 2 for side in given.shape])
    return np.asarray(zoom(smooth, [min(_SIDE / side, 1) for side in given.shape], order=1))


def _scaled(values: Array) -> Array:
    spread = np.ptp(values)
    return (values - values.min()) / spread if spread else np.zeros_like(values)


def alike(
    pairs: Sequence[tuple[NDArray[np.floating], NDArray[np.floating]]],
    patients: NDArray[np.int64], n_bootstrap: int = 1000, seed: int = 0,
) -> Alike:  # fmt: skip
    """How alike the maps of each pair are, over cases.

    Args:
        patients: (n,), of each pair.

    Raises:
        ExplorerError: there is no pair.
    """
    if not pairs:
        raise ExplorerError("There is no map to compare; choose a set with labels of findings.")
    weights = resamples(len(pairs), n_bootstrap, seed, patients)
    rank = np.array([rank_correlation(*pair) for pair in pairs])
    ssim = np.array([structural_similarity(*pair) for pair in pairs])
    return Alike(mean_draws(rank, weights).interval(), mean_draws(ssim, weights).interval(),
                 len(pairs))  # fmt: skip
