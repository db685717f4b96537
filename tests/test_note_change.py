"""Two sessions that change one note: nothing is lost, and who comes second is shown both."""

import subprocess
import sys
from typing import Any

import pytest
from app_driver import session_of, sound
from streamlit.testing.v1 import AppTest

from core.records.note import FilmRef, Said
from core.records.notebook import Notebook
from core.specs import open_studies
from explorer import access

SET = "phantom:n=2,seed=1"
VISITOR = access.Connection("192.168.1.20", {"Host": "192.168.1.5:8501"})
_OTHER_PROCESS = """
from dataclasses import replace
from core.records.notebook import Notebook
notebook = Notebook()
(note,) = notebook.notes()
notebook.change(note, "Cy", replace(note.said, text="what Cy says"))
"""


def page(spec: str) -> None:
    """The part of Errors and Case that lists notes."""
    from explorer.shared import notes_view, state

    if state.session().study_set != spec:
        state.choose_set(spec)
    notes_view.current_study(state.current(), "Edema")


def session() -> AppTest:
    return AppTest.from_function(page, args=(SET,), default_timeout=300).run()


@pytest.fixture
def note_id() -> str:
    key = open_studies(SET).image_key(0)
    return Notebook().add(FilmRef(key, 0, 0), "Ada", Said("Edema", text="as it was")).id


def change(app: AppTest, note_id: str, text: str, author: str) -> None:
    app.text_area(key=f"note_text_of_{note_id}").set_value(text)
    app.text_input(key=f"note_author_of_{note_id}").set_value(author)
    save(app, note_id)


def save(app: AppTest, note_id: str) -> None:
    app.button(key=f"note_change_{note_id}").click().run()


def shown(app: Any) -> str:
    return "\n".join(one.value for one in app.markdown)


def test_who_changes_a_note_second_is_shown_both_and_may_save_once_more(note_id: str) -> None:
    ada, bo = session(), session()  # both have read the note as it was
    change(ada, note_id, "what Ada says", "Ada")
    sound(ada)
    assert "what Ada says" in shown(ada)
    change(bo, note_id, "what Bo says", "Bo")
    assert not bo.exception
    (said,) = [error.value for error in bo.error]
    assert said.startswith("Ada changed this note meanwhile")
    assert "what Ada says" in said and "what Bo says" in said
    assert Notebook().note(note_id).said.text == "what Ada says"
    assert "what Ada says" in shown(bo)
    assert bo.text_area(key=f"note_text_of_{note_id}").value == "what Bo says"  # nothing is lost
    save(bo, note_id)
    sound(bo)
    texts = [step.said.text for step in Notebook().history(note_id)]
    assert texts == ["as it was", "what Ada says", "what Bo says"]
    ada.run()
    assert "what Bo says" in shown(ada)
    save(ada, note_id)  # of a form that began before Bo's change
    assert [error.value for error in ada.error] and "what Bo says" in ada.error[0].value
    assert Notebook().note(note_id).said.text == "what Bo says"


def test_another_process_that_wrote_meanwhile_is_shown_too(note_id: str) -> None:
    ada = session()
    subprocess.run([sys.executable, "-c", _OTHER_PROCESS], check=True)
    change(ada, note_id, "what Ada says", "Ada")
    (said,) = [error.value for error in ada.error]
    assert said.startswith("Cy changed this note meanwhile") and "what Cy says" in said
    assert Notebook().note(note_id).said.text == "what Cy says"
    app = session()
    app.button(key=f"undo_{note_id}").click().run()  # of Cy's change, which is the last
    sound(app)
    assert Notebook().note(note_id).said.text == "as it was"
    ada.button(key=f"undo_{note_id}").click().run()
    assert not ada.exception and [error.value for error in ada.error]


def test_a_visitor_changes_no_note_of_others(
    note_id: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    app = session()
    app.text_area(key=f"note_text_of_{note_id}").set_value("not theirs")
    app.text_input(key=f"note_author_of_{note_id}").set_value("Eve")
    (tmp_path / "access.toml").write_text("notes = true\n")
    monkeypatch.setenv("LRCLR_ACCESS", str(tmp_path / "access.toml"))
    monkeypatch.setattr(access, "connection", lambda: VISITOR)
    save(app, note_id)  # of a page that was drawn for the owner
    assert Notebook().note(note_id).said.text == "as it was"
    assert session_of(app).note_refused[1].startswith("A note is changed by who wrote it")
    assert f"note_text_of_{note_id}" not in [box.key for box in app.text_area]
