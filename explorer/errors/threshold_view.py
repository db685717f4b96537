"""A threshold that is dragged, and what it makes of the films: only this part is drawn again.

The browser moves it: the files of `browser/` draw charts, counts and rates of every step. Python
hears where it was left, and says where it begins.
"""

import math
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from core.analysis.reliability import Reliability
from core.analysis.sweep import Sweep
from core.analysis.threshold import Rule, Threshold
from explorer.errors import cache as errors_cache
from explorer.errors import threshold_table
from explorer.errors.choice import FindingChoice
from explorer.shared import following, guard, palette, scripts, state

KEY = "threshold_charts"
_BROWSER = Path(__file__).parent / "browser"
_BEGUN = "threshold_begun"
_BY_HAND = ["Set by hand on the very films that it is judged on: what it gives here is ",
            "optimistic", "."]  # fmt: skip


def browser_files() -> tuple[str, str]:
    """The charts' script and their style."""
    script = scripts.joined(_BROWSER, ("draw.js", "threshold.js"))
    return script, palette.style(_BROWSER / "threshold.css")


_JS, _CSS = browser_files()
HTML = (_BROWSER / "threshold.html").read_text(encoding="utf-8")
_charts = st.components.v2.component("threshold_charts", html=HTML, css=_CSS, js=_JS)


class Begun(NamedTuple):
    """Where Python has put the threshold of the charts; a new serial moves it there."""

    of: str  # `FindingChoice.key`
    serial: int
    score: float
    by_hand: bool


@st.fragment  # the slices and films below wait until they are asked to follow
def draw(choice: FindingChoice) -> None:
    """Confusion and four charts of a threshold that moves in the browser."""
    with guard.sentences():
        asked = choice.cases, choice.fitted, choice.finding
        bands = following.ask(
            "Intervals and bands", (choice.cases.key, choice.fitted.key, choice.finding),
            len(choice.cases.scored), lambda: errors_cache.threshold_table(*asked),
        )  # fmt: skip
        waits = isinstance(bands, following.Job)
        table = errors_cache.threshold_table(*asked, banded=not waits)
        swept = errors_cache.swept(choice.cases, choice.finding, banded=not waits)
        threshold = _threshold(choice)
        begun = _begun(choice, swept, threshold)

        def take() -> None:
            score = _left_at(begun)
            if score is not None:
                state.set_threshold(choice.key, score)

        _charts(
            key=KEY, on_threshold_change=take,
            data={"table": table, "start": _start(choice, swept, begun)},
        )  # fmt: skip
        _buttons(choice, threshold)
        if isinstance(bands, following.Job):
            following.wait(bands)
        _about(choice, errors_cache.calibrated(*asked, banded=not waits)[1])


def _threshold(choice: FindingChoice) -> Threshold:
    """The threshold: the rule's until somebody moves it."""
    made_for, score = state.session().threshold_by_hand
    if made_for == choice.key:
        return Threshold(score, Rule("score", score), None)
    return choice.fitted_threshold


def _left_at(begun: Begun) -> float | None:
    """Where the browser left the threshold; None where it never moved it from there."""
    sent: Any = (state.widget(KEY) or {}).get("threshold")
    if not isinstance(sent, dict) or sent.get("serial") != begun.serial:
        return None  # of charts that have been replaced since
    score = sent.get("score")
    return float(score) if isinstance(score, int | float) and math.isfinite(score) else None


def _begun(choice: FindingChoice, swept: Sweep, threshold: Threshold) -> Begun:
    """Where the charts begin: the same as before where the browser knows already.

    The message to the browser is then the same, too, and is not sent again.
    """
    before: Begun | None = state.widget(_BEGUN)
    by_hand = threshold is not choice.fitted_threshold
    if before and before.of == choice.key and state.widget(KEY) is not None:
        left = _left_at(before)
        there = (before.score, before.by_hand) if left is None else (left, True)
        known = swept.complete or threshold.value in (before.score, *swept.stops.tolist())
        if there == (threshold.value, by_hand) and known:
            return before
    begun = Begun(choice.key, before.serial + 1 if before else 1, threshold.value, by_hand)
    state.put_widget(_BEGUN, begun)
    return begun


def _start(choice: FindingChoice, swept: Sweep, begun: Begun) -> dict[str, Any]:
    """Where the threshold begins, what it gives, and sentences on where it comes from."""
    return {
        "serial": begun.serial, "score": begun.score, "by_hand": begun.by_hand,
        "row": threshold_table.row(swept.at(begun.score)), "moved": _BY_HAND,
        "origin": _BY_HAND if begun.by_hand else _origin(choice),
    }  # fmt: skip


def _origin(choice: FindingChoice) -> list[str]:
    """Where the rule's threshold comes from, and whether that flatters it; every second is bold."""
    fitted = choice.fitted_threshold
    said = f"By {'Youden’s rule' if fitted.rule.name == 'youden' else fitted.rule}, fitted on "
    if fitted.optimistic(choice.cases.scored.identity):
        return [f"{said}these very films: what it gives here is ", "optimistic",
                ". Choose other films under Fitted on."]  # fmt: skip
    if fitted.fitted_on is None:
        return _BY_HAND
    spec, n = fitted.fitted_on.spec, fitted.fitted_on.n
    return [f"{said}{spec} (n = {n}), which are other films than these."]


def _buttons(choice: FindingChoice, threshold: Threshold) -> None:
    def back() -> None:
        state.set_threshold("", 0.0)

    line = st.container(horizontal=True)
    line.button(
        "Reset", key="threshold_back", disabled=threshold is choice.fitted_threshold,
        on_click=back, help="Back to the threshold of the rule.",
    )  # fmt: skip
    if threshold.value != choice.threshold.value and line.button(
        "Use it below", key="threshold_use", type="primary",
        help="Errors together, slices and films are still those of "
        f"{choice.threshold.value:.3f}.",
    ):  # fmt: skip
        st.rerun()


def _about(choice: FindingChoice, holds: Reliability) -> None:
    shown = choice.cases.scored
    where = ("on these very films, which is optimistic"
             if choice.fitted_threshold.optimistic(shown.identity)
             else f"on `{choice.fitted.scored.identity.spec}`")  # fmt: skip
    st.caption(
        f"Bands and intervals: 95 %, {errors_cache.RESAMPLES} bootstrap resamples of "
        f"{shown.identity.patients} patients. Probabilities: Platt's sigmoid of the score, fitted "
        f"{where}. An ECE (expected calibration error) of {holds.ece_by_chance:.2f} would be there "
        "even if every probability were right."
    )
