"""What is chosen on the page Errors: it is there again after another page, and in the address."""

import json
from typing import Any

import pytest
from app_driver import session_of, sound
from streamlit.testing.v1 import AppTest
from test_errors_page import _leave

from core.analysis import film_map
from core.errors import ExplorerError
from core.paths import ROOT
from core.studies.selection import read_rows, rows_text
from explorer.errors import cache as errors_cache
from explorer.errors import controls, film_view
from explorer.shared.plain import plain

SET, OTHER = "phantom:n=40,seed=5", "phantom:n=30,seed=9"
KINDS = ("selectbox", "button_group", "toggle", "number_input", "multiselect", "checkbox")
ASKED = {"set": SET, "study": "2", "prompt": "pneumothorax"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors_cache, "RESAMPLES", 60)
    monkeypatch.setattr(film_view, "PAGE", 2)
    monkeypatch.setattr(controls, "_SETS", (OTHER,))
    monkeypatch.setattr(film_map, "lay_out", lambda features, *_: features[:, :2])


def opened(page: str, **asked: str) -> AppTest:
    test = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300)
    test.query_params.update(asked)
    return test.run().switch_page(f"../pages/{page}.py").run()


def choices(app: AppTest) -> dict[str, Any]:
    """What every box of the page holds, by its key."""
    return {one.key: one.value for kind in KINDS for one in getattr(app, kind)
            if (one.key or "").startswith("errors_")}  # fmt: skip


def chosen_all() -> AppTest:
    """The page with something else than at first in every box."""
    app = opened("errors", **ASKED)
    before = choices(app)
    app.selectbox(key="errors_score").select("global").run()
    app.selectbox(key="errors_finding").select("Edema")
    app.selectbox(key="errors_rule").select("prevalence")
    app.selectbox(key="errors_fit").select(OTHER).run()
    for key, value in (("errors_metric", "error"), ("errors_pairs", "Wrong together"),
                       ("errors_kind", "all")):  # fmt: skip
        app.button_group(key=key).set_value(value)
    for key in ("errors_column_pairs", "errors_seek", "errors_map"):
        app.toggle(key=key).set_value(True)
    app.checkbox(key="errors_report_notes").set_value(True)
    app.number_input(key="errors_masked_films_40").set_value(12)
    app.number_input(key="errors_twins_count").set_value(40)
    app.number_input(key="errors_lesion_films_40").set_value(6)
    app.button_group(key="errors_masked").set_value(["border", "corners"])
    app.button_group(key="errors_lesion_maps").set_value(["random"]).run()
    app.number_input(key="errors_clusters").set_value(2)
    app.selectbox(key="errors_map_by").select("sex").run()
    app.multiselect(key="errors_map_values").set_value(["F"]).run()
    app.button(key="errors_map_select").click().run()
    app.selectbox(key="errors_cluster").select_index(1).run()
    slices = app.selectbox(key="errors_slice")
    slices.select_index(slices.options.index(slices.options[-1]) // 2).run()
    app.button_group(key="errors_films_of").set_value("the selection").run()
    app.number_input(key="errors_page").set_value(2).run()
    sound(app)
    same = {key for key, value in choices(app).items() if before.get(key, "") == value}
    assert {key[:12] for key in same} <= {"errors_twins"}, same
    return app


def test_every_choice_lasts_beyond_the_page_and_in_its_address() -> None:
    chosen = chosen_all()
    before, cards = choices(chosen), _cards(chosen)
    assert len(before) > 15 and cards
    for page in ("case", "model"):
        chosen.switch_page(f"../pages/{page}.py").run()
        sound(chosen)
        chosen.switch_page("../pages/errors.py").run()
        sound(chosen)
        assert choices(chosen) == before
        assert _cards(chosen) == cards
    _check_address(chosen)
    _check_order(chosen)


def _check_address(chosen: AppTest) -> None:
    """It opens the same slice and films in another session."""
    asked = {name: chosen.query_params[name][0] if isinstance(chosen.query_params[name], list)
             else chosen.query_params[name] for name in chosen.query_params}  # fmt: skip
    named = {"finding", "score", "threshold", "by", "slice", "pairs", "show", "films", "selection"}
    assert named <= set(asked)
    again = opened("errors", **asked)
    sound(again)
    keys = ("errors_finding", "errors_score", "errors_rule", "errors_metric", "errors_slice",
            "errors_column_pairs", "errors_kind", "errors_films_of", "errors_page")  # fmt: skip
    told, expected = choices(again), choices(chosen)
    assert {key: told[key] for key in keys} == {key: expected[key] for key in keys}
    assert session_of(again).selection == session_of(chosen).selection
    assert _cards(again) == _cards(chosen)


def test_a_link_that_somebody_changed_opens_as_at_first() -> None:
    plain = opened("errors", **ASKED)
    bad = opened("errors", **ASKED, slice="<b>x</b>", pairs="7", of="/etc/passwd", show="[x](y)",
                 films="9" * 90, selection="![x](http://y)", rows="1-")  # fmt: skip
    sound(bad)
    assert choices(bad) == choices(plain)
    assert session_of(bad).selection is None
    assert not {"of", "show", "films", "pairs", "selection"} & set(bad.query_params)


def _check_order(chosen: AppTest) -> None:
    """A slice stays where a moved threshold orders its table anew."""
    order = _slices(chosen)
    name = order[0]
    chosen.selectbox(key="errors_slice").set_value(name).run()
    stops = json.loads(json.loads(chosen.get("bidi_component")[0].proto.json)["table"])
    _leave(chosen, stops["thresholds"][len(stops["thresholds"]) // 4])
    sound(chosen)
    assert _slices(chosen)[0] != name
    assert chosen.selectbox(key="errors_slice").value == name
    assert f"**{plain(name)}**" in "".join(one.value for one in chosen.markdown)


def _slices(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["slice"])


@pytest.mark.parametrize("text", ["", "1-", "a", "1..2", "1-2-3", "-1", "0-999999.0-999999"])
def test_rows_of_a_link_in_another_form_are_refused(text: str) -> None:
    with pytest.raises(ExplorerError):
        read_rows(text)


def test_rows_go_through_a_link_unless_it_is_too_long() -> None:
    rows = [0, 1, 2, 5, 9, 10, 11, 500]
    assert rows_text(rows) == "0-2.5.9-11.500"
    assert read_rows(rows_text(rows)) == rows
    assert rows_text(range(0, 2000, 2)) == ""


def _cards(app: AppTest) -> list[int]:
    keys = [button.key or "" for button in app.button]
    return [int(key.removeprefix("open_")) for key in keys if key.startswith("open_")]
