"""The teacher's part of a reading: choose the films, open, close, show, forget."""

import random

import streamlit as st

from core.labels import PHANTOM_FINDINGS
from core.lessons.reading_films import COUNT, FILMS, FINDING, choose_films
from core.records.reading import MOST_FILMS, ReadingSet
from explorer import access
from explorer.lessons import reading_view
from explorer.shared import cache, components, guard, state

_EVERY_S = 5
_SAID = {"open": "Students mark films.", "closed": "No more marks are taken.",
         "shown": "Everybody sees truth, marks and figures."}  # fmt: skip


def draw() -> None:
    """The newest reading, and how another one begins."""
    st.header("Read against the model", anchor=False)
    with guard.sentences():
        access.check_class()
        latest = cache.reading_book().latest()
        if latest is not None:
            _stages(latest)
            if latest.stage == "shown":
                reading_view.draw(latest, state.session().lesson_language)
        if latest is None or latest.stage != "open":
            _begin()


def _begin() -> None:
    st.markdown(
        "The class marks films **before** it sees the model's marks; half of the films have the "
        "finding. Students find it on top of the page *Lessons*."
    )
    spec_place, finding_place, count_place, open_place = components.row(
        260, 220, 110, 150, align="bottom"
    )
    with spec_place:
        spec = st.text_input("Films", FILMS, key="reading_set", max_chars=300,
                             help="Phantoms, or a set that access.toml lists: students open it, "
                             "too.")  # fmt: skip
    with finding_place:
        names = [name for name in PHANTOM_FINDINGS if name != "No Finding"]
        finding = st.selectbox("Look for", names, names.index(FINDING), key="reading_finding")
    with count_place:
        count = st.number_input("How many", 4, MOST_FILMS, COUNT, 2, key="reading_count")
    with open_place:
        if st.button("Open", key="reading_begin", type="primary"):
            with guard.sentences():
                access.check_class()
                access.check_set(spec)
                rows = choose_films(cache.studies(spec), finding, int(count), random.randrange(999))
                cache.reading_book().open(spec, finding, rows, state.session().model)
                state.go_to_film(0)
                st.rerun()


def _stages(one: ReadingSet) -> None:
    st.markdown(
        f"**{one.finding}** on {len(one.rows)} films of `{one.spec}`, against `{one.model}`. "
        f"{_SAID[one.stage]}"
    )
    if one.stage == "open":
        _progress(one)
    book = cache.reading_book()
    close, show, forget = components.row(160, 240, 160)
    with close:
        if one.stage == "open" and st.button("Close", key="reading_end"):
            book.move(one.id, "closed")
            st.rerun()
        if one.stage == "closed" and st.button("Open again", key="reading_again"):
            book.move(one.id, "open")
            st.rerun()
    with show:
        early = one.stage == "open"
        if one.stage != "shown" and st.button(
            "Show the model's marks", key="reading_show", disabled=early,
            help="Close first: what is shown stays shown." if early else "To everybody, for good",
        ):  # fmt: skip
            book.move(one.id, "shown")
            st.rerun()
    with forget, st.popover("Forget it"):  # a click beside another is soon done before a class
        if st.button("Everybody's marks, for good", key="reading_forget"):
            book.forget(one.id)
            st.rerun()


@st.fragment(run_every=_EVERY_S)
def _progress(one: ReadingSet) -> None:
    with guard.sentences():
        readers = cache.reading_book().marks(one.id)
        names = {student.id: student.nickname for student in cache.class_book().students()}
        told = [f"{names[reader]} {len(own)}" for reader, own in readers.items() if reader in names]
        done = sum(len(own) == len(one.rows) for own in readers.values())
        st.caption(f"{done} are done. Films read: {', '.join(sorted(told)) or 'none yet'}.")
