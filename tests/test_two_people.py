"""Two sessions of one server, step by step in turn on Errors and Case: each has its own choices.

In turn, since AppTest puts one runtime in the place of another: two threads of it end in errors of
its own.
"""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import pytest
from app_driver import labelled, session_of, sound
from streamlit.testing.v1 import AppTest

from core.paths import ROOT
from core.records.notebook import Notebook
from explorer.errors import cache as errors_cache

SETS = ("phantom:n=24,seed=5", "phantom:n=30,seed=9")
TEXTS = ("left pleural effusion", "rib fracture")


def _visit(number: int) -> Iterator[AppTest]:
    """One person's way, step by step: a finding, films to go through, a note on the first."""
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300)
    app.query_params.update({"set": SETS[number], "prompt": TEXTS[number], "by": "error"})
    app.run()
    yield app
    app.switch_page("../pages/errors.py").run()
    yield app
    finding = ("Edema", "Pneumothorax")[number]
    app.selectbox(key="errors_finding").set_value(finding).run()
    yield app
    app.session_state["errors_kind"] = "all"  # no slice need have an error
    app.run()
    yield app
    app.button(key="errors_one_by_one").click().run()
    app.switch_page("../pages/case.py").run()  # AppTest forgets where a page has led
    yield app
    labelled(app.text_area, "What you see").set_value(f"seen by {number}")
    labelled(app.text_input, "Your name or initials").set_value(f"person {number}")
    next(one for one in app.button if (one.key or "").startswith("note_save")).click().run()
    yield app


def test_two_people_at_once_see_their_own_choices_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LRCLR_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(errors_cache, "RESAMPLES", 60)
    apps: tuple[AppTest, ...] = ()
    for apps in zip_longest(_visit(0), _visit(1)):
        for app in apps:
            sound(app)
    for number, app in enumerate(apps):
        here = session_of(app)
        assert [one.value for one in app.title] == ["Case"]
        assert here.study_set == SETS[number] and here.sliced_by == "error"
        assert here.judged == ("Edema", "Pneumothorax")[number]
        assert here.selection is not None and here.selection.spec == SETS[number]
        assert here.row == here.selection.rows[0] and here.stepping_selected
        assert here.author == f"person {number}" and len(here.notes_written) == 1
        shown = "\n".join(one.value for one in app.markdown)
        assert f"seen by {number}" in shown and f"seen by {1 - number}" not in shown
    noted = {note.changed_by: note.film.data for note in Notebook().notes()}
    assert noted == {f"person {number}": SETS[number] for number in range(2)}
