"""What pages share of a session: model, set, study, prompt, prompt set. Own keys, typed defaults.

Widgets' own keys vanish with their page, so each value is copied to a key here. Four of them are in
the URL too, read once at the start and range-checked: a link carries what it shows.
"""

import re
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.inference.prompts import PromptSet, default_prompts
from core.studies import StudySet, UploadedSet
from explorer.shared import cache

DEFAULT_SET = "phantom:demo"
DEFAULT_PROMPT = "left pleural effusion"
_URL = ("model", "set", "study", "prompt")


@dataclass(frozen=True)
class Current:
    """The study on the screen."""

    studies: StudySet
    row: int

    @property
    def uploaded(self) -> bool:
        """Whether it is the user's own image."""
        return isinstance(self.studies, UploadedSet)


def start() -> None:
    """Defaults, and the URL's values in a fresh session."""
    defaults: dict[str, Any] = {
        "model": cache.default_model(), "set": DEFAULT_SET, "row": 0, "upload": None,
        "prompt": DEFAULT_PROMPT, "prompts": default_prompts(), "history": (),
    }  # fmt: skip
    fresh = "lx_model" not in st.session_state
    for name, value in defaults.items():
        st.session_state.setdefault(f"lx_{name}", value)
    if fresh:
        _read_url()


def get(name: str) -> Any:
    """A shared value."""
    return st.session_state[f"lx_{name}"]


def put(name: str, value: Any) -> None:
    """Set a shared value."""
    st.session_state[f"lx_{name}"] = value


def current() -> Current:
    """The uploaded image where there is one, else the row of the set.

    Raises:
        ExplorerError: the set cannot be opened.
    """
    if get("upload") is not None:
        return Current(get("upload"), 0)
    studies = cache.studies(get("set"))
    return Current(studies, min(get("row"), len(studies) - 1))


def write_url() -> None:
    """Keep the link true; an upload and a set of files have none.

    A path says whose it is, and a link to one would not be read anyway.
    """
    st.query_params.update(model=get("model"), prompt=get("prompt"))
    if str(get("set")).startswith("phantom:"):
        st.query_params.update(set=get("set"), study=str(get("row")))
    else:
        for name in {"set", "study"} & set(st.query_params):
            del st.query_params[name]


def set_prompts(prompts: PromptSet) -> None:
    """Replace the prompt set and remember the old one for undo."""
    if prompts != get("prompts"):
        put("history", (*get("history"), get("prompts"))[-30:])
        put("prompts", prompts)


def undo_prompts() -> None:
    """Back to the prompt set before."""
    history = get("history")
    if history:
        put("prompts", history[-1])
        put("history", history[:-1])


def _read_url() -> None:
    values = {name: st.query_params.get(name, "") for name in _URL}
    if values["model"] in cache.model_names():
        put("model", values["model"])
    # Only phantoms: a link must not make the server read a path.
    if re.fullmatch(r"phantom:[a-z0-9=,]{1,60}", values["set"]):
        put("set", values["set"])
    if values["study"].isdecimal() and len(values["study"]) <= 6:
        put("row", int(values["study"]))
    if 0 < len(values["prompt"].strip()) <= 300:
        put("prompt", values["prompt"].strip())
