"""What tests of pages ask of an app that AppTest has run."""

from typing import Any

from streamlit.testing.v1 import AppTest

from explorer.shared.state import KEY, Session


def sound(app: AppTest) -> None:
    """Neither a traceback nor a sentence of error."""
    assert not app.exception, app.exception
    assert not app.error, [error.value for error in app.error]


def session_of(app: AppTest) -> Session:
    """The session's typed state."""
    session: Session = app.session_state[KEY]
    return session


def labelled(elements: Any, label: str) -> Any:
    """The first element with this label."""
    return next(element for element in elements if element.label == label)
