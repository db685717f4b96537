"""A class reads films against the model: films, marks of maps, the book, figures, commands."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import ExplorerError
from core.inference.predictor import load_predictor
from core.lessons.map_marks import map_marks, map_peaks, map_title, model_marks
from core.lessons.reading_films import choose_films, lesions
from core.lessons.reading_result import reading_result
from core.metrics.froc import FilmMark
from core.records.class_book import ClassBook
from core.records.reading import checked_marks, marks_json
from core.records.reading_book import ReadingBook
from core.specs import open_studies

FILMS, FINDING = "phantom:n=24,seed=90", "Lung Lesion"


@pytest.fixture
def books(tmp_path: Path) -> Iterator[tuple[ClassBook, ReadingBook]]:
    url = f"sqlite:///{tmp_path}/notes.sqlite"
    opened = ClassBook(url), ReadingBook(url)
    yield opened
    for one in opened:
        one.engine.dispose()


def test_half_of_the_films_have_a_lesion_with_a_place() -> None:
    studies = open_studies(FILMS)
    rows = choose_films(studies, FINDING, 6, seed=0)
    assert len(set(rows)) == 6 and rows == choose_films(studies, FINDING, 6, 0)
    with_one = [bool(lesions(studies, FINDING, row)) for row in rows]
    assert sum(with_one) == 3 and with_one != sorted(with_one)
    assert [studies.labels[FINDING][row] for row in rows] == with_one
    assert rows != choose_films(studies, FINDING, 6, seed=1)
    with pytest.raises(ExplorerError, match="half of each"):
        choose_films(studies, FINDING, 24, 0)
    with pytest.raises(ExplorerError, match="does not say"):
        choose_films(studies, "Cough", 6, 0)


def test_peaks_are_a_map_s_highest_places_apart_from_each_other() -> None:
    y, x = np.mgrid[0:100, 0:100]
    heat = 4 * np.exp(-((y - 20) ** 2 + (x - 30) ** 2) / 50) + 3 * np.exp(
        -((y - 70) ** 2 + (x - 80) ** 2) / 50
    )
    heat[72, 85] = heat[70, 80] * 0.999  # a bump on a peak's side is no mark of its own
    assert [(row, column) for row, column, _ in map_peaks(heat)] == [(20, 30), (70, 80)]
    heat[90, 10] = 1.9  # below half of the highest
    first, second = map_marks(heat, 2.0)
    assert (first.x, first.y, first.confidence) == (0.305, 0.205, 2.0)
    assert second.confidence == pytest.approx(2 + np.log(3 / 4))
    plateau = np.zeros((50, 50))
    plateau[10:14, 10:14] = 1
    assert len(map_peaks(plateau)) == 1 and map_peaks(np.ones((9, 9))) == []


def test_the_model_s_marks_are_peaks_of_what_it_shows() -> None:
    studies, predictor = open_studies(FILMS), load_predictor("demo")
    rows = choose_films(studies, FINDING, 4, seed=0)[:2]
    marks = model_marks(predictor, studies, rows, FINDING, ["lrclr", "gradcam"])
    assert [map_title(name).split(" (")[0] for name in marks] == ["LRCLR regions", "Grad-CAM"]
    for row, own in zip(rows, marks["lrclr"], strict=True):
        shape = studies.image(row).shape
        images = predictor.images(studies, row).encoding
        shown = predictor.regions(images, ["lung nodule"], (shape[0], shape[1]))
        scores = [mark.confidence for mark in own]
        assert scores == sorted(scores, reverse=True) and 1 <= len(own) <= 3
        boxes = [shown.boxes[n] for n in range(len(shown.boxes))]
        x, y = own[0].x * shape[1], own[0].y * shape[0]
        assert any(b[0] - 9 <= x <= b[0] + b[2] + 9 and b[1] - 9 <= y <= b[1] + b[3] + 9
                   for b in boxes)  # fmt: skip


def test_marks_are_kept_by_film_until_the_reading_is_closed(books: Any) -> None:
    people, book = books
    (one, _), (two, _) = people.join("one"), people.join("two")
    begun = book.open(FILMS, FINDING, [3, 1, 2], "demo")
    with pytest.raises(ExplorerError, match="open already"):
        book.open(FILMS, FINDING, [1], "demo")
    book.mark(begun.id, one.id, 0, [FilmMark(0.1, 0.2, 3)])
    book.mark(begun.id, one.id, 0, [FilmMark(0.5, 0.5, 5), FilmMark(0.25, 0.5, 1)])
    book.mark(begun.id, one.id, 2, [])
    book.mark(begun.id, two.id, 1, [])
    assert book.marks(begun.id) == {
        one.id: {0: (FilmMark(0.5, 0.5, 5), FilmMark(0.25, 0.5, 1)), 2: ()}, two.id: {1: ()},
    }  # fmt: skip
    with pytest.raises(ExplorerError, match="no film 4"):
        book.mark(begun.id, one.id, 3, [])
    people.remove([two.id])
    assert list(book.marks(begun.id)) == [one.id]
    with pytest.raises(ExplorerError, match="not in this class"):
        book.mark(begun.id, two.id, 1, [])
    book.move(begun.id, "closed")
    with pytest.raises(ExplorerError, match="closed"):
        book.mark(begun.id, one.id, 1, [])
    book.move(begun.id, "open")
    book.move(begun.id, "shown")
    with pytest.raises(ExplorerError, match="would have seen"):
        book.move(begun.id, "open")
    latest = book.latest()
    assert latest is not None and (latest.stage, latest.rows) == ("shown", (3, 1, 2))
    people.remove()
    assert book.readings() == [] and book.marks(begun.id) == {}


@pytest.mark.parametrize("told", [
    7, [[0.5, 0.5]], [[0.5, 0.5, 6]], [[0.5, 0.5, 2.5]], [[-0.1, 0.5, 2]], [["0", 0, 1]],
    [[0.5, 0.5, True]], [[float("nan"), 0.5, 1]], [[0.5, 0.5, 1]] * 13,
])  # fmt: skip
def test_what_is_no_mark_is_refused(told: Any) -> None:
    with pytest.raises(ExplorerError, match="no marks"):
        checked_marks(told)
    assert marks_json(checked_marks([[0.5, 0.25, 4]])) == [[0.5, 0.25, 4.0]]


def test_figures_of_students_class_and_maps() -> None:
    mask = np.zeros((100, 100), bool)
    mask[40:60, 40:60] = True
    truth = [[mask], [], [mask], []]
    on, off = FilmMark(0.5, 0.5, 4), FilmMark(0.1, 0.1, 2)
    told = reading_result(
        truth, {"sure": {0: (on,), 1: (), 2: (on,), 3: ()}, "late": {0: (on,)},
                "wild": {0: (off,), 1: (off,), 2: (on,), 3: (off,)}},
        {"LRCLR regions": [[on], [off], [off], [off]]},
    )  # fmt: skip
    assert (told.films, told.with_lesions, told.lesions, told.area) == (4, 2, 2, "wAFROC")
    values = {one.name: one.merit.value for one in told.readers}
    assert values == {"class": 0.75, "sure": 1.0, "wild": 0.5, "LRCLR regions": 0.5}
    assert told.unfinished == (("late", 1),)
    assert [(place, one.name) for place, one in told.leaderboard] == [
        (1, "sure"), (2, "LRCLR regions"), (2, "wild"),
    ]  # fmt: skip
    whole = told.readers[0]
    assert (whole.hits, whole.beside) == (1.5, 1.0)
    assert np.trapezoid(whole.curve[1], whole.curve[0]) == pytest.approx(0.75)


def test_commands_open_close_show_and_print_what_the_page_shows(run: Any) -> None:
    said = ["--data", FILMS, "--films", "4"]
    code, out, _ = run("reading", "open", *said)
    assert code == 0 and "4 films of" in out
    assert run("reading", "open", *said)[0] == 2
    book = ReadingBook()
    latest = book.latest()
    assert latest is not None
    student, _ = ClassBook().join("one")
    studies = open_studies(FILMS)
    for film, row in enumerate(latest.rows):
        masks = lesions(studies, FINDING, row)
        middles = [np.argwhere(mask).mean(axis=0) / mask.shape for mask in masks]
        own = [FilmMark(float(x), float(y), 5) for y, x in middles]
        book.mark(latest.id, student.id, film, own)
    assert "1 of 1 readers are done" in run("reading", "list")[1]
    told = run("reading", "result")[1]
    assert "student one                       1.00 (1.00-1.00)" in told and "model   LRCLR" in told
    assert "AFROC" in run("reading", "machine", *said, "--weighing", "lesion")[1]
    assert run("reading", "close")[0] == 0 and run("reading", "show")[0] == 0
    assert run("reading", "forget")[0] == 2 and run("reading", "forget", "--yes")[0] == 0
    assert run("reading", "show")[0] == 2 and book.readings() == []
