"""AUC of the edited prompts over the whole set, and against the default ones."""

import streamlit as st

from core.evaluation.prompt_change import PromptChange
from core.inference.prompts import PromptSet, default_prompts
from explorer.prompts import cache as score_cache
from explorer.shared import cache, components, figures, following, state


def draw(prompts: PromptSet) -> None:
    """AUC of each finding with its interval; below, what an edit changed, paired.

    Raises:
        ExplorerError: the set has no labels for these findings, or an image that cannot be read.
    """
    session = state.session()
    spec, studies = session.model, cache.studies(session.study_set)
    report, *jobs = score_cache.auc(spec, studies, prompts)
    score = st.segmented_control(
        "Score", list(next(iter(report.findings.values())).auc), default="lrclr", key="auc_score",
        help="positive: without the negative prompts. pair: CheXzero. lrclr: the mix.",
    ) or "lrclr"  # fmt: skip
    rows = {"these prompts": {name: f.auc[score] for name, f in report.findings.items()}}
    if prompts != default_prompts():
        before, job = score_cache.auc(spec, studies, default_prompts())
        jobs.append(job)
        rows["default prompts"] = {name: f.auc[score] for name, f in before.findings.items()}
    components.show(
        figures.intervals(rows, "AUC with 95 % interval", 0.5), "auc_figure",
        f"AUC of {len(report.findings)} findings with intervals, as `python -m core evaluate` "
        "prints them.",
    )  # fmt: skip
    for job in filter(None, jobs):
        following.wait(job)
    st.caption(
        f"{report.n} studies of `{session.study_set}`; mean AUC {report.mean_auc[score]:.3f}. "
        "Intervals are bootstrapped over cases: with few positives they are wide."
    )
    components.left_out(studies)
    if prompts != default_prompts():
        _changes(score_cache.against_default(spec, studies, prompts))


def _changes(told: PromptChange | following.Job) -> None:
    """What the edit changed, paired."""
    if isinstance(told, following.Job):
        following.wait(told)
        return
    edits = told.findings
    if edits:
        st.markdown("**Edited against default**, the same cases for both (LRCLR mix)")
        changes = {name: edit.change for name, edit in edits.items()}
        figure = figures.intervals(
            {"change": changes}, "change of AUC", 0.0, 120 + 34 * len(changes)
        )
        components.show(
            figure, "auc_change", f"Change of AUC with its interval of {', '.join(changes)}."
        )
