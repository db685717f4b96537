"""Measurements over random anatomies: curves, contrast and detail, places, the ideal observer."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from core.attribution import METHODS
from core.lab.told import plain_text
from core.phantom.patient import (
    CONTRAST,
    NUMBERS,
    RADIUS,
    SEVERITY,
    Number,
    Patient,
    finding_values,
    parse_patient,
)
from explorer.lab import cache as lab_cache
from explorer.lab import plots
from explorer.shared import components, state, terminal

CURVE, DETAIL, PLACES, IDEAL = (
    "Response curve", "Contrast and detail", "Places", "Ideal observer",
)  # fmt: skip
_ABOUT = {
    CURVE: "One value moves; score, detection and weight follow, with bands over anatomies.",
    DETAIL: "Radius against contrast: from where on is the lesion seen?",
    PLACES: "The lesion at each place over the lungs: where is it seen, and where not?",
    IDEAL: "What the film holds at best, and how much of it the model uses.",
}
_STEPS, _MOST = 6, 12  # values of a curve; anatomies that a page measures, more are a command's
_OF_FINDING = {"radius": RADIUS, "contrast": CONTRAST, "severity": SEVERITY}


@dataclass(frozen=True)
class Measurement:
    """What was asked for; kept as text, so that a changed patient keeps its figure until then."""

    kind: str
    patient: str
    chosen: int
    text: str
    name: str
    n: int
    methods: tuple[str, ...]


def draw() -> None:
    """Choose what to measure, a button, and what came of it."""
    here = state.session().lab
    patient = parse_patient(here.patient)
    kind = str(st.segmented_control("Measure", list(_ABOUT), default=CURVE, key="lab_kind",
                                    label_visibility="collapsed"))  # fmt: skip
    kind = kind if kind in _ABOUT else CURVE
    st.markdown(_ABOUT[kind])
    chosen = here.chosen if 0 <= here.chosen < len(patient.findings) else -1
    wanted = _missing(kind, patient, chosen)
    if wanted:
        st.info(f"Choose {wanted} of the patient above.", icon=":material/touch_app:")
        return
    asked = _form(kind, patient, chosen, here.text)
    if st.button("Measure", icon=":material/show_chart:", type="primary", key="lab_measure"):
        state.ask_lab(json.dumps(asked.__dict__))
    told = state.session().lab.asked
    if told:
        kept = json.loads(told)
        _result(Measurement(**{**kept, "methods": tuple(kept["methods"])}), asked)


def _missing(kind: str, patient: Patient, chosen: int) -> str:
    """What a measurement needs and the patient has not; "" where it can be made."""
    if kind in (DETAIL, PLACES):
        own = finding_values(patient.findings[chosen]) if chosen >= 0 else {}
        return "" if "radius" in own else "a nodule"
    return "a finding" if kind == IDEAL and chosen < 0 else ""


def _form(kind: str, patient: Patient, chosen: int, text: str) -> Measurement:
    one, two, three = components.row(230, 200, 420)
    name, methods = "", []
    if kind in (CURVE, IDEAL):
        known = _movable(patient, chosen)
        with one:
            name = str(st.selectbox("What moves", list(known), key=f"lab_moves_{chosen}",
                                    format_func=lambda key: known[key].title))  # fmt: skip
    with two:
        n = int(st.number_input("Random anatomies", 3, _MOST, 6, key="lab_n"))
    if kind == CURVE and chosen >= 0:
        with three:
            methods = st.multiselect(
                "Explanations whose hits are counted", list(METHODS), ["lrclr"], key="lab_methods",
                format_func=lambda key: METHODS[key].title, max_selections=4,
            )  # fmt: skip
    if kind == PLACES:
        text = plain_text(patient.findings[chosen]).removeprefix("left ").removeprefix("right ")
    return Measurement(kind, str(patient), chosen, text, name, n, tuple(methods))


def _movable(patient: Patient, chosen: int) -> dict[str, Number]:
    own = finding_values(patient.findings[chosen]) if chosen >= 0 else {}
    of_finding = {key: number for key, number in _OF_FINDING.items() if key in own}
    return {**of_finding, **NUMBERS}


def _values(name: str) -> tuple[float, ...]:
    number = {**_OF_FINDING, **NUMBERS}[name]
    low = max(number.low, 0.5) if name == "noise" else number.low
    high = min(number.high, 2.0) if name == "radius" else number.high
    return tuple(round(float(value), 3) for value in np.linspace(low, high, _STEPS))


def _result(asked: Measurement, now: Measurement) -> None:
    """The figure of what was asked for, and the command that prints it."""
    if asked.kind != now.kind:
        return
    spec, number = state.session().model, {**_OF_FINDING, **NUMBERS}
    title = number[asked.name].title.lower() if asked.name else ""
    if asked.kind == CURVE:
        swept = lab_cache.swept(
            spec, asked.patient, asked.chosen, asked.name, _values(asked.name), asked.text,
            asked.n, asked.methods,
        )  # fmt: skip
        components.show(plots.curves(swept, title), "lab_curves", _said(asked, title))
    elif asked.kind == IDEAL:
        values = _values(asked.name)
        seen = lab_cache.observed(spec, asked.patient, asked.chosen, asked.name, values,
                                  asked.text, asked.n)  # fmt: skip
        components.show(plots.observers(seen, values, title), "lab_ideal", _said(asked, title))
        st.caption(
            "d′ is how many standard deviations of the **noise** lie between the film with the "
            "finding and without. The ideal observer knows this very anatomy; efficiency is the "
            "square of the model’s d′ over its own. Between patients anatomy differs, too: "
            "what is left there stands in the command’s last column."
        )
    else:
        across, down, titles = _axes(asked.kind)
        found = lab_cache.squared(spec, asked.patient, asked.chosen, across, down, asked.text,
                                  asked.n)  # fmt: skip
        components.show(plots.square(found, titles), "lab_square", _said(asked, titles[0]))
    st.caption(f"Of `{asked.patient}`, “{asked.text}”, n = {asked.n} random anatomies; bands are "
               "95 % bootstrap intervals over them. AUC: with the finding against without, 0.5 is "
               "chance; of so few patients it is rough.")  # fmt: skip
    terminal.show("lab", *_command(asked, spec))


def _axes(kind: str) -> tuple[Any, Any, tuple[str, str]]:
    if kind == DETAIL:
        return (("contrast", (0.2, 0.4, 0.6, 0.8, 1.0)), ("radius", (0.3, 0.5, 0.8, 1.2, 1.6)),
                ("contrast", "radius, cm"))  # fmt: skip
    return (
        ("x", (-11.0, -9.0, -7.0, -5.0, -3.0, 3.0, 5.0, 7.0, 9.0, 11.0)),
        ("y", (6.0, 9.0, 12.0, 15.0, 18.0, 21.0)),
        ("cm from the midline, the patient’s left at right", "cm from the top"),
    )


def _said(asked: Measurement, title: str) -> str:
    return (f"{asked.kind} for “{asked.text}” over {asked.n} random anatomies by {title}; the "
            "command below prints the numbers.")  # fmt: skip


def _command(asked: Measurement, spec: str) -> list[str]:
    own = ["--patient", asked.patient, "--finding", str(max(asked.chosen, 0)), "--text", asked.text,
           "--model", spec, "--n", str(asked.n)]  # fmt: skip
    if asked.kind in (CURVE, IDEAL):
        verb = "sweep" if asked.kind == CURVE else "observer"
        moved = ["--change", asked.name, "--values", ",".join(map(str, _values(asked.name)))]
        maps = ["--methods", ",".join(asked.methods)] if asked.methods else []
        return [verb, *moved, *own, *maps]
    across, down, _ = _axes(asked.kind)
    told = [f"{name}={','.join(f'{v:g}' for v in values)}" for name, values in (across, down)]
    return ["square", "--across", told[0], "--down", told[1], *own]
