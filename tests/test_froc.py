"""Marks held against lesions: the published worked examples, and the definition written out."""

import itertools

import numpy as np
import pytest

from core.metrics.froc import (
    UNMARKED,
    FilmMark,
    Readout,
    class_merit,
    curve,
    figure_of_merit,
    judge,
    lesions_of,
    mean_curve,
    readout,
    sampled_merit,
)


def _rated(*values: float) -> np.ndarray:
    return np.array(values, float)


BOOK = Readout(
    _rated(UNMARKED, 0.5, 0.7, -0.3),
    (_rated(0.9), _rated(-0.2), _rated(1.6, UNMARKED), _rated(3, 2), _rated(1, 2.5, 1)),
    (_rated(1), _rated(1), _rated(0.1, 0.9), _rated(0.9, 0.1), _rated(0.3, 0.4, 0.3)),
)
"""Chakraborty, RJafrocFrocBook, chapter Empirical plots: UtilFigureOfMerit of RJafroc says
wAFROC 0.7425 and AFROC 0.8472222, and these operating points."""
PYTHON = Readout(
    _rated(0.1, 0.4, 3, 0.4),
    (_rated(0.2), _rated(0.5, 0.3), _rated(2, 3, 1), _rated(4), _rated(1)),
)
"""Chakraborty, PyJafroc, test-foms-froc.py: wAfroc 0.6583333333333334, all lesions alike."""


def test_the_published_examples_come_out() -> None:
    assert figure_of_merit(BOOK) == pytest.approx(0.7425, abs=1e-12)
    assert figure_of_merit(BOOK, "lesion") == pytest.approx(0.8472222, abs=5e-8)
    assert figure_of_merit(PYTHON) == pytest.approx(0.6583333333333334, abs=1e-15)
    across, up = curve(BOOK)
    points = {(round(x, 3), round(y, 3)) for x, y in zip(across, up, strict=True)}
    assert {(0, 0.18), (0, 0.26), (0, 0.28), (0, 0.3), (0, 0.42), (0, 0.62), (0.25, 0.62),
            (0.5, 0.62), (0.5, 0.82), (0.75, 0.82), (1.0, 1.0)} <= points  # fmt: skip
    heights = {round(value, 3) for value in curve(BOOK, "lesion")[1]}
    assert heights == {0, 0.111, 0.222, 0.333, 0.444, 0.667, 0.778, 0.889, 1}


def _random(rng: np.random.Generator) -> Readout:
    def some(count: int) -> np.ndarray:
        values = rng.integers(1, 6, count).astype(float)
        values[rng.random(count) < 0.3] = UNMARKED
        return values

    return Readout(
        some(int(rng.integers(2, 7))),
        tuple(some(int(rng.integers(1, 4))) for _ in range(int(rng.integers(2, 7)))),
    )


def _plain(ratings: Readout, weighing: str) -> float:
    """The definition, pair by pair."""
    total = counted = 0.0
    for own in ratings.lesions:
        weight = 1 / len(own) if weighing == "film" else 1.0
        counted += weight * len(own)
        for lesion, other in itertools.product(own, ratings.without):
            total += weight * (1.0 if lesion > other else 0.5 if lesion == other else 0.0)
    return total / (counted * len(ratings.without))


def _area(across: np.ndarray, up: np.ndarray) -> float:
    return float(np.trapezoid(up, across))


def test_the_figure_is_the_definition_and_the_area_under_its_curve() -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        ratings = _random(rng)
        for weighing in ("film", "lesion"):
            figure = figure_of_merit(ratings, weighing)
            assert figure == pytest.approx(_plain(ratings, weighing))
            assert figure == pytest.approx(_area(*curve(ratings, weighing)))


def test_the_mean_of_curves_has_the_mean_of_their_areas() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        readers = [_random(rng) for _ in range(4)]
        across, up = mean_curve(readers)
        assert (np.diff(across) >= 0).all() and (np.diff(up) >= -1e-12).all()
        mean = np.mean([figure_of_merit(one) for one in readers])
        assert _area(across, up) == pytest.approx(mean)
        assert class_merit(readers).value == pytest.approx(mean)


def test_readers_at_the_ends() -> None:
    without, lesions = np.full(3, UNMARKED), (np.full(1, UNMARKED),) * 2
    assert figure_of_merit(Readout(without, lesions)) == 0.5  # marked nothing
    assert figure_of_merit(Readout(np.ones(3), lesions)) == 0  # nothing but wrong marks
    assert figure_of_merit(Readout(without, (np.ones(1),) * 2)) == 1
    assert np.isnan(figure_of_merit(Readout(np.ones(3), ())))
    assert np.isnan(sampled_merit(Readout(np.zeros(0), lesions)).interval().low)


def test_intervals_hold_their_figure_and_shrink_with_films() -> None:
    rng = np.random.default_rng(2)

    def width(films: int) -> float:
        lesions = tuple(rng.normal(1, 1, 1) for _ in range(films))
        figure = sampled_merit(Readout(rng.normal(0, 1, films), lesions)).interval()
        assert figure.low < figure.value < figure.high
        return figure.high - figure.low

    narrow, wide = width(400), width(25)
    assert wide / narrow == pytest.approx(4, rel=0.35)  # the root of 16


def test_a_mark_belongs_to_the_nearest_lesion_in_reach() -> None:
    mask = np.zeros((100, 200), bool)
    mask[10:20, 10:20] = True
    mask[10:20, 24:40] = True
    first, second = lesions_of(mask)
    assert first.sum() == 100 and second.sum() == 160
    places = [(0.1075, 0.15, 2), (0.06, 0.15, 4), (0.21, 0.15, 3), (0.9, 0.9, 5), (1.0, 1.0, 1)]
    marks = [FilmMark(*place) for place in places]
    film = judge(marks, [first, second])
    assert film.on == (0, 0, 1, -1, -1)
    assert film.lesions.tolist() == [4, 3] and film.beside == 5
    assert judge([FilmMark(0.13, 0.27, 1)], [first, second]).on == (
        -1,
    )  # 8 pixels off, 6 are allowed
    assert judge([FilmMark(0.07, 0.24, 1)], [first, second]).on == (0,)
    none = judge([], [])
    assert none.beside == UNMARKED and not len(none.lesions) and lesions_of(None) == []
    ratings = readout([film, none, judge([FilmMark(0.5, 0.5, 2)], [])])
    assert ratings.without.tolist() == [UNMARKED, 2] and len(ratings.lesions) == 1
