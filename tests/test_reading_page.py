"""Read against the model on its pages: a teacher opens, a student marks, both see what came of it;
and the presenter of the pages that show a film."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from app_driver import session_of, sound
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from core.metrics.froc import FilmMark
from core.paths import ROOT
from core.records.class_book import ClassBook
from core.records.reading_book import ReadingBook
from explorer import access

VISITOR = access.Connection("192.168.1.20", {"Host": "192.168.1.5:8501"})
_FILMS = "phantom:n=24,seed=90"


@pytest.fixture(scope="module")
def home() -> Iterator[AppTest]:
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)
    app.query_params.update({"set": _FILMS})
    yield app.run()


def _stages(app: AppTest) -> list[Any]:
    """The film stages on the page."""
    return [one.proto for one in app.get("bidi_component") if '"layers"' in one.proto.json]


def _send(app: AppTest, proto: Any, **values: Any) -> None:
    """What the browser sends; the page runs again."""
    states = app._tree.get_widget_states()
    states.widgets.append(WidgetState(id=proto.id, json_value=json.dumps(values)))
    app._run(states)


def _leave(app: AppTest, marks: list[list[float]], step: int = 1, serial: str = "") -> None:
    (proto,) = _stages(app)
    told = json.loads(proto.json)
    _send(app, proto, left={"serial": serial or told["serial"], "step": step, "marks": marks})


def test_a_class_marks_and_then_sees_truth_figures_and_the_model(home: AppTest) -> None:
    app = home
    app.switch_page("../pages/classroom.py").run()
    sound(app)
    app.text_input(key="reading_set").set_value(_FILMS)
    app.number_input(key="reading_count").set_value(4)
    app.button(key="reading_begin").click().run()
    sound(app)
    book = ReadingBook()
    begun = book.latest()
    assert begun is not None and (begun.stage, begun.spec, len(begun.rows)) == ("open", _FILMS, 4)
    assert any("0 are done" in one.value for one in app.caption)
    app.switch_page("../pages/lessons.py").run()
    app.button(key="reading_open").click().run()
    assert any("Join the class first" in one.value for one in app.info) and not _stages(app)
    app.text_input(key="lesson_nickname").set_value("blue heron")
    app.button(key="lesson_join").click().run()
    sound(app)
    (student,) = ClassBook().students()
    sent = json.loads(_stages(app)[0].json)
    assert sent["edits"] and sent["layers"] == [] and sent["film"].startswith("data:image/")
    assert begun.spec not in json.dumps(sent | {"film": ""}), "which film it is would be told"
    _leave(app, [[0.5, 0.25, 4]])
    sound(app)
    assert book.marks(begun.id) == {student.id: {0: (FilmMark(0.5, 0.25, 4),)}}
    assert session_of(app).read_film == 1
    _leave(app, [[0.5, 0.25, 4]], serial=f"{begun.id} 3")  # a page that was drawn before
    assert session_of(app).read_film == 1 and len(book.marks(begun.id)[student.id]) == 1
    _leave(app, [[0.5, 7, 4]])
    assert any("no marks" in one.value for one in app.error)
    for _ in range(3):
        _leave(app, [])
    assert any("All 4 films are read" in one.value for one in app.success)
    book.move(begun.id, "closed")
    _leave(app, [[0.1, 0.1, 1]], step=-1)
    assert any("closed" in one.value for one in app.error)
    book.move(begun.id, "shown")
    app.run()
    sound(app)
    shown = json.loads(_stages(app)[0].json)
    assert [layer["key"] for layer in shown["layers"]] == ["T", "Y", "C", "M", "G"]
    assert not shown["edits"] and all(layer["name"] for layer in shown["layers"])
    model = next(layer for layer in shown["layers"] if layer["key"] == "M")
    assert model["name"] == "LRCLR regions" and model["points"]
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    names = [line["name"].rsplit(" ", 1)[0] for line in figure["data"]]
    assert names[0] == "blue heron (you)" and {"class", "LRCLR regions"} <= {*names}
    app.switch_page("../pages/classroom.py").run()
    sound(app)
    assert any("Everybody sees" in one.value for one in app.markdown)
    app.button(key="reading_forget").click().run()
    sound(app)
    assert book.readings() == []


def test_a_visitor_opens_no_reading(home: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "connection", lambda: VISITOR)
    home.switch_page("../pages/classroom.py").run()
    assert home.error and not [one for one in home.button if one.key == "reading_begin"]


def test_the_presenter_makes_its_film_when_somebody_presents(home: AppTest) -> None:
    app = home.switch_page("../pages/home.py").run()
    sound(app)
    (proto,) = _stages(app)
    assert json.loads(proto.json)["film"] == "" and json.loads(proto.json)["button"] == "Present"
    _send(app, proto, presenting=True)
    sound(app)
    shown = json.loads(_stages(app)[0].json)
    assert [layer["key"] for layer in shown["layers"]] == ["T", "R", "M", "G"]
    assert [layer["on"] for layer in shown["layers"]] == [False, True, False, False]
    row = session_of(app).row
    _send(app, _stages(app)[0], presenting=True, left={"step": 1})
    sound(app)
    assert session_of(app).row == row + 1
    assert json.loads(_stages(app)[0].json)["serial"] != shown["serial"]
    app.switch_page("../pages/regions.py").run()
    sound(app)
    assert len(_stages(app)) == 1
