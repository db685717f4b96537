"""Centre and width of what is displayed; the model always reads the film as it was opened."""

from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.films.film import OPENED, RANGE
from core.films.window import Window
from explorer.shared import cache, state
from explorer.shared.state import Current, WindowHistory

_OWN = "Own"
_STEPS = 20  # of one film that can be undone


def picture(current: Current) -> NDArray[np.uint8]:
    """The current film through the session's window for it, (H, W)."""
    return cache.display(current.studies, current.row, chosen(current))


def shown(current: Current) -> NDArray[np.uint8]:
    """`picture` no larger than a screen has pixels for; maps are drawn over this one."""
    return cache.display(current.studies, current.row, chosen(current), cache.SHOWN)


def chosen(current: Current) -> Window | None:
    """The session's window for the current film; None as it was opened."""
    return _history(current)[-1]


def draw(current: Current) -> None:
    """The control; it belongs above the films that it changes."""
    film, window = cache.film(current.studies, current.row), chosen(current)
    presets = {name: voi for name, voi in film.presets.items() if isinstance(voi, Window)}
    options = {**presets, OPENED: None}
    name = next((name for name, voi in options.items() if voi == window), _OWN)
    shown = window or film.opened
    if not isinstance(shown, Window):  # a table of the header has neither centre nor width
        shown = presets[RANGE]
    with st.expander("Window of the display", icon=":material/contrast:"):
        line = st.container(horizontal=True, vertical_alignment="bottom")
        names = [OPENED, *(n for n in presets if n != OPENED), *([_OWN] if name == _OWN else [])]
        _select(line, current, names, name, options)
        _numbers(line, current, presets[RANGE], shown)
        many = len(_history(current)) > 1
        line.button("Undo", key="window_undo", on_click=_undo, args=(current,), disabled=not many)
        line.button("Reset", key="window_reset", on_click=_put, args=(current, None),
                    disabled=window is None)  # fmt: skip
        st.caption(
            "Changes what is displayed, **not what the model saw**: it read the film as opened. "
            f"{_extent(presets[RANGE])}"
        )


def _extent(whole: Window) -> str:
    low, high = whole.center - whole.width / 2, whole.center + whole.width / 2
    return f"Values run from {low:g} to {high:g}."


def _select(
    line: st.delta_generator.DeltaGenerator,
    current: Current,
    names: list[str],
    name: str,
    options: dict[str, Window | None],
) -> None:
    state.put_widget("window_preset", name)

    def picked_one() -> None:
        picked = state.widget("window_preset")
        if picked in options:
            _put(current, options[picked])

    line.selectbox("Preset", names, key="window_preset", on_change=picked_one, width=190)


def _numbers(
    line: st.delta_generator.DeltaGenerator, current: Current, whole: Window, shown: Window
) -> None:
    step = float(f"{max(whole.width / 50, 1e-3):.1g}")  # one press of an arrow key
    least = 1.0 if shown.function == "LINEAR" else min(step / 100, shown.width)
    state.put_widget("window_center", shown.center)
    state.put_widget("window_width", shown.width)

    def typed() -> None:
        center, width = state.widget("window_center"), state.widget("window_width")
        if center is not None and width is not None:
            _put(current, replace(shown, center=float(center), width=float(width)))

    line.number_input("Centre", key="window_center", step=step, on_change=typed, width=150)
    line.number_input("Width", least, key="window_width", step=step, on_change=typed, width=150)


def _history(current: Current) -> WindowHistory:
    return state.session().windows.get((current.studies.spec, current.row), (None,))


def _put(current: Current, window: Window | None) -> None:
    history = _history(current)
    if window != history[-1]:
        _keep(current, (*history, window)[-_STEPS:])


def _undo(current: Current) -> None:
    _keep(current, _history(current)[:-1] or (None,))


def _keep(current: Current, history: WindowHistory) -> None:
    state.keep_windows(current.studies.spec, current.row, history)
