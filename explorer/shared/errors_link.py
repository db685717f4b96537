"""What the pages Errors and Case add to the address; each value of a link is checked."""

import re
from contextlib import suppress

import streamlit as st

from core.analysis.threshold import parse_rule
from core.errors import ExplorerError
from core.inference.score_names import SCORES
from core.studies.selection import read_rows, rows_text
from explorer import access
from explorer.shared import state

PAGES = ("errors", "case")  # pages that call findings
PHANTOMS = r"phantom:[a-z0-9=,]{1,60}"
_JUDGED = {"score": "lrclr", "threshold": "youden", "fit": "", "by": "auc"}
"""What is judged and how, and how it begins."""
_BOXES = {"pairs": "errors_column_pairs", "of": "errors_films_of", "show": "errors_kind",
          "films": "errors_page"}  # fmt: skip
"""Boxes that last, by their keys; each takes only what it offers."""
_SELECTED = ("selection", "rows")
_WORDS = r"[^\x00-\x1f]{1,100}"


def _asked(name: str) -> str:
    text = st.query_params.get(name, "")
    return text if re.fullmatch(_WORDS, text) else ""


def take() -> None:
    """Begin with what the address says."""
    _take_judged()
    if _asked("slice"):  # taken where the table has such a slice
        state.slice_films(state.NEXT_CHOICE, _asked("slice"))
    for name, key in _BOXES.items():
        if name == "films" and re.fullmatch(r"[1-9]\d{0,5}", _asked(name), re.ASCII):
            state.propose_choice(key, int(_asked(name)))
        elif name == "pairs" and _asked(name):
            state.propose_choice(key, _asked(name) == "yes")
        elif name in ("of", "show") and _asked(name):
            state.propose_choice(key, _asked(name))
    here = state.session()
    if _asked("selection") and re.fullmatch(PHANTOMS, here.study_set):
        with suppress(ExplorerError):  # a link that somebody shortened
            rows = read_rows(st.query_params.get("rows", ""))
            state.select_films(here.study_set, rows, _asked("selection")[:60])


def _take_judged() -> None:
    """Score, metric of the slices, and how the threshold comes about."""
    if _asked("score") in SCORES:
        state.judge_by(_asked("score"))
    if by := _asked("by"):
        from core.analysis.slices import METRICS  # with scipy, for which no first page waits

        if by in METRICS:
            state.slice_by(by)
    with suppress(ExplorerError):
        fit = _asked("fit") if re.fullmatch(PHANTOMS, _asked("fit")) else ""
        if fit:
            access.check_phantoms(fit)
        take_threshold(_asked("threshold")[:40] or "youden", fit)


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


def write() -> None:
    """Keep the address true; what is as it was at first needs no word."""
    here = state.session()
    told = _told(here) if here.page in PAGES else {}
    for name in (*_JUDGED, "slice", *_BOXES, *_SELECTED):
        if told.get(name):
            st.query_params[name] = told[name]
        elif name in st.query_params:
            del st.query_params[name]


def _told(here: state.Session) -> dict[str, str]:
    fit = here.threshold_set if here.threshold_set.startswith("phantom:") else ""
    judged = {"score": here.judged_score, "threshold": here.threshold_rule, "fit": fit,
              "by": here.sliced_by}  # fmt: skip
    told = {name: text for name, text in judged.items() if text != _JUDGED[name]}
    told["slice"] = here.slice
    for name, key in _BOXES.items():
        held = here.choices.get(key, "")
        told[name] = ("yes" if held else "") if name == "pairs" else str(held or "")
    chosen = here.selection
    if chosen and chosen.spec == here.study_set and re.fullmatch(PHANTOMS, chosen.spec):
        rows = rows_text(chosen.rows)
        told |= {"selection": chosen.name, "rows": rows} if rows else {}
    return told
