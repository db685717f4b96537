"""The address of a page: model, set, study, prompt, finding; a link is read with care."""

import re
from contextlib import suppress

import streamlit as st

from core.errors import ExplorerError
from core.evaluation.text_truth import stated_findings
from explorer import access
from explorer.shared import cache, errors_link, state

_NAMES = ("model", "set", "study", "prompt", "finding")


def start() -> None:
    """Take the link's values in a fresh session, each checked."""
    if not state.is_new():
        return
    asked = {name: st.query_params.get(name, "") for name in _NAMES}
    if asked["model"] in cache.model_names():
        state.choose_model(asked["model"])
    # Only phantoms: a link must not make the server read a path.
    if re.fullmatch(errors_link.PHANTOMS, asked["set"]):
        try:  # nor draw for minutes what nobody here asked for
            access.check_phantoms(asked["set"])
            state.choose_set(asked["set"])
        except ExplorerError as error:
            st.toast(str(error), icon=":material/link_off:")
    elif asked["set"]:
        st.toast("A link opens phantoms alone. Choose the set in the sidebar.",
                 icon=":material/link_off:")  # fmt: skip
    if asked["study"].isdecimal() and len(asked["study"]) <= 6:
        state.choose_row(int(asked["study"]))
    if asked["finding"] in state.session().prompts:
        state.judge(asked["finding"])
    if 0 < len(asked["prompt"].strip()) <= 300:
        state.set_prompt(asked["prompt"].strip())
    elif asked["set"] or asked["study"]:
        _own_sentence()
    errors_link.take()


def _own_sentence() -> None:
    """A film that a link names without a text opens with what its report finds."""
    with suppress(ExplorerError):  # said where the study is chosen
        current = state.current()
        sentences = current.studies.report(current.row)
        state.set_prompt(next(filter(stated_findings, sentences), state.session().prompt))


def write() -> None:
    """Keep the link true; an upload and a set of files have none.

    A path says whose it is, and a link to one would not be read anyway.
    """
    here = state.session()
    st.query_params.update(model=here.model, prompt=here.prompt)
    if code := access.code_in_link():
        st.query_params[access.CODE_IN_LINK] = code
    if here.judged:
        st.query_params.update(finding=here.judged)
    elif "finding" in st.query_params:
        del st.query_params["finding"]
    if here.study_set.startswith("phantom:"):
        st.query_params.update(set=here.study_set, study=str(here.row))
    else:
        for name in {"set", "study"} & set(st.query_params):
            del st.query_params[name]
    errors_link.write()
