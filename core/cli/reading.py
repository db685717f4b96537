"""`python -m core reading ...`: films that a class marks before it sees a model's marks."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from core.cli.common import StderrProgress
from core.errors import ExplorerError

if TYPE_CHECKING:
    from core.lessons.reading_result import ReadingResult
    from core.records.reading import ReaderMarks, ReadingSet
    from core.records.reading_book import ReadingBook

app = typer.Typer(
    help="Read against the model: a class marks films, then sees its marks (docs/teaching.md).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
Weighing = Annotated[
    Literal["film", "lesion"], typer.Option(help="What counts as one: wAFROC, or AFROC (JAFROC).")
]
Id = Annotated[str, typer.Argument(help="Its id, or the beginning; by default the newest.")]
Data = Annotated[str, typer.Option(help="Study set.")]
Finding = Annotated[str, typer.Option(help="What is looked for.")]
Films = Annotated[int, typer.Option(help="How many; half of them have the finding.")]
Seed = Annotated[int, typer.Option(min=0, help="Other films for another number.")]
Model = Annotated[str, typer.Option(help="Whose marks the class is held against.")]


@app.command("open")
def open_command(
    data: Data = "", finding: Finding = "", films: Films = 12, seed: Seed = 0, model: Model = "demo"
) -> None:
    """Open a reading: students find it on the page Lessons."""
    from core.lessons.reading_films import FILMS, FINDING, choose_films
    from core.records.reading_book import ReadingBook
    from core.specs import open_studies

    studies = open_studies(data or FILMS)
    rows = choose_films(studies, finding or FINDING, films, seed)
    begun = ReadingBook().open(data or FILMS, finding or FINDING, rows, model)
    print(f"{begun.id[:8]} is open: {len(rows)} films of {begun.spec}, {begun.finding}.")


@app.command("close")
def close_command(reading: Id = "") -> None:
    """Take no more marks."""
    _move(reading, "closed")


@app.command("show")
def show_command(reading: Id = "") -> None:
    """Let everybody see truth, marks and figures; for good."""
    _move(reading, "shown")


@app.command("list")
def list_command() -> None:
    """Every reading and how far the class is."""
    from core.records.reading_book import ReadingBook

    book = ReadingBook()
    for one in book.readings():
        readers = book.marks(one.id).values()
        done = sum(len(own) == len(one.rows) for own in readers)
        films = f"{one.finding}, {len(one.rows)} films of {one.spec}, model {one.model}"
        print(f"{one.id[:8]}  {one.stage:8}{one.opened[:16]}  {films}; {done} of {len(readers)} "
              "readers are done")  # fmt: skip


@app.command("forget")
def forget_command(
    reading: Id = "",
    yes: Annotated[bool, typer.Option("--yes", help="Needed, since it is for good.")] = False,
) -> None:
    """Delete a reading with everybody's marks."""
    from core.records.reading_book import ReadingBook

    if not yes:
        raise ExplorerError("This deletes a reading and its marks for good; add --yes.")
    book = ReadingBook()
    one = _named(book, reading)
    book.forget(one.id)
    print(f"{one.id[:8]} and its marks are deleted.")


@app.command("result")
def result_command(reading: Id = "", weighing: Weighing = "film") -> None:
    """The figures of a reading, as the page shows them: class, students, model, Grad-CAM."""
    from core.records.class_book import ClassBook
    from core.records.reading_book import ReadingBook

    book = ReadingBook()
    one = _named(book, reading)
    names = {student.id: student.nickname for student in ClassBook().students()}
    marks = {names[student]: own for student, own in book.marks(one.id).items() if student in names}
    _print(_result(one.spec, one.rows, one.finding, one.model, marks, weighing))


@app.command("machine")
def machine_command(
    data: Data = "", finding: Finding = "", films: Films = 12, seed: Seed = 0,
    model: Model = "demo", weighing: Weighing = "film",
) -> None:  # fmt: skip
    """What the model and the best Grad-CAM reach on films that nobody has read."""
    from core.lessons.reading_films import FILMS, FINDING, choose_films
    from core.specs import open_studies

    spec, finding = data or FILMS, finding or FINDING
    rows = choose_films(open_studies(spec), finding, films, seed)
    _print(_result(spec, rows, finding, model, {}, weighing))


def _result(
    spec: str, rows: Sequence[int], finding: str, model: str, students: "Mapping[str, ReaderMarks]",
    weighing: Literal["film", "lesion"],
) -> "ReadingResult":  # fmt: skip
    from core.inference.predictor import load_predictor
    from core.lessons.map_marks import METHODS, map_title, model_marks
    from core.lessons.reading_films import lesions
    from core.lessons.reading_result import reading_result
    from core.specs import open_studies

    studies, predictor = open_studies(spec), load_predictor(model)
    marks = model_marks(predictor, studies, rows, finding, METHODS, StderrProgress("Marking"))
    maps = {map_title(name): own for name, own in marks.items()}
    truth = [lesions(studies, finding, row) for row in rows]
    return reading_result(truth, students, maps, weighing)


def _named(book: "ReadingBook", name: str) -> "ReadingSet":
    fitting = [one for one in book.readings() if one.id.startswith(name)]
    if not fitting:
        raise ExplorerError("There is no such reading; `python -m core reading list` has them all.")
    return fitting[0]


def _move(name: str, stage: "Literal['closed', 'shown']") -> None:
    from core.records.reading_book import ReadingBook

    book = ReadingBook()
    one = _named(book, name)
    book.move(one.id, stage)
    print(f"{one.id[:8]} is {stage}.")


def _print(result: "ReadingResult") -> None:
    area, clear = result.area, result.films - result.with_lesions
    print(f"{result.films} films, {result.with_lesions} with {result.lesions} lesions; area under "
          f"the {area}, 95 % interval over films")  # fmt: skip
    for one in result.readers:
        merit = f"{one.merit.value:.2f} ({one.merit.low:.2f}-{one.merit.high:.2f})"
        print(f"  {one.kind:8}{one.name:26}{merit}  {one.hits:.1f} of {result.lesions} lesions, "
              f"marks on {one.beside:.1f} of {clear} films without")  # fmt: skip
    for name, films in result.unfinished:
        print(f"  {name} read {films} of {result.films} films")
