"""What is judged: the pickers of a finding, of a rule for its threshold and its set."""

import streamlit as st

from core.analysis.threshold import Rule, Threshold, parse_rule
from core.errors import ExplorerError
from core.studies import StudySet
from explorer import access
from explorer.errors import cache as errors_cache
from explorer.errors.choice import FindingChoice, KeyedScores
from explorer.shared import cache, components, link, state

_RULES = {
    "youden": "Youden: most sensitivity and specificity together",
    "sensitivity": "A sensitivity that I fix",
    "specificity": "A specificity that I fix",
    "prevalence": "As many positive as are labelled so",
    "cost": "A miss costs more than a false alarm",
}
_SHOWN = "these very films (optimistic)"
_SETS = ("phantom:val", "phantom:n=200,seed=7")


def draw() -> FindingChoice:
    """Finding, rule and the set that it is fitted on.

    Raises:
        ExplorerError: a set cannot be opened, or has no labels for it.
    """
    here = state.session()
    studies = cache.studies(here.study_set)
    zero, one, two, three, four = components.row(130, 230, 280, 250, 130)
    with zero:
        components.score_picker("errors_score")
    cases = _cases(studies)
    with one:
        finding = _finding(cases)
    with two:
        kind = _rule()
    with three:
        spec = _fitted_on()
    with four:
        rule = _value(kind)
    fitted = _cases(cache.studies(spec)) if spec else cases
    limit = errors_cache.thresholds(rule, cases, fitted, (finding,))[finding]
    state.fit_threshold(str(rule), spec)
    link.write()
    _check_spread(cases, finding)
    chosen = FindingChoice(cases, fitted, finding, limit, limit)
    made_for, score = state.session().threshold_by_hand
    if made_for == state.NEXT_CHOICE:
        made_for = chosen.key
        state.set_threshold(made_for, score)
    if made_for == chosen.key:
        by_hand = Threshold(score, Rule("score", score), None)
        return FindingChoice(cases, fitted, finding, limit, by_hand)
    return chosen


def _finding(cases: KeyedScores) -> str:
    areas = errors_cache.areas(cases)
    names = list(areas)
    chosen = st.selectbox(
        "Finding", names, help="The worst ranked first.",
        key=state.begin_picker("errors_finding", state.session().judged, names),
        format_func=lambda name: f"{name}, AUC {areas[name]:.2f}",
    )  # fmt: skip
    state.judge(chosen if chosen != names[0] else "")
    return chosen


def _rule() -> str:
    names, before = list(_RULES), parse_rule(state.session().threshold_rule).name
    return st.selectbox(
        "Threshold", names, format_func=_RULES.__getitem__,
        key=state.begin_picker("errors_rule", before, names),
    )  # fmt: skip


def _value(kind: str) -> Rule:
    """The rule with the value that it wants."""
    before = parse_rule(state.session().threshold_rule)
    same = before.value if before.name == kind else None
    if kind == "cost":
        state.begin_widget("errors_cost", same or 5.0)
        value = st.number_input(
            "False alarms", 0.1, 1000.0, step=1.0, key="errors_cost",
            help="How many false alarms a miss costs.",
        )  # fmt: skip
        return Rule(kind, float(value))
    if kind in ("sensitivity", "specificity"):
        state.begin_widget(f"errors_{kind}", same or 0.9)
        value = st.number_input(kind.capitalize(), 0.01, 1.0, step=0.05, key=f"errors_{kind}")
        return Rule(kind, float(value))
    return Rule(kind)


def _fitted_on() -> str:
    """Spec of the set that the threshold is fitted on; "" for the shown one."""
    here = state.session()
    options = dict.fromkeys(["", *_SETS, *access.offered_sets(), here.threshold_set])
    names = [spec for spec in options if spec != here.study_set]
    typed = state.widget("errors_fit") if access.is_owner() else None
    known = names if typed in (None, here.study_set) else [*names, typed]
    chosen = st.selectbox(
        "Fitted on", names, accept_new_options=access.is_owner(),
        key=state.begin_picker("errors_fit", here.threshold_set, known),
        format_func=lambda spec: spec or _SHOWN,
        help="A set of other films with labels; type any of `python -m core errors --fit`.",
    )  # fmt: skip
    return (chosen or "").strip()


def _cases(studies: StudySet) -> KeyedScores:
    here = state.session()
    return errors_cache.cases(here.model, studies, here.prompts, here.judged_score)


def _check_spread(cases: KeyedScores, finding: str) -> None:
    _, score = cases.scored.of(finding)
    if float(score.max() - score.min()) < 1e-5:
        raise ExplorerError(
            f"All films of '{cases.scored.identity.spec}' score alike for {finding}: no threshold "
            "parts them; choose another finding, or edit its prompts."
        )
