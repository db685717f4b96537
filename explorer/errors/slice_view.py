"""Films that share a value, compared with the rest, and the films of one such slice."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from core.analysis.slices import METRICS, Slice, SliceReport, members
from core.studies import StudySet
from explorer.errors import cache as errors_cache
from explorer.errors import film_view
from explorer.errors.choice import FilmGroup, FindingChoice
from explorer.shared import following, guard, link, state

_SURE = 0.05
_BOX, _METRIC = "errors_slice", "errors_metric"


def _title(metric: str) -> str:
    return "AUC" if metric == "auc" else metric.capitalize()


def draw(choice: FindingChoice, studies: StudySet) -> dict[str, FilmGroup]:
    """The table of slices, and the films of the chosen one, at first the one that does worst."""
    with guard.sentences():  # a set without columns leaves the rest
        metric, pairs = _asked()
        report = following.ask(
            "Slices",
            (choice.cases.key, choice.finding, metric, pairs,
             None if metric == "auc" else choice.threshold.value),
            len(choice.cases.scored), lambda: errors_cache.slices(choice, studies, metric, pairs),
        )  # fmt: skip
        if isinstance(report, following.Job):
            following.wait(report)
            whole = np.ones(len(studies), bool)
            return {film_view.SLICE: FilmGroup("All films, until the slices are compared", whole)}
        st.markdown(summary(report))
        if pairs:
            st.caption("Pairs that are too small, or no smaller than one of the two, are left out.")
        one = _chosen(report, f"errors_slices_{choice.key}_{metric}{'_pairs' * pairs}")
        return {film_view.SLICE: _films(choice, studies, one)}
    return {}


def _asked() -> tuple[str, bool]:
    """The metric, and whether columns are combined."""
    state.begin_widget(_METRIC, state.session().sliced_by)
    metric = st.segmented_control(
        "Compared by", list(METRICS), key=_METRIC,
        format_func=_title,
        help="; ".join(f"{name}: {said}" for name, said in METRICS.items()),
    ) or "auc"  # fmt: skip
    state.slice_by(metric)
    link.write()
    pairs = st.toggle(
        "Also columns two at a time", key=state.lasting(errors_cache.PAIRS, False),
        help="More slices are tried, so that each needs a smaller p.",
    )  # fmt: skip
    return metric, pairs


def _chosen(report: SliceReport, key: str) -> Slice:
    """A slice by a click in the table of that key, or from the box below it."""
    named = {one.name: one for one in report.slices}
    names, here = list(named), state.session()
    film_view.table(frame(report), key, _BOX, names, film_view.SLICE, column_config=_FORMATS,
                    height=36 * min(len(names), 9) + 40)  # fmt: skip
    same = here.sliced in (key, state.NEXT_CHOICE)
    if state.widget(_BOX) not in names or not same:
        begins = here.slice if same and here.slice in names else names[worst(report)]
        state.put_widget(_BOX, begins)
    name = st.selectbox(
        "Films of the slice", names, key=_BOX,
        on_change=lambda: film_view.show(film_view.SLICE),
        format_func=lambda name: _name(named[name]), help="Or click its row in the table.",
    )  # fmt: skip
    state.slice_films(key, name)
    link.write()
    return named[name]


def _films(choice: FindingChoice, studies: StudySet, one: Slice) -> FilmGroup:
    """The films that a slice counts."""
    asked = choice.cases, studies, choice.finding
    columns = errors_cache.columns(*asked)
    of_lesion = any(name not in columns for name, _ in one.values)
    inside = members(one, {**columns, **errors_cache.lesions(*asked)} if of_lesion else columns)
    if of_lesion:
        inside &= choice.by_row(len(studies))[0] == 1  # as the slice was counted
    return FilmGroup(one.name, inside)


def summary(report: SliceReport) -> str:
    """What the table says, in a sentence or two."""
    small = len(report.slices) - report.tried
    rest = f" {small} are too small to say anything and were not tried." if small else ""
    if not report.tried:
        return f"No slice of {report.n} films is large enough to be compared.{rest}"
    sure = sum(one.p_corrected < _SURE for one in report.slices)
    verb = "differs" if sure == 1 else "differ"
    said = f"**{sure or 'None'} of {report.tried} slices {verb if sure else 'differs'} "
    return (
        f"{said}from the rest** (p below {_SURE}, corrected for the {report.tried} that were "
        f"tried).{rest} Without a small p a difference is what chance gives."
    )


def worst(report: SliceReport) -> int:
    """Row of the slice that does worse with the smallest p; 0 where none does."""
    return next(
        (row for row, one in enumerate(report.slices)
         if one.compared and _sign(report) * one.compared.difference.value < 0), 0,
    )  # fmt: skip


def _sign(report: SliceReport) -> int:
    """Of a difference that is a gain: errors are better few."""
    return -1 if report.metric == "error" else 1


def _said(p: float, gain: float) -> str:
    if p >= _SURE:
        return "may be chance"
    return "better" if gain > 0 else "worse"


_FORMATS = {
    **{name: st.column_config.NumberColumn(format="%.3f") for name in map(_title, METRICS)},
    "less the rest": st.column_config.NumberColumn("less the rest", format="%+.3f"),
    "p corrected": st.column_config.NumberColumn("p corrected", format="%.2g"),
}


def frame(report: SliceReport) -> pd.DataFrame:
    """The slices as a table, those that differ most surely first."""
    rows = []
    for one in report.slices:
        told: Mapping[str, object] = {"slice": one.name, "n": one.n, "with it": one.positives}
        if one.compared is None:
            rows.append({**told, "says": f"too small: {one.too_small}"})
            continue
        value, low, high = one.compared.inside
        gap, least, most = one.compared.difference
        rows.append({
            **told, _title(report.metric): value, "95 %": f"{low:.2f} to {high:.2f}",
            "less the rest": gap, "95 % of that": f"{least:+.2f} to {most:+.2f}",
            "p corrected": one.p_corrected,
            "says": _said(one.p_corrected, _sign(report) * gap),
        })  # fmt: skip
    return pd.DataFrame(rows, columns=["slice", "n", "with it", _title(report.metric), "95 %",
                                       "less the rest", "95 % of that", "p corrected", "says"])


def _name(one: Slice) -> str:
    if one.compared is None:
        return f"{one.name} ({one.n} films, too small to say anything)"
    gap = one.compared.difference.value
    return f"{one.name} ({one.n} films, {gap:+.2f} less the rest, p {one.p_corrected:.2g})"
