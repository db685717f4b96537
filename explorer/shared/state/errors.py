"""What is looked at of errors: finding, score, threshold, slices, selected films, report, notes."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.studies import StudySet
from explorer.shared.state.fields import Selection
from explorer.shared.state.store import change, session

if TYPE_CHECKING:
    from core.records.note import Note


def judge(finding: str) -> None:
    """Look at the errors of a finding; "" for the one that is ranked worst."""
    change(judged=finding)


def judge_by(score: str) -> None:
    """Look at the errors of a score."""
    change(judged_score=score)


def select_films(spec: str, rows: Iterable[int], name: str = "") -> None:
    """Choose films of a set in place of those before, under a name or that of before."""
    before = session().selection
    name = name or (before.name if before and before.spec == spec else "selection")
    change(selection=Selection(name, spec, tuple(sorted(set(rows)))))


def name_selection(name: str) -> None:
    """Call the selection something else."""
    here = session().selection
    if here is not None:
        change(selection=replace(here, name=name))


def drop_selection() -> None:
    """Choose no films."""
    change(selection=None, stepping_selected=False)


def step_selected(only: bool) -> None:
    """Whether the sidebar's buttons go through the selected films alone."""
    change(stepping_selected=only)


def selected_rows(studies: StudySet) -> tuple[int, ...]:
    """Rows that are selected of a set; none where the selection is another set's."""
    here = session().selection
    if here is None or here.spec != studies.spec:
        return ()
    return tuple(row for row in here.rows if row < len(studies))


def slice_by(metric: str) -> None:
    """Compare slices by a metric."""
    change(sliced_by=metric)


def fit_threshold(rule: str, spec: str) -> None:
    """How thresholds come about: by a rule, from a set; "" for the films that are shown."""
    change(threshold_rule=rule, threshold_set=spec)


def set_threshold(of: str, score: float) -> None:
    """A threshold set by hand, for the very finding, films and rule that `of` names.

    `NEXT_CHOICE` stands for those that are chosen next.
    """
    change(threshold_by_hand=(of, score))


def ask_masks(of: str) -> None:
    """Mask the parts that `of` names."""
    change(masks_asked=of)


def ask_twins(of: str) -> None:
    """Draw the twins that `of` names."""
    change(twins_asked=of)


def ask_lesions(of: str) -> None:
    """Hold the maps that `of` names against lesions."""
    change(lesions_asked=of)


def ask_report(of: str) -> None:
    """Make the report of what `of` names."""
    change(report_asked=of)


def say_of_report(*sentences: str) -> None:
    """What to say of a report once the page shows its view."""
    change(report_said=sentences)


def slice_films(table: str, name: str) -> None:
    """The table of slices, and the slice of it whose films are shown.

    `NEXT_CHOICE` stands for the table that is drawn next.
    """
    change(sliced=table, slice=name)


def note_written(note_id: str, author: str, spec: str, row: int) -> None:
    """A note was written on a film; its author writes the next ones, too."""
    here = session()
    noted = {**here.noted, (spec, row): here.noted.get((spec, row), 0) + 1}
    change(notes_written=here.notes_written | {note_id}, author=author, noted=noted)


def read_note(note: "Note") -> None:
    """A note as it is before it is changed."""
    change(notes_read={**session().notes_read, note.id: note})


def refuse_change(note_id: str, why: str) -> None:
    """What to say beside a note that was not changed; "" once it was."""
    change(note_refused=(note_id, why))


def is_page(content: bytes) -> bool:
    """Whether a file is a page of HTML, as reports are, and no radiograph.

    >>> is_page(b"<!DOCTYPE html>"), is_page(b"DICM")
    (True, False)
    """
    return content[:15].lower() == b"<!doctype html>"


def hold_report(file: Any) -> bool:
    """Keep an uploaded file for the page Errors to open; False where it was kept before.

    The page cannot ask the uploader: one in the sidebar is empty after a switch of pages.
    """
    if file.file_id in session().reports_opened:
        return False
    opened = session().reports_opened | {file.file_id}
    change(report_held=(file.name, file.getvalue()), reports_opened=opened)
    return True


def take_report() -> tuple[str, bytes]:
    """Name and content of the report that is to be opened, once; empty where there is none."""
    held = session().report_held
    change(report_held=("", b""))
    return held
