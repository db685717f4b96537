"""Which lesions does a map find? What maps reach against size, shape, number and confidence."""

import pandas as pd
import streamlit as st

from core.analysis.lesion_bands import Band
from core.analysis.lesions import MEASURED, QUESTIONS, LesionReport, Relation
from core.attribution import METHODS
from core.inference.map_choice import Choice
from core.studies import StudySet
from explorer.errors import terminal_line
from explorer.errors.choice import FindingChoice
from explorer.probes import cache as probes_cache
from explorer.probes.lesion_plot import bands_figure
from explorer.shared import components, guard, state

FILMS = 40  # at most, unless more are asked for
_MAPS = ("lrclr", "gradcam", "random")
_FILM = 0.12  # CPU seconds of a map of all findings of a film
_ALL = "all findings"
_SURE = 0.05


def draw(choice: FindingChoice, studies: StudySet) -> None:
    """On demand: maps of every lesion of some films, measured beside what the lesion is like."""
    st.markdown(
        "Do maps find large lesions better than small ones, round better than long, one better "
        "than many, and where the model is sure? A *Random* map hits large lesions, too: what a "
        "map owes to size must be more than that."
    )
    one, two, three = components.row(460, 130, 150, align="bottom")
    with one:
        methods = st.pills(
            "Maps to measure", [name for name, method in METHODS.items() if not method.slow],
            selection_mode="multi", key=state.lasting("errors_lesion_maps", list(_MAPS)),
            format_func=lambda name: METHODS[name].title,
        )  # fmt: skip
    with two:
        most = len(studies)
        count = int(st.number_input(
            "Films to map", 1, most, step=10, help="Spread evenly over the set.",
            key=state.lasting(f"errors_lesion_films_{most}", min(FILMS, most)),
        ))  # fmt: skip
    asked = f"{choice.cases.key} {methods} {count}"
    with three:
        seconds = count * len(methods) * _FILM
        if st.button("Measure", key="errors_lesions", disabled=not methods, width="stretch",
                     help=f"Takes about {seconds:.0f} s the first time."):  # fmt: skip
            state.ask_lesions(asked)
    if state.session().lesions_asked == asked:
        with guard.sentences():
            _told(studies, tuple(methods), count)


def _told(studies: StudySet, methods: tuple[str, ...], count: int) -> None:
    report, bands = probes_cache.lesions(studies, methods, count)
    question = st.segmented_control(
        "Against", list(QUESTIONS), key=state.lasting("errors_lesion_question", "area"),
        format_func=str.capitalize,
        help="; ".join(f"{name}: {said}" for name, said in QUESTIONS.items()),
    ) or "area"  # fmt: skip
    titles = {name: METHODS[Choice.parse(name).method].title for name in report.cases.measured}
    components.show(bands_figure(bands, question, titles), f"errors_lesions_{question}",
                    alt(bands, question, titles))  # fmt: skip
    names = [_ALL, *dict.fromkeys(one.finding for one in report.relations if one.finding)]
    finding = st.selectbox(
        "Lesions of", names, key=state.lasting("errors_lesion_finding", _ALL, names), width=260
    )
    st.dataframe(frame(report, "" if finding == _ALL else finding, titles), hide_index=True)
    st.caption(
        f"Above: means in quarters of the lesions. Below: Spearman's rank correlation, "
        f"{len(report.cases.patients)} lesions in {count} films; 95 % intervals over patients; "
        f"* p, corrected for all that was tried, below {_SURE}. Findings differ in size and in how "
        "well they are found: each with 20 lesions can be looked at alone."
    )
    terminal_line.show("lesions", "--methods", ",".join(methods), "--films", str(count))


def frame(report: LesionReport, finding: str, titles: dict[str, str]) -> pd.DataFrame:
    """A line for each map and question: how hits and overlap go with it.

    Args:
        finding: whose lesions; "" for all.
        titles: of the maps, by method.
    """
    told = {(one.method, one.question, one.measure): one
            for one in report.relations if one.finding == finding}  # fmt: skip
    return pd.DataFrame([
        {"Map": title, "Against": question,
         **{f"{name}: rank correlation": _figure(told[method, question, measure])
            for measure, name in MEASURED.items()}}
        for method, title in titles.items() for question in QUESTIONS
    ])  # fmt: skip


def _figure(one: Relation) -> str:
    value, low, high = one.rank
    if pd.isna(value):
        return "all alike"
    return f"{value:+.2f} ({low:+.2f} to {high:+.2f}){' *' if one.p < _SURE else ''}"


def alt(bands: tuple[Band, ...], question: str, titles: dict[str, str]) -> str:
    """The plot in words: each map in the lowest and the highest quarter."""
    parts = []
    for method, title in titles.items():
        for measure, name in MEASURED.items():
            own = [one for one in bands
                   if (one.method, one.measure, one.question) == (method, measure, question)]
            parts.append(f"{title}, {name}: {own[0].mean.value:.2f} in the lowest quarter, "
                         f"{own[-1].mean.value:.2f} in the highest")  # fmt: skip
    return f"Maps against {QUESTIONS[question]}. {'; '.join(parts)}."
