"""The patient of the lab in this session: from a link, or as the browser left it."""

from typing import Any

import streamlit as st

from core.errors import ExplorerError
from core.inference.prompts import check_prompt
from core.lab.told import plain_text
from core.phantom.patient import Patient, parse_patient
from explorer.shared import link, state

FIRST = "seed=7;nodule,x=-6.5,y=10,radius=1.2"
"""Whom the page begins with."""
_PATIENT, _TEXT = "patient", "text"
"""In the address; `prompt` there is the session's, which every page writes before it is read."""


def arrive() -> Patient:
    """The patient that the page shows; a link's is taken where it is another than before."""
    asked = st.query_params.get(_PATIENT, ""), st.query_params.get(_TEXT, "")
    if asked[0] and asked != state.session().lab.linked:
        try:
            _begin(parse_patient(asked[0]), asked[1])
        except ExplorerError as error:
            st.warning(f"The link's patient cannot be used. {error}", icon=":material/link_off:")
    if not state.session().lab.patient:
        _begin(parse_patient(FIRST), "")
    write_link()
    return parse_patient(state.session().lab.patient)


def _begin(patient: Patient, text: str) -> None:
    """A text that is not given, or cannot be read, is the first finding in plain words."""
    try:
        text = check_prompt(text)
    except ExplorerError:
        text = plain_text(patient.findings[0]) if patient.findings else "lung nodule"
    state.begin_lab(str(patient), text)
    state.set_prompt(text)


def leave(told: Any) -> None:
    """Take what the browser sends when something is let go; of a page before, nothing.

    The page's own script is not trusted more than any other: what is wrong is left out.
    """
    here = state.session().lab
    if not isinstance(told, dict) or told.get("edition") != here.edition:
        return
    patient, text, chosen = (told.get(name) for name in ("patient", "text", "chosen"))
    if not (isinstance(patient, str) and isinstance(text, str) and type(chosen) is int):
        return
    try:
        left, text = parse_patient(patient), check_prompt(text)
    except ExplorerError:
        return
    state.leave_lab(str(left), text, min(max(chosen, -1), len(left.findings) - 1))
    state.set_prompt(text)


def write_link() -> None:
    """Keep the address true: patient and text."""
    link.write()
    here = state.session().lab
    st.query_params.update({_PATIENT: here.patient, _TEXT: here.text})
    state.link_lab(here.patient, here.text)
