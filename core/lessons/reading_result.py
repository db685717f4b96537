"""What came of a reading: everybody's figure of merit and curve, the class's, and the model's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.metrics.bootstrap import Interval
from core.metrics.froc import (
    Array,
    FilmMark,
    JudgedFilm,
    Mask,
    Readout,
    Weighing,
    class_merit,
    curve,
    judge,
    mean_curve,
    readout,
    sampled_merit,
)
from core.records.reading import ReaderMarks

ReaderKind = Literal["class", "student", "model"]


@dataclass(frozen=True)
class ReaderResult:
    """One reader of all films, or the mean of the class.

    Attributes:
        name: nickname, map, or "class".
        merit: area under the wAFROC (AFROC where it was asked for) with its interval over films.
        hits: lesions that have a mark; of the class its mean.
        beside: films without a lesion that have a mark; of the class their mean.
        curve: operating points, (P,) shares of films without and (P,) of lesions.
    """

    name: str
    kind: ReaderKind
    merit: Interval
    hits: float
    beside: float
    curve: tuple[Array, Array]


@dataclass(frozen=True)
class ReadingResult:
    """A reading held against its truth.

    Attributes:
        readers: the class where somebody finished, students by their figure, then maps.
        unfinished: nickname and how many films they read.
    """

    films: int
    with_lesions: int
    lesions: int
    weighing: Weighing
    readers: tuple[ReaderResult, ...]
    unfinished: tuple[tuple[str, int], ...] = ()

    @property
    def area(self) -> str:
        """What the figures are the area under."""
        return "wAFROC" if self.weighing == "film" else "AFROC"

    @property
    def leaderboard(self) -> list[tuple[int, ReaderResult]]:
        """Place and reader, students and maps, the best first; who has as much has the same."""
        ranked = sorted(
            (one for one in self.readers if one.kind != "class"),
            key=lambda one: (-np.nan_to_num(one.merit.value, nan=-1.0), one.name),
        )
        values = [one.merit.value for one in ranked]
        return [(1 + sum(v > one.merit.value for v in values), one) for one in ranked]


def judged(
    marks: Sequence[Sequence[FilmMark]], truth: Sequence[Sequence[Mask]]
) -> list[JudgedFilm]:
    """A reader's films held against their lesions, both film by film."""
    return [judge(own, lesions) for own, lesions in zip(marks, truth, strict=True)]


def reading_result(
    truth: Sequence[Sequence[Mask]],
    students: Mapping[str, ReaderMarks],
    maps: Mapping[str, Sequence[Sequence[FilmMark]]],
    weighing: Weighing = "film",
) -> ReadingResult:
    """Everybody's figures.

    Args:
        truth: film by film its lesions.
        students: by nickname; who did not read all films has no figure.
        maps: by name, film by film.
    """
    count = len(truth)
    finished = {name: own for name, own in students.items() if len(own) == count}
    films = {name: judged([own[n] for n in range(count)], truth) for name, own in finished.items()}
    people = [_result(name, "student", one, weighing) for name, one in films.items()]
    people.sort(key=lambda one: (-np.nan_to_num(one.merit.value, nan=-1.0), one.name))
    machines = [_result(name, "model", judged(own, truth), weighing) for name, own in maps.items()]
    whole = [_class(people, [readout(one) for one in films.values()], weighing)] if people else []
    late = sorted((name, len(own)) for name, own in students.items() if name not in finished)
    return ReadingResult(
        count, sum(bool(own) for own in truth), sum(len(own) for own in truth), weighing,
        (*whole, *people, *machines), tuple(late),
    )  # fmt: skip


def _result(
    name: str, kind: ReaderKind, films: Sequence[JudgedFilm], weighing: Weighing
) -> ReaderResult:
    ratings = readout(films)
    hits = sum(int(np.isfinite(own).sum()) for own in ratings.lesions)
    beside = int(np.isfinite(ratings.without).sum())
    return ReaderResult(name, kind, sampled_merit(ratings, weighing).interval(), hits, beside,
                        curve(ratings, weighing))  # fmt: skip


def _class(
    people: Sequence[ReaderResult], ratings: Sequence[Readout], weighing: Weighing
) -> ReaderResult:
    hits, beside = (float(np.mean([getattr(one, name) for one in people]))
                    for name in ("hits", "beside"))  # fmt: skip
    return ReaderResult("class", "class", class_merit(ratings, weighing).interval(), hits, beside,
                        mean_curve(ratings, weighing))  # fmt: skip
