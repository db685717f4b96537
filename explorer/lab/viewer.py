"""The lab in the browser: drag, and film, score, regions and sentence follow.

The component is the files of `browser/`, joined in this order: no build step, nothing fetched. It
asks `explorer.lab.route` while something moves, and tells the page when it is let go. Where the
server has no such route (`offline`), the page sends the frame itself.
"""

from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from core.phantom.patient import Patient
from explorer.lab import benches, sent, visit
from explorer.routes import LAB_FRAME
from explorer.shared import cache, palette, scripts, state

KEY = "lab_film"
_BROWSER = Path(__file__).parent / "browser"
_SCRIPTS = ("patient.js", "ask.js", "stage.js", "controls.js", "said.js", "lab.js")
_component = st.components.v2.component(
    "lab_film",
    html='<div class="lab"></div>',
    css=palette.style(_BROWSER / "lab.css"),
    js=scripts.joined(_BROWSER, _SCRIPTS, ("elements.js",)),
)


def draw(patient: Patient) -> None:
    """The component; what it was left with is kept before the page runs again.

    Raises:
        ExplorerError: the model cannot be loaded, or not by this session.
    """
    spec = state.session().model
    predictor = cache.predictor(spec)
    again = partial(cache.kept_model, spec, cache.written(spec))
    word = benches.open_bench(state.session().lab.word, predictor, again)
    state.keep_lab_word(word)
    here = state.session().lab
    told = state.widget(KEY) or {}
    data: dict[str, Any] = {
        "schema": sent.schema(), "patient": sent.patient(patient), "text": here.text,
        "chosen": here.chosen, "edition": here.edition, "word": word,
        "model": predictor.model_hash, "route": _route(), "frame": None,
    }  # fmt: skip
    if told.get("offline"):
        data["frame"] = _frame(word, patient)
        st.caption("This server draws only when you let go: it was started without the app's "
                   "routes (docs/lab.md).")  # fmt: skip

    def take() -> None:
        visit.leave((state.widget(KEY) or {}).get("left"))

    _component(key=KEY, data=data, on_left_change=take, on_offline_change=lambda: None)


def _route() -> str:
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}{LAB_FRAME}" if base else LAB_FRAME


def _frame(word: str, patient: Patient) -> dict[str, Any]:
    """What the route would have answered."""
    bench = benches.bench_of(word)
    assert bench is not None, "opened above"
    here = state.session().lab
    shown = bench.lab.frame(patient, here.text, here.chosen, fine=True)
    serial = f"{word} {here.patient} {here.text} {here.chosen}"
    return {**sent.frame(shown, True), "serial": serial}
