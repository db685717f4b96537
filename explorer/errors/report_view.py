"""The report of what the page shows: made here, and opened again."""

import streamlit as st

from core.analysis.report_view import ReportView
from core.analysis.scored import identity_of, without_folders
from core.errors import ExplorerError
from core.inference.score_names import SCORES
from core.studies import StudySet
from explorer import access
from explorer.errors import cache as errors_cache
from explorer.errors.choice import FindingChoice
from explorer.shared import cache, components, errors_link, guard, state

_FILE = "errors_report_file"

def draw(choice: FindingChoice, studies: StudySet) -> None:
    """A button that makes the report of the finding, and what it made to download."""
    st.markdown(
        "Figures with intervals, slices and the worst films in one file that opens without a "
        "network, prints, and names nobody. Dropped below, it opens this view again."
    )
    make, drop = components.row(420, 420)
    with make:
        with_notes = access.may_note() and st.checkbox(
            "With the notes on these films, without their authors",
            key=state.lasting("errors_report_notes", False),
        )
        here = state.session()
        wanted = (
            f"{choice.key} {choice.threshold.value!r} {with_notes} {here.sliced_by} {here.slice} "
            f"{here.choices.get(errors_cache.PAIRS)}"
        )
        if st.button("Make the report", icon=":material/article:", key="errors_report"):
            state.ask_report(wanted)
        if state.session().report_asked == wanted:
            with guard.sentences():
                _downloads(choice, studies, with_notes)
    with drop:
        st.file_uploader("Open a report", ["html"], key=_FILE,
                         help="One that was made here; the sidebar's upload takes it, too.")


def _downloads(choice: FindingChoice, studies: StudySet, with_notes: bool) -> None:
    page, table = errors_cache.report(choice, studies, with_notes)
    st.download_button(
        "Download the report", page, "report.html", "text/html", icon=":material/download:",
        on_click="ignore", key="errors_report_get", type="primary",
    )  # fmt: skip
    st.download_button(
        "Scores of all films (CSV)", table, "scores.csv", "text/csv", on_click="ignore",
        icon=":material/table:", key="errors_scores_get",
    )  # fmt: skip


def open_dropped() -> None:
    """Show what a dropped report was made from; once for each file, before anything is drawn."""
    opened, *warnings = state.session().report_said or [""]
    if opened:
        state.say_of_report()
        st.toast(opened, icon=":material/article:")
        for said in warnings:
            st.warning(said)
    if (file := state.widget(_FILE)) is not None:
        state.hold_report(file)
    name, content = state.take_report()
    if name:
        with guard.sentences():
            _open(ReportView.from_html(content, name))
            st.rerun()  # the sidebar shows the set that was open before


def _open(view: ReportView) -> None:
    here = state.session()
    warnings: list[str] = []
    spec = _known_by(view.data, view.fingerprint, here.study_set)
    fit = _known_by(view.fit, view.fit_fingerprint, here.threshold_set) if view.fit else ""
    if spec != here.study_set:
        state.choose_set(spec)
    if view.model in cache.model_names():
        state.choose_model(view.model)
        if cache.predictor(view.model).model_hash != view.model_hash:
            warnings = ["The model has other weights than the report's: its figures differ."]
    else:
        warnings = [f"The report's model {view.model} is not here: its figures differ."]
    state.judge(view.finding)
    if view.score in SCORES:
        state.judge_by(view.score)
    errors_link.take_threshold(view.threshold, fit, float(view.by_hand) if view.by_hand else None)
    state.slice_by(view.metric)
    state.slice_films(state.NEXT_CHOICE, view.slice)
    state.propose_choice(errors_cache.PAIRS, view.pairs == "yes")
    state.drop_widgets("errors_metric", "errors_slice", errors_cache.PAIRS, "errors_finding",
                       "errors_score", "errors_rule", "errors_fit", "errors_cost",
                       "errors_sensitivity", "errors_specificity")  # fmt: skip
    state.say_of_report(f"Opened the report of {view.finding}.", *warnings)


def _known_by(name: str, fingerprint: str, now: str) -> str:
    """Spec of a set that a report names without its folders.

    Raises:
        ExplorerError: it is no phantom set, and neither open nor offered; or its films are others.
    """
    options = [now, *access.offered_sets(), *([name] if name.startswith("phantom:") else [])]
    named = [spec for spec in options if without_folders(spec) == name]
    if not named:
        raise ExplorerError(f"The report is of {name}; open that set first, then drop it again.")
    access.check_set(named[0])
    if identity_of(cache.studies(named[0])).fingerprint != fingerprint:
        raise ExplorerError(
            f"{name} holds other films than when the report was made; make the report again."
        )
    return named[0]
