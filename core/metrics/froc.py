"""Free-response reading: marks with a place and a confidence, held against lesions (wAFROC, AFROC).

A reader marks what looks suspicious and says how sure they are. The figure of merit is the area
under the weighted AFROC (Chakraborty, Observer Performance Methods for Diagnostic Imaging, 2017):
how often a lesion is rated above the highest mark on a film without one, lesions of a film counting
one together. No mark at all is a rating below every mark: who marks nothing has 0.5, who marks
films without a lesion and no lesion has 0. AFROC (JAFROC) counts every lesion as one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, label

from core.metrics.bootstrap import Sampled, average, resamples
from core.metrics.localisation import TOLERANCE

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Weighing = Literal["film", "lesion"]
"""What counts as one: a film with lesions (wAFROC), or every lesion (AFROC)."""

UNMARKED = -np.inf
DRAWS = 2000


@dataclass(frozen=True)
class FilmMark:
    """A place on a film and how sure somebody is of it."""

    x: float  # share of the film's width, 0 to 1 from its left
    y: float  # share of its height, 0 to 1 from its top
    confidence: float  # any scale; more is surer


@dataclass(frozen=True)
class JudgedFilm:
    """One film's marks, held against its lesions.

    Attributes:
        lesions: (L,) the highest confidence of a mark on each lesion, UNMARKED without one; L is 0
            on a film without the finding.
        beside: the highest confidence of a mark on no lesion, UNMARKED without one.
        on: for each mark the number of its lesion, -1 for none.
    """

    lesions: Array
    beside: float
    on: tuple[int, ...] = ()


def lesions_of(mask: Mask | None) -> list[Mask]:
    """The parts of a mask (H, W) that do not touch; each is a lesion.

    >>> [int(part.sum()) for part in lesions_of(np.array([[True, False, True, True]]))]
    [1, 2]
    """
    if mask is None:
        return []
    parts, count = label(mask, np.ones((3, 3)))
    return [parts == number + 1 for number in range(count)]


def judge(
    marks: Sequence[FilmMark], lesions: Sequence[Mask], tolerance: float = TOLERANCE
) -> JudgedFilm:
    """Hold marks against lesions: a mark is the nearest lesion's within the tolerance.

    Args:
        lesions: masks (H, W).
        tolerance: of the longer side, from the lesion's edge.

    >>> lesion = np.zeros((10, 10), bool)
    >>> lesion[4:6, 4:6] = True
    >>> judge([FilmMark(0.5, 0.5, 3), FilmMark(0.1, 0.1, 5)], [lesion])
    JudgedFilm(lesions=array([3.]), beside=5, on=(0, -1))
    """
    best, beside, on = np.full(len(lesions), UNMARKED), UNMARKED, []
    distances = [distance_transform_edt(~lesion) for lesion in lesions]
    for mark in marks:
        nearest, least = -1, np.inf
        for number, distance in enumerate(distances):
            rows, columns = distance.shape
            row, column = min(int(mark.y * rows), rows - 1), min(int(mark.x * columns), columns - 1)
            away = float(distance[row, column])
            if away <= tolerance * max(rows, columns) and away < least:
                nearest, least = number, away
        on.append(nearest)
        if nearest < 0:
            beside = max(beside, mark.confidence)
        else:
            best[nearest] = max(best[nearest], mark.confidence)
    return JudgedFilm(best, beside, tuple(on))


@dataclass(frozen=True)
class Readout:
    """One reader's ratings over a set of films.

    Attributes:
        without: (K1,) the highest rating on each film without a lesion.
        lesions: of each of K2 films with lesions, (L,) the rating of each lesion.
        weights: as `lesions`; each film's sum to 1. By default all of a film weigh the same.
    """

    without: Array
    lesions: tuple[Array, ...]
    weights: tuple[Array, ...] = ()

    def weighed(self) -> tuple[Array, ...]:
        """The weights of the lesions, film by film."""
        return self.weights or tuple(np.full(len(own), 1 / len(own)) for own in self.lesions)


def readout(films: Sequence[JudgedFilm]) -> Readout:
    """Ratings of a reader who read all these films."""
    without = np.array([film.beside for film in films if not len(film.lesions)])
    return Readout(without, tuple(film.lesions for film in films if len(film.lesions)))


def _wins(ratings: Readout, weighing: Weighing) -> Array:
    """(K2, K1): by how much the lesions of a film with some beat a film without."""
    wins = np.zeros((len(ratings.lesions), len(ratings.without)))
    for row, (own, weights) in enumerate(zip(ratings.lesions, ratings.weighed(), strict=True)):
        counted = weights if weighing == "film" else np.ones(len(own))
        above = own[:, None] > ratings.without[None, :]
        even = own[:, None] == ratings.without[None, :]
        wins[row] = counted @ (above + 0.5 * even)
    return wins


def figure_of_merit(ratings: Readout, weighing: Weighing = "film") -> float:
    """The area under the wAFROC, or under the AFROC; NaN without films of both kinds.

    >>> ratings = Readout(np.array([1.0, UNMARKED]), (np.array([2.0]), np.array([UNMARKED])))
    >>> figure_of_merit(ratings)  # a hit beats both films, a miss is even with the unmarked one
    0.625
    """
    counts = _counts(ratings, weighing)
    if not len(ratings.without) or not counts.sum():
        return float("nan")
    return float(_wins(ratings, weighing).mean(axis=1).sum() / counts.sum())


def _counts(ratings: Readout, weighing: Weighing) -> Array:
    if weighing == "film":
        return np.ones(len(ratings.lesions))
    return np.array([float(len(own)) for own in ratings.lesions])


def sampled_merit(
    ratings: Readout, weighing: Weighing = "film", draws: int = DRAWS, seed: int = 0
) -> Sampled:
    """The figure with bootstrap draws; films with lesions and without are drawn by themselves.

    Readers of the same films take the same draws, so that they can be compared.
    """
    value = figure_of_merit(ratings, weighing)
    if np.isnan(value):
        return Sampled(value, np.full(1, np.nan))
    with_some = resamples(len(ratings.lesions), draws, seed).astype(float)
    without = resamples(len(ratings.without), draws, seed + 1).astype(float)
    sums = ((with_some @ _wins(ratings, weighing)) * without).sum(axis=1)
    counts = with_some @ _counts(ratings, weighing)
    return Sampled(value, sums / (counts * len(ratings.without)))


def class_merit(readers: Sequence[Readout], weighing: Weighing = "film") -> Sampled:
    """The mean figure of some readers of the same films; these readers, other such films."""
    return average([sampled_merit(one, weighing) for one in readers])


def curve(ratings: Readout, weighing: Weighing = "film") -> tuple[Array, Array]:
    """The operating points, (P,) and (P,), from (0, 0) to (1, 1).

    Returns:
        Share of films without a lesion that have a mark, and share of lesions that have one, as the
        confidence that counts as a mark falls; straight on to (1, 1) from where marks end.
    """
    values = np.concatenate(ratings.lesions) if ratings.lesions else np.zeros(0)
    weights = np.concatenate(ratings.weighed()) if ratings.lesions else np.zeros(0)
    counted = weights if weighing == "film" else np.ones(len(values))
    levels = np.unique(np.concatenate([values, ratings.without]))[::-1]
    levels = levels[levels > UNMARKED]
    across = [float((ratings.without >= level).mean()) for level in levels]
    total = max(counted.sum(), 1e-12)
    up = [float(counted[values >= level].sum() / total) for level in levels]
    return np.array([0.0, *across, 1.0]), np.array([0.0, *up, 1.0])


def mean_curve(readers: Sequence[Readout], weighing: Weighing = "film") -> tuple[Array, Array]:
    """Readers' curves averaged upwards at every share of films without; its area is their mean."""
    curves = [curve(one, weighing) for one in readers]
    at = np.unique(np.concatenate([across for across, _ in curves]))
    # A curve jumps: at such a share it has a lower and an upper end, and so has the mean.
    lower = np.mean([_ends(across, up, at, "left") for across, up in curves], axis=0)
    upper = np.mean([_ends(across, up, at, "right") for across, up in curves], axis=0)
    return np.repeat(at, 2), np.column_stack([lower, upper]).ravel()


def _ends(across: Array, up: Array, at: Array, side: Literal["left", "right"]) -> Array:
    """Heights of a curve at shares `at`: where it jumps, before (left) or after (right)."""
    heights = np.interp(at, across, up)
    place = np.searchsorted(across, at, side=side) - (side == "right")
    exact = across[np.clip(place, 0, len(across) - 1)] == at
    return np.where(exact, up[np.clip(place, 0, len(up) - 1)], heights)
