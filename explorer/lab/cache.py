"""Cached: what was measured of the lab's patient; asked for with a button, shared by sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.phantom.patient import parse_patient
from explorer.shared import cache
from explorer.shared.progress import page_progress

if TYPE_CHECKING:
    from core.inference.predictor import Predictor
    from core.lab.curves import ResponseSquare, ResponseSweep
    from core.lab.observer import Observed
    from core.lab.subtlety import SubtletyCurve

Values = tuple[float, ...]


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=cache.KEYS)
def _swept(
    model: Predictor, patient: str, index: int, name: str, values: Values, text: str, n: int,
    methods: tuple[str, ...],
) -> ResponseSweep:  # fmt: skip
    from core.lab.curves import sweep

    with page_progress("Random anatomies") as progress:
        return sweep(model, parse_patient(patient), index, name, values, text, n, methods,
                     progress=progress)  # fmt: skip


def swept(
    spec: str, patient: str, index: int, name: str, values: Values, text: str, n: int,
    methods: tuple[str, ...],
) -> ResponseSweep:  # fmt: skip
    """One value moved over n random anatomies; see `core.lab.curves.sweep`."""
    return _swept(cache.predictor(spec), patient, index, name, values, text, n, methods)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=cache.KEYS)
def _squared(
    model: Predictor, patient: str, index: int, across: tuple[str, Values],
    down: tuple[str, Values], text: str, n: int,
) -> ResponseSquare:  # fmt: skip
    from core.lab.curves import square

    with page_progress("Films") as progress:
        return square(model, parse_patient(patient), index, across, down, text, n,
                      progress=progress)  # fmt: skip


def squared(
    spec: str, patient: str, index: int, across: tuple[str, Values], down: tuple[str, Values],
    text: str, n: int,
) -> ResponseSquare:  # fmt: skip
    """Two values of a finding moved over n random anatomies; see `core.lab.curves.square`."""
    return _squared(cache.predictor(spec), patient, index, across, down, text, n)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=cache.KEYS)
def _observed(
    model: Predictor, patient: str, index: int, name: str, values: Values, text: str, n: int
) -> tuple[Observed, ...]:
    from core.lab.curves import changed
    from core.lab.observer import observe

    first = parse_patient(patient)
    moved = [changed(first, index, name, value) for value in values]
    seen: list[Observed] = []
    with page_progress("Random anatomies") as progress:
        for number, one in enumerate(moved):

            def tell(done: int, of: int, before: int = number * n) -> None:
                progress(before + done, n * len(moved))

            seen.append(observe(model, one, index, text, n, progress=tell))
    return tuple(seen)


def observed(
    spec: str, patient: str, index: int, name: str, values: Values, text: str, n: int
) -> tuple[Observed, ...]:
    """A finding as model and ideal observer see it, at each of some values."""
    return _observed(cache.predictor(spec), patient, index, name, values, text, n)


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=cache.KEYS)
def _subtlety(model: Predictor, n: int) -> SubtletyCurve:
    from core.lab.subtlety import measure_subtlety
    from core.studies.ct_set import demo_ct, outlines_file, scan_of

    with page_progress("Poses") as progress:
        return measure_subtlety(model, scan_of(demo_ct()), outlines_file(), n=n, progress=progress)


def subtlety(spec: str, n: int) -> SubtletyCurve:
    """Radiologists' nodules in the fetched CT; see `core.lab.subtlety`."""
    return _subtlety(cache.predictor(spec), n)
