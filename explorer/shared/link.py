"""The address of a page: model, set, study, prompt, finding; a link is read with care."""

import re
from contextlib import suppress

import streamlit as st

from core.analysis.threshold import parse_rule
from core.errors import ExplorerError
from core.evaluation.text_truth import stated_findings
from core.inference.score_names import SCORES
from explorer import access
from explorer.shared import cache, state

_NAMES = ("model", "set", "study", "prompt", "finding")
_PHANTOMS = r"phantom:[a-z0-9=,]{1,60}"
_CALLING = ("errors", "case")  # pages that call findings
_JUDGED = {"score": "lrclr", "threshold": "youden", "fit": "", "by": "auc"}
"""What the pages Errors and Case add to the address, and how it begins."""


def start() -> None:
    """Take the link's values in a fresh session, each checked."""
    if not state.is_new():
        return
    asked = {name: st.query_params.get(name, "") for name in _NAMES}
    if asked["model"] in cache.model_names():
        state.choose_model(asked["model"])
    # Only phantoms: a link must not make the server read a path.
    if re.fullmatch(_PHANTOMS, asked["set"]):
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
    _judged({name: st.query_params.get(name, "") for name in _JUDGED})


def _judged(asked: dict[str, str]) -> None:
    """What Errors and Case open with: score, and how its threshold comes about."""
    if asked["score"] in SCORES:
        state.judge_by(asked["score"])
    if asked["by"]:
        from core.analysis.slices import METRICS  # with scipy, for which no first page waits

        if asked["by"] in METRICS:
            state.slice_by(asked["by"])
    with suppress(ExplorerError):  # a link that somebody shortened
        fit = asked["fit"] if re.fullmatch(_PHANTOMS, asked["fit"]) else ""
        if fit:
            access.check_phantoms(fit)
        take_threshold(asked["threshold"][:40] or "youden", fit)


def take_threshold(text: str, fit: str, by_hand: float | None = None) -> None:
    """Begin with a rule, as `parse_rule` takes it, fitted on a set; a plain score is set by hand.

    Raises:
        ExplorerError: the text is no rule.
    """
    rule = parse_rule(text)
    if rule.name == "score":  # a command has it for every finding; the page for the one it shows
        rule, by_hand = parse_rule("youden"), rule.value if by_hand is None else by_hand
    state.fit_threshold(str(rule), fit)
    if by_hand is not None:
        state.set_threshold(state.NEXT_CHOICE, by_hand)


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
    _write_judged(here)
    if here.study_set.startswith("phantom:"):
        st.query_params.update(set=here.study_set, study=str(here.row))
    else:
        for name in {"set", "study"} & set(st.query_params):
            del st.query_params[name]


def _write_judged(here: state.Session) -> None:
    """How findings are called, where they are; what is as it was at first needs no word."""
    fit = here.threshold_set if here.threshold_set.startswith("phantom:") else ""
    told = {"score": here.judged_score, "threshold": here.threshold_rule, "fit": fit,
            "by": here.sliced_by}  # fmt: skip
    for name, first in _JUDGED.items():
        if here.page in _CALLING and told[name] != first:
            st.query_params[name] = told[name]
        elif name in st.query_params:
            del st.query_params[name]
