"""What can be done with a note that is there: its last change taken back, or its words changed.

A note is changed as it was read: where somebody else changed it meanwhile both are shown, and what
was typed stays to be saved once more.
"""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import ExplorerError
from core.records.note import VERDICTS, Conflict, Note
from explorer import access
from explorer.shared import cache, state
from explorer.shared.plain import plain

NO_VERDICT = "no verdict"


def draw(note: Note, place: DeltaGenerator) -> None:
    """Buttons for those who may, and what was refused."""
    if access.may_undo(note.id, state.session().notes_written):
        place.button(
            "Undo", key=f"undo_{note.id}", on_click=_undoing(note), width="stretch",
            help="Take back the last change of this note.",
        )  # fmt: skip
        with place.popover("Change", width="stretch"):
            _form(note)
    refused, why = state.session().note_refused
    if refused == note.id:
        st.error(why, icon=":material/error:")


def _keys(note: Note) -> tuple[str, str, str]:
    """Of verdict, text and author; those of the note stay where it becomes another version."""
    verdict, text, author = (f"note_{what}_of_{note.id}" for what in ("verdict", "text", "author"))
    return verdict, text, author


def _form(note: Note) -> None:
    verdict, text, author = _keys(note)
    if state.widget(text) is None:  # else it holds words that were written onto what was read then
        state.read_note(note)
    state.begin_widget(verdict, note.said.verdict or NO_VERDICT)
    state.begin_widget(text, note.said.text)
    state.begin_widget(author, state.session().author or note.changed_by)
    with st.form(f"note_form_of_{note.id}", border=False, clear_on_submit=False):
        st.selectbox("Verdict", [NO_VERDICT, *VERDICTS], key=verdict)
        st.text_area("What you see", key=text, height=90)
        st.text_input("Your name or initials", key=author)
        st.form_submit_button(
            "Save the change", key=f"note_change_{note.id}", on_click=_changing(note.id),
            width="stretch",
        )  # fmt: skip


def _changing(note_id: str) -> Callable[[], None]:
    """Writes what the form holds onto the note as it was read when the form began."""

    def change() -> None:
        note = state.session().notes_read[note_id]
        keys = _keys(note)
        chosen, text, author = (str(state.widget(key) or "") for key in keys)
        said = replace(note.said, verdict="" if chosen == NO_VERDICT else chosen, text=text)
        try:
            access.check_notes()
            access.check_change(note.id, state.session().notes_written)
            cache.notebook().change(note, author, said)
        except Conflict as refused:
            theirs = refused.theirs
            state.read_note(theirs)
            state.refuse_change(
                note.id,
                f"{plain(theirs.changed_by)} changed this note meanwhile. It says now: "
                f"“{plain(theirs.said.sentence())}”. Yours was not written: "
                f"“{plain(said.sentence())}”. It is kept under *Change*; save it there once more "
                "to put it in place of theirs.",
            )
        except ExplorerError as error:
            state.refuse_change(note.id, plain(str(error)))
        else:
            state.refuse_change("", "")
            state.drop_widgets(*keys)

    return change


def _undoing(note: Note) -> Callable[[], None]:
    def undo() -> None:
        try:
            access.check_notes()
            access.check_change(note.id, state.session().notes_written)
            cache.notebook().undo(note.changed_by, note.id)
        except ExplorerError as error:
            state.refuse_change(note.id, plain(str(error)))
        else:
            state.refuse_change("", "")
            state.drop_widgets(*_keys(note))

    return undo
