"""What a session chose: frozen, changed by named setters, apart from every other session's."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.films.window import Window
from core.inference.prompts import FindingPrompts, PromptSet, default_prompts
from explorer.shared import state


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A session state of its own for each test, without a server."""
    kept: dict[str, object] = {}
    monkeypatch.setattr(st, "session_state", kept)
    return kept


def test_a_session_cannot_be_written_to():
    with pytest.raises(FrozenInstanceError):
        state.session().row = 3  # type: ignore[misc]


def test_the_session_is_all_that_is_kept(memory):
    state.choose_row(3)
    state.set_prompt("edema")
    assert set(memory) == {state.KEY}


def test_a_change_leaves_the_object_that_others_hold():
    before = state.session()
    first = before.row
    state.choose_row(first + 3)
    state.keep_windows("a", 0, (None,))
    state.keep_entry("import_data", "x")
    assert (before.row, before.windows, before.import_entries) == (first, {}, {})
    assert state.session().row == first + 3


def test_a_new_set_begins_at_its_first_study():
    state.choose_row(3)
    state.choose_set("phantom:val")
    assert (state.session().study_set, state.session().row) == ("phantom:val", 0)


def test_a_typed_model_stays_in_the_list_when_another_is_chosen():
    state.choose_model("hf-hub:a/b", typed=True)
    state.choose_model("demo")
    assert (state.session().model, state.session().own_model) == ("demo", "hf-hub:a/b")


def test_prompts_are_undone_in_order_and_each_change_is_a_new_edition():
    sets = [PromptSet({"Edema": FindingPrompts((f"edema {n}",), ("no",))}) for n in range(3)]
    for prompts in sets:
        state.set_prompts(prompts)
    editions = [state.session().prompt_edition]
    for expected in (sets[1], sets[0], default_prompts(), default_prompts()):
        state.undo_prompts()
        assert state.session().prompts == expected
        editions.append(state.session().prompt_edition)
    assert editions == [3, 4, 5, 6, 6]  # the last undo had nothing to undo


def test_the_same_prompts_again_are_no_step_to_undo_but_forget_what_was_typed():
    state.set_prompts(default_prompts())
    assert not state.session().prompt_history and state.session().prompt_edition == 1


def test_only_the_last_prompt_sets_and_films_are_remembered():
    for n in range(40):
        state.set_prompts(PromptSet({"Edema": FindingPrompts((f"edema {n}",), ("no",))}))
        state.keep_windows("set", n, (None, Window(n, 10.0, "LINEAR")))
    assert len(state.session().prompt_history) == 30
    assert list(state.session().windows) == [("set", n) for n in range(20, 40)]


def test_what_ended_is_said_once():
    state.watch("run a")
    state.watch("import")
    assert state.just_ended("run a") and not state.just_ended("run a")
    assert state.just_ended("import")


def test_a_proposed_name_is_kept_until_a_run_took_it():
    name = state.propose_run_name()
    assert state.propose_run_name() == name and state.session().runs_started == 0
    state.note_started_run()
    assert (state.session().run_name, state.session().runs_started) == ("", 1)


@pytest.mark.parametrize(
    "change", [lambda: state.choose_row(5), lambda: state.choose_set("phantom:val")]
)
def test_an_upload_steps_back_for_a_study_of_the_set(change: Callable[[], None]):
    state.take_upload("1", object())  # type: ignore[arg-type]
    assert state.session().upload is not None and state.session().upload_id == "1"
    change()
    assert state.session().upload is None


def test_a_refused_upload_keeps_the_last_one():
    state.take_upload("1", object())  # type: ignore[arg-type]
    state.refuse_upload("2", "damaged")
    assert state.session().upload is not None and state.session().upload_error == "damaged"
    state.drop_upload()
    assert (state.session().upload, state.session().upload_error) == (None, "")


def test_sessions_of_one_server_are_apart(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()

    def page() -> None:
        import streamlit

        from explorer.shared import state

        if streamlit.button("next"):
            state.choose_row(state.session().row + 1)
        streamlit.metric("row", state.session().row)

    one, other = AppTest.from_function(page).run(), AppTest.from_function(page).run()
    first = int(other.metric[0].value)
    one.button[0].click().run()
    assert one.metric[0].value == str(first + 1) and other.run().metric[0].value == str(first)
