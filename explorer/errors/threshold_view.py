"""A threshold that is dragged, and what it makes of the films: only this part is drawn again."""

import numpy as np
import streamlit as st

from core.analysis.confusion import Confusion
from core.analysis.reliability import Reliability
from core.analysis.sweep import Sweep
from core.analysis.threshold import Rule, Threshold
from core.metrics.bootstrap import Interval
from explorer.errors import cache as errors_cache
from explorer.errors import plots
from explorer.errors.choice import FindingChoice
from explorer.shared import components, guard, state

_STEPS = 200


@st.fragment  # the slices and films below wait until they are asked to follow
def draw(choice: FindingChoice) -> None:
    """Slider, confusion, and four charts that mark the threshold."""
    with guard.sentences():
        swept = errors_cache.swept(choice.cases, choice.finding)
        threshold = _slider(choice, swept)
        _origin(choice, threshold)
        confusion = swept.at(threshold.value)
        counts, rates = components.row(400, 600)
        with counts:
            _counts(confusion)
        with rates:
            _rates(confusion)
        _charts(choice, swept, threshold.value, confusion)


def _slider(choice: FindingChoice, swept: Sweep) -> Threshold:
    """The threshold: the rule's until somebody moves it."""
    fitted, shown = choice.fitted_threshold, choice.threshold.value
    low, high = swept.extent
    low, high = min(low, fitted.value, shown), max(high, fitted.value, shown)
    key = f"threshold_{choice.key}"
    state.begin_widget(key, shown)

    def keep() -> None:
        state.set_threshold(choice.key, float(state.widget(key)))

    def back() -> None:
        state.set_threshold("", 0.0)
        state.put_widget(key, fitted.value)

    place, button = st.columns([5, 1.2], vertical_alignment="bottom")
    value = place.slider(
        "Threshold of the score: from here on a film is called positive", low, high,
        step=(high - low) / _STEPS, key=key, on_change=keep, format="%.3f",
        help="Drag it, or click it and use the arrow keys.",
    )  # fmt: skip
    moved = state.session().threshold_by_hand[0] == choice.key
    button.button(
        "Reset", key="threshold_back", disabled=not moved, on_click=back, width="stretch",
        help="Back to the threshold of the rule.",
    )  # fmt: skip
    return Threshold(float(value), Rule("score", float(value)), None) if moved else fitted


def _origin(choice: FindingChoice, threshold: Threshold) -> None:
    """Where the threshold comes from, and whether that flatters it."""
    shown = choice.cases.scored.identity
    said = f"**{threshold.value:.3f}**, "
    if threshold.fitted_on is None:
        said += "set by hand on the very films that it is judged on: what it gives here is"
        said += " **optimistic**."
    elif threshold.optimistic(shown):
        said += f"by {_named(threshold.rule)}, fitted on these very films: what it gives here is "
        said += "**optimistic**. Choose other films under *Fitted on*."
    else:
        said += f"by {_named(threshold.rule)}, fitted on `{threshold.fitted_on.spec}` "
        said += f"(n = {threshold.fitted_on.n}), which are other films than these."
    text, button = st.columns([5, 1.2], vertical_alignment="center")
    text.markdown(said)
    if threshold.value != choice.threshold.value and button.button(
        "Use it below", key="threshold_use", width="stretch", type="primary",
        help="Errors together, slices and films are still those of "
        f"{choice.threshold.value:.3f}.",
    ):  # fmt: skip
        st.rerun()


def _named(rule: Rule) -> str:
    return "Youden's rule" if rule.name == "youden" else str(rule)


def _counts(told: Confusion) -> None:
    st.markdown(
        "| | labelled present | labelled absent |\n|---|---|---|\n"
        f"| **called** | {told.true_positives} found | {told.false_positives} false alarms |\n"
        f"| **not called** | {told.false_negatives} missed | "
        f"{told.true_negatives} rightly not called |"
    )


def _rates(told: Confusion) -> None:
    names = {"sensitivity": "Sensitivity", "specificity": "Specificity", "ppv": "PPV",
             "npv": "NPV", "f1": "F1"}  # fmt: skip
    heads = " | ".join(names.values())
    values = " | ".join(f"{told.rates[name].value:.2f}" for name in names)
    ranges = " | ".join(_range(told.rates[name]) for name in names)
    st.markdown(
        f"| | {heads} |\n|---|{'---|' * len(names)}\n| | {values} |\n| 95\u00a0% | {ranges} |"
    )


def _range(figure: Interval) -> str:
    return f"{figure.low:.2f}–{figure.high:.2f}"


def _charts(choice: FindingChoice, swept: Sweep, threshold: float, told: Confusion) -> None:
    probability, holds = errors_cache.calibrated(choice.cases, choice.fitted, choice.finding)
    counted = errors_cache.histogram(choice.cases, choice.finding)
    chance = float(probability.probabilities(np.array([threshold]))[0][0])
    caught = told.rates["sensitivity"].value
    alarms, pure = 1 - told.rates["specificity"].value, told.rates["ppv"].value
    name, auc, ap = choice.finding, _figure(swept.auc), _figure(swept.average_precision)
    looks = [
        (f"**ROC**, AUC {auc}", plots.roc(swept.roc, (alarms, caught), threshold), "errors_roc",
         f"ROC of {name} with its band, AUC {auc}; at the threshold sensitivity {caught:.2f} "
         f"and false positive rate {alarms:.2f}."),
        (f"**Precision**, average {ap}",
         plots.precision(swept.precision, (caught, pure), swept.positives / swept.n, threshold),
         "errors_precision",
         f"Precision over recall of {name} with its band, average {ap}; at the threshold "
         f"precision {pure:.2f} and recall {caught:.2f}."),
        (f"**Scores**, {swept.positives} of {swept.n} with it",
         plots.histogram(counted, threshold), "errors_histogram",
         f"Histogram of the scores for {name}, of films with and without it; the threshold is "
         f"{threshold:.3f}."),
        (f"**Calibration**, ECE {holds.ece.value:.2f}",
         plots.calibration(holds, chance), "errors_calibration",
         f"Share with {name} over the probability said, in {len(holds.bins)} bins; Brier "
         f"{holds.brier.value:.3f}; the threshold is a probability of {chance:.2f}."),
    ]  # fmt: skip
    for place, (title, figure, key, said) in zip(components.row(235, 235, 235, 235), looks,
                                                 strict=True):  # fmt: skip
        with place:
            st.markdown(title)
            components.show(figure, key, said)
    _about(choice, holds, chance)


def _about(choice: FindingChoice, holds: Reliability, chance: float) -> None:
    shown = choice.cases.scored
    where = ("on these very films, which is optimistic"
             if choice.fitted_threshold.optimistic(shown.identity)
             else f"on `{choice.fitted.scored.identity.spec}`")  # fmt: skip
    st.caption(
        f"Bands and intervals: 95 %, {errors_cache.RESAMPLES} bootstrap resamples of "
        f"{shown.identity.patients} patients. Probabilities: Platt's sigmoid of the score, fitted "
        f"{where}; the threshold is a probability of {chance:.2f}. An ECE (expected calibration "
        f"error) of {holds.ece_by_chance:.2f} would be there even if every probability were right."
    )


def _figure(figure: Interval) -> str:
    return f"{figure.value:.2f} [{figure.low:.2f} {figure.high:.2f}]"
