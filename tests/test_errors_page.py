"""The page Errors, on the embedded model and phantoms; what it computes is shared by the tests."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_driver import labelled, session_of, sound
from PIL import Image
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest
from test_report import VIEW

from core.analysis import film_map, masked_scores, report
from core.analysis.columns import columns_of
from core.analysis.errors import error_report
from core.analysis.found_slices import found_slices
from core.analysis.masked_scores import score_masked
from core.analysis.report import made_report
from core.analysis.report_view import ReportView
from core.analysis.scored import ScoredSet, identity_of
from core.analysis.scoring import embedded, score_studies
from core.analysis.shortcuts import shortcut_report
from core.analysis.slices import slice_report
from core.analysis.threshold import Rule, Threshold, fit_thresholds
from core.inference.predictor import load_predictor
from core.inference.prompts import PromptSet, default_prompts
from core.paths import ROOT
from core.records.note import FilmRef, Said
from core.records.notebook import Notebook
from core.specs import open_studies
from core.studies.selection import selection_json
from explorer import access
from explorer.errors import cache as errors_cache
from explorer.errors import controls, map_points, threshold_table
from explorer.errors.selection_view import file_name
from explorer.errors.slice_view import frame, summary, worst
from explorer.probes import shortcut_view
from explorer.shared import notes_view
from explorer.shared.plain import plain
from explorer.shared.state import NEXT_CHOICE

SET = "phantom:n=40,seed=5"
OTHER, BAD = "phantom:n=30,seed=9", "nonsense:7"
VISITOR = access.Connection("192.168.1.20", {"Host": "192.168.1.5:8501"})


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AppTest:
    monkeypatch.setenv("LRCLR_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(errors_cache, "RESAMPLES", 60)
    # AppTest cannot type a new option into a box.
    monkeypatch.setattr(controls, "_SETS", (OTHER, BAD))
    test = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300)
    test.query_params.update({"set": SET, "study": "2", "prompt": "pneumothorax"})
    test.run()
    return test.switch_page("../pages/errors.py").run()


@pytest.fixture(scope="module")
def scores() -> Callable[[str], ScoredSet]:
    """Scores of a set as the commands have them."""
    model = load_predictor("demo")
    return lambda spec: score_studies(model, open_studies(spec))


def _near(score: float) -> Any:
    """A command passes films in other numbers at once than a page's lanes: last digits differ."""
    return pytest.approx(score, abs=5e-4)


