"""The page Lab without its route: what it sends to the browser, and what comes back."""

import json
from dataclasses import replace
from typing import Any

import pytest
from app_driver import session_of, sound
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from core.paths import ROOT
from core.phantom.patient import parse_patient
from explorer import access
from explorer.shared.state import KEY

LINKED = "seed=9,habitus=0.6;effusion,side=left,severity=0.7,seed=1"


@pytest.fixture(scope="module")
def opened() -> AppTest:
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300)
    app.run()
    return app.switch_page("../pages/lab.py").run()


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
