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
    if asked["set"] and not _opens(asked["set"]):
        asked["set"] = asked["study"] = ""  # a row of another set is another film
    if asked["study"].isdecimal() and len(asked["study"]) <= 6:
        state.choose_row(int(asked["study"]))
    if asked["finding"] in state.session().prompts:
        state.judge(asked["finding"])
    if 0 < len(asked["prompt"].strip()) <= 300:
        state.set_prompt(asked["prompt"].strip())
    elif asked["set"] or asked["study"]:
        _own_sentence()
    errors_link.take()


def _opens(spec: str) -> bool:
    """Open the set that a link names, of those that links may, or say why not."""
    try:
        # A link must not make the server read a path that its owner did not list...
        if spec not in access.listed_sets():
            if not re.fullmatch(errors_link.PHANTOMS, spec):
                raise ExplorerError(
                    "A link opens phantoms and listed sets. Choose the set in the sidebar."
                )
            access.check_phantoms(spec)  # ...nor draw for minutes what nobody here asked for
        access.check_set(spec)
    except ExplorerError as error:
        st.toast(str(error), icon=":material/link_off:")
        return False
    state.choose_set(spec)
    return True


def _own_sentence() -> None:
    """A film that a link names without a text opens with what its report finds."""
    with suppress(ExplorerError):  # said where the study is chosen
        current = state.current()
        sentences = current.studies.report(current.row)
        state.set_prompt(next(filter(stated_findings, sentences), state.session().prompt))


def write() -> None:
    """Keep the link true; an upload and a set of files that is not listed have none.

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
    if here.study_set.startswith("phantom:") or here.study_set in access.listed_sets():
        st.query_params.update(set=here.study_set, study=str(here.row))
    else:
        for name in {"set", "study"} & set(st.query_params):
            del st.query_params[name]
    errors_link.write()