def _text(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def _sent(app: AppTest) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the charts in the browser were given: the table of the finding, and their start."""
    data = json.loads(app.get("bidi_component")[0].proto.json)
    return json.loads(data["table"]), data["start"]


def _leave(app: AppTest, score: float, serial: int | None = None) -> None:
    """What the browser sends where the threshold is left; the page runs again."""
    told = {"serial": _sent(app)[1]["serial"] if serial is None else serial, "score": score}
    states = app._tree.get_widget_states()
    proto = app.get("bidi_component")[0].proto
    states.widgets.append(WidgetState(id=proto.id, json_value=json.dumps({"threshold": told})))
    app._run(states)


def _origin(app: AppTest) -> str:
    return "".join(_sent(app)[1]["origin"])


def _keyed(elements: Any, start: str) -> Any:
    """The element whose key begins so, and with no longer number."""
    return next(one for one in elements if f"{one.key or ''}_".startswith(f"{start}_"))


def _charts(app: AppTest) -> set[str]:
    return {str(chart.proto.id).rsplit("-", 1)[-1] for chart in app.get("plotly_chart")}


def _cards(app: AppTest) -> list[int]:
    """Rows of the films that are shown on cards."""
    keys = [button.key or "" for button in app.button]
    return [int(key.removeprefix("open_")) for key in keys if key.startswith("open_")]


def test_it_opens_at_the_finding_that_does_worst_with_a_threshold_called_optimistic(
    app: AppTest, scores: Any
) -> None:
    sound(app)
    scored = scores(SET)
    worst_finding = scored.worst_ranked()
    assert app.selectbox(key="errors_finding").value == worst_finding
    limit = fit_thresholds(Rule("youden"), scored)[worst_finding].value
    table, start = _sent(app)
    assert start["score"] == _near(limit) and start["by_hand"] is False
    assert _origin(app).startswith("By Youden’s rule, fitted on these very films")
    assert "optimistic" in start["origin"][1::2]  # every second part is bold
    assert "errors_grid" in _charts(app)
    truth, score = scored.of(worst_finding)
    found = int(((score >= limit) & (truth == 1)).sum())
    assert start["row"][0] == found
    assert table["rows"][table["thresholds"].index(start["score"])] == start["row"]
    assert table["positives"] == truth.sum() and len(table["histogram"]["edges"]) > 2
    assert all(worst_finding in said for said in table["alts"].values())
    assert app.button(key="threshold_back").disabled
    assert f"errors --model demo --data {SET} --threshold youden" in app.code[-1].value


def test_a_threshold_left_in_the_browser_is_kept_without_resampling_and_goes_back(
    app: AppTest, scores: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(errors_cache, "sweep", refuse)
    finding, given = app.selectbox(key="errors_finding").value, app.get("bidi_component")[0].proto
    before, sent = _sent(app)[1], given.json
    limit = float(np.median(scores(SET).of(finding)[1]))
    _leave(app, limit)
    sound(app)
    assert session_of(app).threshold_by_hand[1] == limit
    # The browser knows it already: what it is given is the same, so that it is not sent again.
    assert app.get("bidi_component")[0].proto.json == sent
    told = error_report(
        scores(SET).only(finding), {finding: Threshold(limit, Rule("score", limit), None)}, 60
    ).findings[finding].confusion
    app.button(key="threshold_back").click().run()
    sound(app)
    back = _sent(app)[1]
    assert (back["score"], back["by_hand"]) == (before["score"], False)
    assert back["serial"] != before["serial"]
    _leave(app, limit, before["serial"])  # late, of the charts before
    assert session_of(app).threshold_by_hand == ("", 0.0)
    for bad in (float("nan"), "0.3", None):
        _leave(app, bad)  # type: ignore[arg-type]
        assert session_of(app).threshold_by_hand == ("", 0.0)
    _leave(app, limit)
    app.switch_page("../pages/model.py").run()
    app.switch_page("../pages/errors.py").run()  # begins where it was left
    again = _sent(app)[1]
    assert (again["score"], again["by_hand"]) == (limit, True)
    assert again["row"] == threshold_table.row(told)
    assert "Set by hand" in _origin(app) and "optimistic" in again["origin"][1::2]


def test_another_set_to_fit_on_is_named_and_not_called_optimistic(
    app: AppTest, scores: Any
) -> None:
    app.selectbox(key="errors_rule").select("sensitivity").run()
    app.number_input(key="errors_sensitivity").set_value(0.8)
    app.selectbox(key="errors_fit").select(OTHER).run()
    sound(app)
    assert _origin(app).startswith(f"By sensitivity=0.8, fitted on {OTHER} (n = 30)")
    assert "optimistic" not in _origin(app)
    assert session_of(app).threshold_set == OTHER
    assert f"--threshold sensitivity=0.8 --fit {OTHER}" in app.code[-1].value
    finding = app.selectbox(key="errors_finding").value
    limit = fit_thresholds(Rule("sensitivity", 0.8), scores(OTHER))[finding].value
    assert _sent(app)[1]["score"] == _near(limit)
    app.selectbox(key="errors_fit").select(BAD).run()
    assert not app.exception and len(app.error) == 1
    assert session_of(app).threshold_set == OTHER  # the last good one


def test_pairs_of_findings_are_counted_as_the_command_counts_them(
    app: AppTest, scores: Any
) -> None:
    scored = scores(SET)
    report = error_report(scored, fit_thresholds(Rule("youden"), scored), 60)
    sure = [pair for pair in report.together
            if pair.p_corrected < 0.05 and pair.share.difference.value > 0]  # fmt: skip
    app.button_group(key="errors_pairs").set_value("Wrong together").run()
    sound(app)
    assert "Wrong together, more than by chance" in _text(app)
    grid = next(one.proto for one in app.get("plotly_chart") if "errors_grid" in one.proto.id)
    for pair in report.together:  # in words where the mouse is
        words = f"{pair.first} and {pair.second} both wrong on {pair.count} films"
        assert words in grid.spec, words
    for pair in sure[:5]:
        assert f"{pair.first} and {pair.second} both wrong on {pair.count} films" in _text(app)
    assert sure or "None of the pairs." in _text(app)


def test_a_slice_says_its_size_and_shows_its_films(app: AppTest, scores: Any) -> None:
    table = app.dataframe[0].value
    assert "too small" in table["says"].iloc[-1]
    app.button_group(key="errors_metric").set_value("error").run()
    sound(app)
    box = app.selectbox(key="errors_slice")
    slices = app.dataframe[0].value
    place = slices["slice"].tolist().index(box.value)
    name, n = slices["slice"][place], slices["n"][place]
    assert f"{name} ({n} films" in box.options[place]
    app.button_group(key="errors_kind").set_value("all").run()
    sound(app)
    rows, finding = _cards(app), app.selectbox(key="errors_finding").value
    assert len(rows) == min(n, 10)
    column, value = name.rsplit(" ", 1)
    labels = open_studies(SET).table
    if column in labels and value in ("present", "absent"):
        assert set(labels[column].iloc[rows]) == {value == "present"}
    assert finding in app.code[-1].value
    other = len(slices) - 1
    box.select_index(other).run()
    assert f"**{plain(slices['slice'][other])}**" in _text(app)


def test_columns_two_at_a_time_and_clusters_link_to_their_films(
    app: AppTest, scores: Any
) -> None:
    app.button_group(key="errors_metric").set_value("error")
    app.toggle(key="errors_column_pairs").set_value(True)
    app.button_group(key="errors_kind").set_value("all")
    app.toggle(key="errors_seek").set_value(True).run()
    app.number_input(key="errors_clusters").set_value(2).run()
    sound(app)
    table, clusters = app.dataframe[0].value, app.dataframe[1].value
    pairs = [name for name in table["slice"] if ", " in name]
    assert pairs, "no slice of two columns"
    scored, finding = scores(SET), app.selectbox(key="errors_finding").value
    studies, limit = open_studies(SET), fit_thresholds(Rule("youden"), scored)[finding]
    images, phrases = embedded(load_predictor("demo"), studies, default_prompts())
    told = found_slices(
        scored, finding, images, limit, columns_of(studies.table, finding), phrases, 2,
        n_bootstrap=60,
    )  # fmt: skip
    assert "in 20 films, tested in 20 of other patients" in _text(app)
    assert clusters["n"].tolist() == [one.n for one in told.slices]
    wrong = [one.compared.inside.value if one.compared else None for one in told.slices]
    shown = [None if np.isnan(one) else one for one in clusters["called wrongly"].astype(float)]
    assert shown == pytest.approx(wrong)
    box = app.selectbox(key="errors_cluster")
    box.select_index(1).run()
    assert app.button_group(key="errors_films_of").value == "the cluster"
    rows = [studies.position(study) for study in told.slices[1].ids]
    known = {row for row in rows if studies.study(row).labels.get(finding) is not None}
    assert set(_cards(app)) <= known and len(_cards(app)) == min(10, len(known))
    sound(app)


def test_the_chosen_score_is_judged_and_the_address_says_what_is_chosen(
    app: AppTest, scores: Any
) -> None:
    app.selectbox(key="errors_score").select("global").run()
    app.selectbox(key="errors_finding").select("Edema").run()
    app.selectbox(key="errors_rule").select("prevalence").run()
    sound(app)
    scored = score_studies(load_predictor("demo"), open_studies(SET), score="global")
    limit = fit_thresholds(Rule("prevalence"), scored)["Edema"].value
    assert f"The threshold is {limit:.3f}" in _text(app)
    assert "--score global" in app.code[-1].value
    query = {name: app.query_params.get(name) for name in ("finding", "score", "threshold")}
    assert query == {"finding": "Edema", "score": "global", "threshold": "prevalence"}
    again = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300)
    again.query_params.update({"set": SET, "finding": "Edema", "score": "global",
                               "threshold": "prevalence", "fit": "/etc/passwd"})  # fmt: skip
    again.run()
    here = session_of(again)
    assert (here.judged, here.judged_score, here.threshold_rule, here.threshold_set) == (
        "Edema", "global", "prevalence", "",
    )  # fmt: skip
    assert not {"score", "threshold"} & set(again.query_params)  # Home has neither
    bad = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300)
    bad.query_params.update({"finding": "x", "score": "y", "threshold": "z=1"})
    assert session_of(bad.run()).judged_score == "lrclr" and not bad.exception


def test_films_are_selected_on_the_map_named_shown_and_handed_to_commands(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The layout has its tests; its library takes seconds to start.
    monkeypatch.setattr(film_map, "lay_out", lambda features, *_: features[:, :2])
    app.button_group(key="errors_kind").set_value("all")
    app.toggle(key="errors_map").set_value(True).run()
    sound(app)
    studies = open_studies(SET)
    chart = _map_of(app).proto.json
    assert not [name for name in studies.ids if name in chart]  # no identifier in the browser
    app.selectbox(key="errors_map_by").select("sex").run()
    sex = columns_of(studies.table, "Edema")["sex"]
    value = sorted(set(sex))[0]
    app.multiselect(key="errors_map_values").set_value([value]).run()
    app.button(key="errors_map_select").click().run()
    sound(app)
    rows = np.flatnonzero(sex == value)
    assert f"**{len(rows)} films selected**" in _text(app)
    seen = json.loads(_map_of(app).proto.json)["selected"]
    assert map_points.unpacked_rows(seen, len(studies)) == rows.tolist()
    assert app.button_group(key="errors_films_of").value == "the selection"
    assert _cards(app) and set(_cards(app)) <= set(rows.tolist())
    app.text_input(key="errors_selection_name").set_value("My films").run()
    chosen = session_of(app).selection
    assert chosen is not None and (chosen.name, chosen.rows) == ("My films", tuple(rows))
    (tmp_path / file_name(chosen.name)).write_text(
        selection_json(chosen.name, [studies.study_id(row) for row in chosen.rows])
    )
    again = open_studies(f"only,{tmp_path}/My-films.json:{SET}")
    assert again.ids == [studies.ids[row] for row in rows]
    app.button(key="errors_selection_clear").click().run()
    sound(app)
    assert session_of(app).selection is None and "films selected" not in _text(app)


def _map_of(app: AppTest) -> Any:
    return next(one for one in app.get("bidi_component") if "Map of" in one.proto.json)


def test_points_are_coloured_counted_and_sent_as_rows() -> None:
    values = np.array(["a", "", "b", "a"], object)
    where = np.array([[0, 1], [1, 1], [np.nan, np.nan], [2, 2]], np.float32)
    coloured = map_points.by_value(values)
    assert coloured.names == ("a", "b", map_points.UNKNOWN)
    assert coloured.group.tolist() == [0, 2, 1, 0] and len(set(coloured.tones)) == 3
    sent = map_points.content(where, coloured, np.arange(4.0))
    assert [one["films"] for one in sent["groups"]] == [2, 0, 1]
    assert map_points.unpacked_rows(sent["there"], 4) == [0, 1, 3]
    steps = [np.frombuffer(base64.b64decode(sent[axis]), "<u2")[[0, 1, 3]] for axis in "xy"]
    assert steps[0].tolist() == [0, 32767, 65535]
    assert np.ptp(steps[1].astype(int)) == 32768 and steps[1][0] == steps[1][1] > steps[1][2]
    for wrong in (None, 3, "", "AQ==x", "AQI=", {"a": 1}):  # what a visitor may send
        assert map_points.unpacked_rows(wrong, 4) == []
    scored = map_points.by_score(np.array([0.0, 1.0, np.nan, 0.5]))
    assert scored.group.tolist() == [0, 31, 0, 16] and scored.ends == (0.0, 1.0)
    assert map_points.by_score(np.full(3, np.nan)).ends == (0.0, 1.0)


def test_a_card_makes_its_film_the_current_study(app: AppTest) -> None:
    row = _cards(app)[-1]
    app.button(key=f"open_{row}").click().run()
    sound(app)
    assert session_of(app).row == row


def test_a_note_is_written_on_a_card_listed_with_its_film_and_undone(app: AppTest) -> None:
    row, finding = _cards(app)[0], app.selectbox(key="errors_finding").value
    assert not [one for one in app.text_area if "_card_" in str(one.key)]  # drawn when it is opened
    app.session_state[f"{notes_view.OPENED}_{row}"] = True
    app.run()
    _keyed(app.selectbox, f"note_verdict_card_{row}").select("model is wrong, looks at the device")
    _keyed(app.text_area, f"note_text_card_{row}").set_value("A *line* lies there")
    _keyed(app.text_input, f"note_author_card_{row}").set_value("Ada")
    _keyed(app.button, f"note_save_card_{row}").click().run()
    sound(app)
    studies, notebook = open_studies(SET), Notebook()
    (note,) = notebook.notes()
    assert (note.author, note.said.finding, note.said.verdict, note.said.text) == (
        "Ada", finding, "model is wrong, looks at the device", "A *line* lies there",
    )  # fmt: skip
    assert note.film.key == studies.image_key(row)
    secret = FilmRef(note.film.key, 0, 0, "patient 4711", "/home/somebody/films.csv")
    notebook.add(secret, "Bo", Said(text="seen"))
    app.button(key=f"open_{row}").click().run()
    assert "Ada" in _text(app) and r"A \*line\* lies there" in _text(app)
    assert "Bo" in _text(app) and "seen" in _text(app)
    assert "4711" not in _text(app) and "somebody" not in _text(app)
    assert _keyed(app.text_input, "note_author_current").value == "Ada"  # as before
    assert _keyed(app.text_area, f"note_text_card_{row}").value == ""
    app.button(key=f"undo_{note.id}").click().run()
    sound(app)
    assert [left.author for left in notebook.notes()] == ["Bo"]


def test_a_note_that_says_nothing_is_one_sentence(app: AppTest) -> None:
    _keyed(app.button, "note_save_current").click().run()
    assert not app.exception
    assert [error.value for error in app.error] == [
        "A note needs an author; give a name or initials."
    ]
    assert Notebook().notes() == []


def test_a_visitor_neither_reads_nor_writes_notes_unless_the_owner_says_so(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    studies = open_studies(SET)
    theirs = Notebook().add(FilmRef(studies.image_key(2)), "Ada", Said(text="private words"))
    monkeypatch.setattr(access, "connection", lambda: VISITOR)
    app.run()
    assert not app.exception
    assert any("are its owner's" in error.value for error in app.error)
    assert "private words" not in _text(app)
    assert not [box for box in app.text_area]
    with pytest.raises(access.ExplorerError, match="notes = true"):
        notes_view.write(studies, 2, "Bo", Said(text="x"))
    (tmp_path / "access.toml").write_text("notes = true\n")
    monkeypatch.setenv("LRCLR_ACCESS", str(tmp_path / "access.toml"))
    app.run()
    sound(app)
    assert "private words" in _text(app)
    assert f"undo_{theirs.id}" not in [button.key for button in app.button]
    _keyed(app.text_area, "note_text_current").set_value("mine")
    _keyed(app.text_input, "note_author_current").set_value("Bo")
    _keyed(app.button, "note_save_current").click().run()
    mine = next(note for note in Notebook().notes() if note.author == "Bo")
    assert f"undo_{mine.id}" in [button.key for button in app.button]


def test_a_set_without_labels_says_what_to_do(app: AppTest, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (2, 64, 64), dtype=np.uint8)
    for number, film in enumerate(noise):
        Image.fromarray(film).save(tmp_path / f"film{number}.png")
    labelled(app.sidebar.selectbox, "Study set").select("another set").run()
    labelled(app.sidebar.text_input, "Set").set_value(str(tmp_path)).run()
    assert not app.exception
    assert len(app.error) == 1 and "choose a set with label columns" in app.error[0].value
    assert "--unlabelled" in app.code[-1].value
    assert [box for box in app.text_area]  # notes need no labels


def test_the_table_of_slices_begins_at_the_one_that_does_worse_most_surely() -> None:
    rng = np.random.default_rng(0)
    scored = _synthetic(rng, 400)
    halves = np.array(["a", "b"] * 200, object)
    scored.scores[::2] = rng.normal(0, 1, (200, 1))  # in slice a the score knows nothing
    report = slice_report(scored, "Edema", {"half": halves}, n_bootstrap=60)
    told = frame(report)
    assert told["slice"][worst(report)] == "half a"
    assert "**2 of 2 slices differ from the rest**" in summary(report)
    assert (told["less the rest"] < 0).tolist() == (told["slice"] == "half a").tolist()


def _synthetic(rng: np.random.Generator, n: int) -> ScoredSet:
    from test_analysis_errors import scored

    cases = scored(n, ties=False).only("Edema")
    cases.truth[:] = (rng.random((n, 1)) < 0.4).astype(float)
    cases.scores[:] = cases.truth + rng.normal(0, 0.5, (n, 1))
    return cases


def test_a_report_is_made_with_one_click_and_opens_its_view_again(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[str] = []

    def kept(*arguments: Any) -> tuple[str, int]:
        pages.append(made_report(*arguments)[0])
        return pages[-1], 0

    monkeypatch.setattr(report, "made_report", kept)
    app.selectbox(key="errors_finding").set_value("Edema")
    app.selectbox(key="errors_rule").set_value("sensitivity")
    app.selectbox(key="errors_fit").set_value(OTHER).run()
    app.button_group(key="errors_metric").set_value("error")
    app.toggle(key="errors_column_pairs").set_value(True).run()
    slices = app.selectbox(key="errors_slice")
    chosen = next(name for name in list(app.dataframe[0].value["slice"])[::-1] if ", " in name)
    assert chosen != slices.value
    slices.set_value(chosen).run()
    _leave(app, 0.25)
    app.button(key="errors_report").click().run()
    sound(app)
    assert len(app.get("download_button")) == 2
    view = ReportView.from_html(pages[0].encode())
    assert (view.data, view.fit, view.finding) == (SET, OTHER, "Edema")
    assert float(view.by_hand) == pytest.approx(0.25)

    app.selectbox(key="errors_finding").set_value("Fracture")
    app.selectbox(key="errors_rule").set_value("youden").run()
    app.toggle(key="errors_column_pairs").set_value(False).run()
    app.button_group(key="errors_metric").set_value("auc").run()
    uploader = labelled(app.file_uploader, "Open a report")
    uploader.set_value(("report.html", pages[0].encode(), "text/html")).run()
    sound(app)
    assert app.selectbox(key="errors_finding").value == "Edema"
    assert app.selectbox(key="errors_rule").value == "sensitivity"
    assert app.selectbox(key="errors_fit").value == OTHER
    assert _sent(app)[1]["score"] == 0.25
    assert app.toggle(key="errors_column_pairs").value
    assert app.selectbox(key="errors_slice").value == chosen


def test_a_report_of_films_that_are_not_open_says_which(app: AppTest) -> None:
    told = VIEW | {"data": "mine.csv"}
    content = b'<script type="application/json" id="view">%s</script>' % json.dumps(told).encode()
    before = app.selectbox(key="errors_finding").value
    uploader = labelled(app.file_uploader, "Open a report")
    uploader.set_value(("report.html", content, "text/html")).run()
    assert not app.exception
    assert "The report is of mine.csv; open that set first" in app.error[0].value
    assert app.selectbox(key="errors_finding").value == before


def test_a_part_is_masked_on_films_spread_over_the_set(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortcut_view, "DRAWS", 1)
    app.selectbox(key="errors_finding").set_value("Support Devices").run()
    app.number_input(key="errors_masked_films_40").set_value(12).run()
    assert "Films with it" not in {name for table in app.dataframe for name in table.value}
    app.button(key="errors_mask").click().run()
    sound(app)
    (table,) = [table.value for table in app.dataframe if "Films with it" in table.value]
    studies = open_studies(SET)
    rows = np.unique(np.linspace(0, 39, 12).round().astype(int))
    some = studies.subset(rows.tolist())
    prompts = PromptSet({"Support Devices": default_prompts()["Support Devices"]})
    scored = score_masked(load_predictor("demo"), some, prompts, ["device"], 1)
    (expected,) = shortcut_report(scored, 60).shortcuts
    assert table["Films with it"].tolist() == [expected.n] and expected.n > 1
    assert table["Masked"][0] == pytest.approx(expected.change.value, abs=1e-4)
    assert table["Elsewhere"][0] == pytest.approx(expected.control.value, abs=1e-4)

    monkeypatch.setattr(masked_scores, "score_masked", None)  # films are masked once for all
    app.selectbox(key="errors_finding").set_value("Edema").run()
    sound(app)
    (other,) = [table.value for table in app.dataframe if "Films with it" in table.value]
    (expected,) = shortcut_report(
        score_masked(load_predictor("demo"), some, PromptSet({"Edema": default_prompts()["Edema"]}),
                     ["device"], 1), 60,
    ).shortcuts  # fmt: skip
    assert other["Masked"][0] == pytest.approx(expected.change.value, abs=1e-4)
    assert other["Masked"][0] != pytest.approx(table["Masked"][0], abs=1e-3)


def test_a_report_with_one_score_for_every_finding_opens_with_it_set_by_hand(app: AppTest) -> None:
    name = identity_of(open_studies(SET))
    told = VIEW | {"data": SET, "fingerprint": name.fingerprint, "threshold": "0.25",
                   "model_hash": load_predictor("demo").model_hash}  # fmt: skip
    content = b'<script type="application/json" id="view">%s</script>' % json.dumps(told).encode()
    uploader = labelled(app.file_uploader, "Open a report")
    uploader.set_value(("report.html", content, "text/html")).run()
    sound(app)
    assert not app.warning
    assert app.selectbox(key="errors_finding").value == "Edema"
    assert app.selectbox(key="errors_rule").value == "youden"
    assert session_of(app).threshold_by_hand[1] == 0.25


def test_a_link_with_a_score_for_a_threshold_opens_with_it_set_by_hand() -> None:
    page = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300)
    page.query_params.update({"set": SET, "finding": "Edema", "threshold": "0.25"})
    page.run()
    sound(page)
    assert session_of(page).threshold_rule == "youden"
    assert session_of(page).threshold_by_hand == (NEXT_CHOICE, 0.25)


def test_a_finding_that_the_default_prompts_lack_shows_its_films(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "Pleural Other" not in default_prompts()
    drawn = open_studies("phantom:n=8,seed=3")
    for row in range(8):
        film = np.clip(drawn.image(row), 0, 255).astype(np.uint8)
        Image.fromarray(film).save(tmp_path / f"{row}.png")
    lines = [f"s{row},{row}.png,{row % 2},{'AP' if row < 4 else 'PA'}" for row in range(8)]
    text = "\n".join(["id,image,Pleural Other,view", *lines])
    (tmp_path / "films.csv").write_text(text, encoding="utf-8")
    monkeypatch.setattr(errors_cache, "RESAMPLES", 60)
    monkeypatch.setattr(
        access, "connection", lambda: access.Connection(None, {"Host": "localhost:8501"})
    )
    page = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300)
    page.run()
    labelled(page.sidebar.selectbox, "Study set").select("another set").run()
    labelled(page.sidebar.text_input, "Set").set_value(str(tmp_path / "films.csv")).run()
    page.switch_page("../pages/errors.py").run()
    page.button_group(key="errors_kind").set_value("all").run()
    assert not page.exception, page.exception
    assert page.selectbox(key="errors_finding").value == "Pleural Other"
    assert page.button(key="case_0")
