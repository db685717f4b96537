"""The one place that touches `st.session_state`, and what widgets show.

Widgets' own keys vanish with their page: what must outlive a page is a field of `Session`.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import streamlit as st

from explorer.shared import cache
from explorer.shared.state.fields import Current, Session

KEY = "session"


def is_new() -> bool:
    """Whether nothing was asked of this session yet."""
    return KEY not in st.session_state


def session() -> Session:
    """The session as it is now."""
    if is_new():
        st.session_state[KEY] = Session(model=cache.default_model())
    here: Session = st.session_state[KEY]
    return here


def change(**fields: Any) -> None:
    """Replace fields of the session; for the setters of this folder alone."""
    st.session_state[KEY] = replace(session(), **fields)


def current() -> Current:
    """The uploaded image where there is one, else the row of the set.

    Raises:
        ExplorerError: the set cannot be opened.
    """
    here = session()
    if here.upload is not None:
        return Current(here.upload, 0)
    studies = cache.studies(here.study_set)
    return Current(studies, min(here.row, len(studies) - 1))


def enter(page: str) -> None:
    """Note the page that is drawn; on a new one the prompt goes into its box anew.

    Streamlit takes a box on another page for another one, even under the same key.
    """
    if page != session().page:
        change(page=page, proposed=True)


def widget(key: str) -> Any:
    """What a widget holds, None where it was not drawn yet; of the widget's own type."""
    return st.session_state.get(key)


def put_widget(key: str, value: Any) -> None:
    """Set what a widget will show; before it is drawn, or in a callback."""
    st.session_state[key] = value


def drop_widgets(*keys: str) -> None:
    """Have widgets begin anew, from what the session holds; before they are drawn."""
    for key in keys:
        st.session_state.pop(key, None)


def begin_widget(key: str, value: Any) -> None:
    """Set what a widget shows when it is drawn for the first time."""
    st.session_state.setdefault(key, value)


def begin_picker(key: str, value: Any, options: Collection[Any]) -> str:
    """Key of a picker that shows a value unless it holds one of its options already.

    A dropped picker whose first value comes by `index` goes back to the browser's own choice.
    """
    if widget(key) not in options:
        put_widget(key, value if value in options else next(iter(options)))
    return key


def lasting(key: str, first: Any, options: Collection[Any] | None = None) -> str:
    """Key of a widget whose choice outlives its page; asked just before it is drawn.

    Args:
        first: what it begins with.
        options: what it may hold; what is no longer one of them gives way, in a list one by one.
    """
    begin_widget(key, session().choices.get(key, first))
    held = widget(key)
    if options is not None:
        if isinstance(held, list | tuple):
            left = [value for value in held if value in options]
        else:
            left = held if held is None or held in options else first
        if left != held:
            put_widget(key, left)
    rest = {other: value for other, value in session().choices.items() if other != key}
    change(choices=rest if widget(key) == first else {**rest, key: widget(key)})
    return key


def propose_choice(key: str, value: Any) -> None:
    """What a lasting widget holds where it is drawn anew."""
    change(choices={**session().choices, key: value})
