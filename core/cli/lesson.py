"""`python -m core lesson ...`: what lessons there are, what is wrong with one, and its probes."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.common import StderrProgress, check_out
from core.errors import ExplorerError

if TYPE_CHECKING:
    from core.lessons.fields import Field
    from core.lessons.lesson import Lesson

app = typer.Typer(
    help="Lessons of the app: Markdown files that a teacher writes (docs/lessons.md).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command("check")
def check_command(
    file: Annotated[list[Path], typer.Argument(help="Lessons, .md files.")],
) -> None:
    """Say what is wrong with a lesson's file, by line; exit code 1 where something is."""
    from core.lessons.library import parse_file

    wrong = 0
    for path in file:
        parsed = parse_file(path)
        for flaw in parsed.flaws:
            print(f"{path}:{flaw.line}: {flaw.text}")
        wrong += len(parsed.flaws)
        if parsed.lesson is not None:
            print(f"{path}: {_size(parsed.lesson)}; nothing is wrong.")
    if wrong:
        raise typer.Exit(1)


@app.command("list")
def list_command() -> None:
    """Every lesson in every language, and which of them cannot be shown."""
    from core.lessons.library import lesson_files, parse_file

    for file in lesson_files():
        parsed = parse_file(file.path)
        told = f"{len(parsed.flaws)} flaws: python -m core lesson check {file.path}"
        if parsed.lesson is not None:
            told = f"{parsed.lesson.number}. {parsed.lesson.title}: {_size(parsed.lesson)}"
        print(f"{file.language}  {file.name:20}{told}")


@app.command("blocks")
def blocks_command() -> None:
    """Everything that can be written in a lesson: front matter, pictures, probes, links."""
    from core.lessons.links import link_fields
    from core.lessons.parse import FRONT, QUESTION, SHOW
    from core.lessons.probes import PROBES
    from core.lessons.views import VIEWS

    _tell("Front matter", FRONT)
    _tell("\n```show", SHOW)
    for name, view in VIEWS.items():
        changes = f" Can be changed: {', '.join(view.changes)}." if view.changes else ""
        _tell(f"\nview: {name}. {view.about}{changes}", view.fields)
    _tell("\n```question", QUESTION)
    for name, probe in PROBES.items():
        _tell(f"\nprobe: {name}. {probe.about} Takes: {probe.answer}.", probe.fields)
    _tell("\n```link", link_fields())


@app.command("answer")
def answer_command(
    lesson: Annotated[str, typer.Argument(help="Name of a lesson, such as prompts.")],
    question: Annotated[str, typer.Argument(help="Id of its question.")],
    answer: Annotated[list[str], typer.Argument(help="A text, a number, a map, or what to tick.")],
    seed: Annotated[int, typer.Option(min=0, help="The student's own.")] = 0,
    language: Annotated[str, typer.Option(help="Two letters.")] = "en",
) -> None:
    """Check an answer as the page does, on the films of a student with this seed."""
    from core.inference.predictor import load_predictor
    from core.lessons.bench import plain_bench
    from core.lessons.library import lesson as lesson_named
    from core.lessons.library import pool
    from core.lessons.phrases import say
    from core.lessons.probes import PROBES, check_answer
    from core.specs import open_studies

    one = lesson_named(lesson, language)
    known = [asked.id for asked in one.questions()]
    if question not in known:
        raise ExplorerError(f"'{lesson}' asks no '{question}'; known: {', '.join(known)}.")
    asked = one.question(question)
    predictor, studies = load_predictor(one.model), pool(open_studies(one.films))
    predictor.encode_set(studies, StderrProgress("Encoding"))
    bench = plain_bench(predictor, studies, seed)
    kind = PROBES[asked.probe].answer
    checked = check_answer(asked, bench, _given(kind, answer))
    print(("Right. " if checked.passed else "Not yet. ")
          + say(language, checked.told, checked.figures))  # fmt: skip
    for what, figure in checked.table:
        print(f"  {what:50}{figure}")
    for film in checked.films:
        print(f"  {studies.study_id(film.row)}: {say(language, film.told, film.figures)}")


@app.command("class")
def class_command() -> None:
    """Who is where, and the questions, the worst first."""
    from core.lessons.class_tally import gains, worst_first
    from core.lessons.library import lessons
    from core.records.class_book import ClassBook

    book, every = ClassBook(), lessons()
    people, answers = book.students(), book.answers()
    print(f"{len(people)} students, {len(answers)} answers")
    for one in people:
        place = one.place
        print(f"  {one.nickname:26}{place.lesson or '-':20}step {place.step + 1}, "
              f"page {place.page or 'home'}, seen {one.seen}")  # fmt: skip
    for tally in worst_first(every, answers):
        print(f"{tally.lesson}/{tally.question.id}: right at first {tally.first:.2f}, now "
              f"{tally.last:.2f}, of {tally.students}; {tally.tries:.1f} tries")  # fmt: skip
    for gain in gains(every, answers):
        print(f"{gain.lesson}: before {gain.before:.2f}, after {gain.after:.2f}, of "
              f"{gain.students}")  # fmt: skip


@app.command("export")
def export_command(
    out: Annotated[Path, typer.Option(help="A file ending in .csv or .json.")],
) -> None:
    """Write every answer with its nickname."""
    from core.files import write_text_whole
    from core.lessons.class_export import export_csv, export_json
    from core.records.class_book import ClassBook

    if out.suffix not in (".csv", ".json"):
        raise ExplorerError(f"{out.name} must end in .csv or .json.")
    check_out(out)
    book = ClassBook()
    export = export_csv if out.suffix == ".csv" else export_json
    write_text_whole(out, export(book.students(), book.answers()))


@app.command("forget")
def forget_command(
    yes: Annotated[bool, typer.Option("--yes", help="Needed, since it is for good.")] = False,
) -> None:
    """Delete all students and their answers."""
    from core.records.class_book import ClassBook

    if not yes:
        raise ExplorerError("This deletes every student and answer for good; add --yes.")
    print(f"{ClassBook().remove()} students and their answers are deleted.")


def _given(kind: str, answer: list[str]) -> str | float | list[str]:
    if kind in ("options", "films"):
        return [] if answer == ["none"] else answer
    if kind == "number":
        try:
            return float(answer[0])
        except ValueError:
            raise ExplorerError(f"'{answer[0][:40]}' is no number.") from None
    return " ".join(answer)


def _size(lesson: "Lesson") -> str:
    questions = len(list(lesson.questions()))
    return f"{len(lesson.steps)} steps, {questions} questions, {lesson.minutes} minutes"


def _tell(title: str, entries: "Mapping[str, Field]") -> None:
    from core.lessons.fields import REQUIRED

    print(title)
    for name, entry in entries.items():
        must = ", needed" if entry.default is REQUIRED else ""
        more = ", can be written more than once" if entry.many else ""
        print(f"  {name:12}{entry.about}{must}{more}")
