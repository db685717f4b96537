"""Notes on films: a verdict, a text and who says it; kept in the database of notes."""

from hashlib import sha256

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.labels import PATHOLOGIES
from core.records.note import BOX, VERDICTS, FilmRef, Note, Said, Shape
from core.records.notebook import Wanted
from core.studies import StudySet, UploadedSet
from explorer import access
from explorer.shared import cache, components, guard, note_change, state
from explorer.shared.note_change import NO_VERDICT
from explorer.shared.plain import plain
from explorer.shared.state import Current

OPENED = "note_opened"
"""Key of whether the form on a card is open, before the card's row."""
_WHOLE = "the film as a whole"


@st.fragment  # who opens the form draws this part alone
def on_card(studies: StudySet, row: int, finding: str) -> None:
    """A button below a card that opens a form for a note on its film."""
    if not access.may_note():
        return
    # Ten forms take longer than all else on the page, and hardly one of them is opened.
    key = f"{OPENED}_{row}"
    place = st.popover(":material/edit_note: Note", width="stretch", key=key, on_change="rerun")
    if place.open:
        with place, guard.sentences():
            _form(studies, row, finding, "card", f"A note on {plain(studies.study_id(row))}")
    if count := state.session().noted.get((studies.spec, row), 0):
        st.markdown(f":small[:material/check: {count} noted here]")


def current_study(current: Current, finding: str) -> None:
    """The film with its notes, and a form for another."""
    film, *places = components.row(235, 370, 370)
    with film, guard.sentences():
        components.film(current)
        name = "Your film" if current.uploaded else current.studies.study_id(current.row)
        st.markdown(f":small[{plain(name)}]")
    _list_and_form(places, current, finding)


def beside(current: Current, finding: str, shapes: tuple[Shape, ...]) -> None:
    """The notes of a film that is shown already, and a form for another with what was drawn."""
    _list_and_form(components.row(480, 480), current, finding, shapes)


def _list_and_form(
    places: list[DeltaGenerator], current: Current, finding: str, shapes: tuple[Shape, ...] = ()
) -> None:
    listed, form = places
    with listed, guard.sentences():
        listed_notes(current.studies, current.row)
    if access.may_note():
        with form, guard.sentences():
            _form(current.studies, current.row, finding, "current", "A note on this film", shapes)


def _form(
    studies: StudySet, row: int, finding: str, place: str, title: str,
    shapes: tuple[Shape, ...] = (),
) -> None:  # fmt: skip
    """A form for a note on a film.

    Args:
        finding: that it is about unless another is chosen.
        place: tells the forms of a page apart.
        shapes: drawn for it, in pixels of the film.
    """
    names, key = [_WHOLE, *PATHOLOGIES], _form_key(studies, row, place)
    whose = f"note_author_{place}_{row}"
    if not state.widget(whose):
        state.put_widget(whose, state.session().author)  # of the last note
    with st.form(f"note_{key}", border=False, clear_on_submit=False):
        st.markdown(f"**{title}**")
        about = st.selectbox(
            "About", names, index=names.index(finding) if finding in names else 0,
            key=f"note_about_{key}_{finding}",  # follows the finding that is looked at
        )  # fmt: skip
        verdict = st.selectbox("Verdict", [NO_VERDICT, *VERDICTS], key=f"note_verdict_{key}")
        text = st.text_area("What you see", key=f"note_text_{key}", height=90)
        if shapes:
            st.markdown(
                f":material/select: {drawn_words(shapes)} drawn on the film will be kept with the "
                "note."
            )
        author = st.text_input(
            "Your name or initials", key=whose, help="It goes with the note wherever it goes."
        )
        if st.form_submit_button("Save the note", key=f"note_save_{key}", width="stretch"):
            said = Said("" if about == _WHOLE else about,
                        "" if verdict == NO_VERDICT else verdict, text, shapes=shapes)  # fmt: skip
            write(studies, row, author, said)
            st.rerun()


def drawn_words(shapes: tuple[Shape, ...]) -> str:
    """How many boxes and outlines there are, of at least one.

    >>> drawn_words((Shape("box", ()), Shape("polygon", ()), Shape("polygon", ())))
    '1 box and 2 outlines'
    """
    boxes = sum(shape.kind == BOX for shape in shapes)
    counts = ((boxes, "box", "boxes"), (len(shapes) - boxes, "outline", "outlines"))
    return " and ".join(f"{n} {one if n == 1 else many}" for n, one, many in counts if n)


def _form_key(studies: StudySet, row: int, place: str) -> str:
    """Of a film, and new after each note: what was typed goes neither to another nor twice."""
    count = state.session().noted.get((studies.spec, row), 0)
    return f"{place}_{row}_{count}_{sha256(studies.spec.encode()).hexdigest()[:8]}"


def write(studies: StudySet, row: int, author: str, said: Said) -> Note:
    """Keep a note on a film; it is on the disk when this returns.

    Raises:
        ExplorerError: this session may not, or nothing is said, or by nobody.
    """
    access.check_notes()
    key, (height, width) = studies.image_key(row), studies.image(row).shape
    # Of an upload neither: its name may be a patient's.
    own = isinstance(studies, UploadedSet)
    film = FilmRef(key, width, height, "" if own else studies.study_id(row),
                   "" if own else studies.spec)  # fmt: skip
    note = cache.notebook().add(film, author, said)
    state.note_written(note.id, author.strip(), studies.spec, row)
    return note


def notes_on(studies: StudySet, row: int) -> list[Note]:
    """What is said of a film, oldest first.

    Raises:
        ExplorerError: this session may not read notes, or the film cannot be read.
    """
    access.check_notes()
    return cache.notebook().notes(Wanted(films=[studies.image_key(row)]))


def listed_notes(studies: StudySet, row: int) -> None:
    """What is said of a film, each with a button to take it back for those who may."""
    notes = notes_on(studies, row)
    if not notes:
        st.markdown("Nobody has written about this film yet.")
    for note in notes:
        said, buttons = st.columns([3, 1], vertical_alignment="center")
        said.markdown(f"**{plain(note.author)}**, {note.created[:16].replace('T', ' ')} UTC")
        said.markdown(plain(note.said.sentence()))
        note_change.draw(note, buttons)
