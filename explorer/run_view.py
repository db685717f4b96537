"""A fine-tuning run on the screen."""

from datetime import datetime
from typing import Any

import streamlit as st

from core.training.compare import Summary, differing, summary
from core.training.runs import Run, resume_run
from core.training.timelapse import read_timelapse
from explorer import cache, components, figures, state

_WORDS = {
    "running": (":material/pending:", "running"),
    "finished": (":material/check_circle:", "finished"),
    "failed": (":material/error:", "failed"),
    "cancelled": (":material/stop_circle:", "stopped; what it learned is kept"),
}


def free_name() -> str:
    """A name that says when, kept until the form is sent."""
    return str(st.session_state.setdefault("lx_name", f"run-{datetime.now():%m%d-%H%M%S}"))


def watch(run: Run) -> None:
    """The run's state and curves; drawn anew every two seconds while it runs."""
    every = 2.0 if run.status == "running" else None
    st.fragment(_draw, run_every=every)(run)


def _draw(run: Run) -> None:
    status, metrics = run.status, run.metrics
    icon, words = _WORDS[status]
    st.markdown(f"{icon} **{run.name}** is {words}.")
    if status == "failed":
        st.error(str(run.error), icon=":material/error:")
    steps = [line for line in metrics if line["kind"] == "step"]
    checks = [line for line in metrics if line["kind"] == "check"]
    if status == "running":
        _progress(run, metrics, steps)
    elif st.session_state.pop(f"lx_seen_{run.name}", False):
        st.session_state.pop("lx_name", None)
        st.rerun()  # the whole page: the model list has a new entry, and polling may end
    if steps:
        _curves(steps, checks)
    if checks:
        _time_lapse(run)
    if run.can_resume and st.button(
        "Resume", key=f"resume_{run.name}", icon=":material/resume:",
        help="Goes on from the last training state, bit by bit as if it had never stopped.",
    ):  # fmt: skip
        resume_run(run)
        st.rerun()
    if status != "running" and run.has_model:
        _use(run)


def _progress(run: Run, metrics: list[dict[str, Any]], steps: list[dict[str, Any]]) -> None:
    st.session_state[f"lx_seen_{run.name}"] = True
    loading = [line for line in metrics if line["kind"] == "progress"]
    if steps:
        last = steps[-1]
        share = last["step"] / last["steps"]
        st.progress(share, f"Step {last['step']} of {last['steps']}, {last['left']:.0f} s left, "
                    f"{last['images_per_second']:.0f} images/s")  # fmt: skip
    elif loading:
        last = loading[-1]
        share = last["done"] / last["total"]
        st.progress(share, f"Reading images: {last['done']} of {last['total']}")
    else:
        st.progress(0.0, "Starting")
    if st.button("Stop and keep", key=f"stop_{run.name}", icon=":material/stop:"):
        run.stop()
        st.toast("The run stops after its present step.")


def _curves(steps: list[dict[str, Any]], checks: list[dict[str, Any]]) -> None:
    left, right = st.columns(2)
    at = [line["step"] for line in steps]
    terms = {name: (at, [line["terms"][name] for line in steps]) for name in steps[0]["terms"]}
    with left:
        components.show(figures.curves(terms, "loss"), "run_losses")
    with right:
        at = [line["step"] for line in checks]
        series = {f"AUC {n}": (at, [c["auc"][n] for c in checks]) for n in ("global", "local")}
        series["pointing game"] = (at, [c["pointing"] for c in checks])
        components.show(figures.curves(series, "on validation phantoms"), "run_checks")


def _time_lapse(run: Run) -> None:
    """Where each patch of a pinned study answered to its finding, check by check."""
    seen = read_timelapse(run.dir)
    if seen is None:
        return
    st.markdown("**Time-lapse**: where the model sees the finding, as it learns")
    at = seen.steps[-1]
    if len(seen.steps) > 1:
        at = st.select_slider("Step", seen.steps, value=at, key=f"lapse_{run.name}")
    maps = seen.maps[seen.steps.index(at)]
    places = components.row(*[220] * len(seen.names))
    for place, picture, heat, truth, name in zip(
        places, seen.pictures, maps, seen.truth, seen.names, strict=True
    ):
        with place:
            st.image(figures.overlay(picture, heat, 0.6, truth), caption=name, width="stretch")
    st.caption("Cosine of each patch with the finding's prompts; the outline is the truth.")


def table(runs: list[Run]) -> None:
    """Runs in lines; those chosen are compared below: curves, settings, findings."""
    found = [summary(run) for run in runs]
    lines = [
        {"Run": each.name, "Status": each.status, "Step": f"{each.step} of {each.steps}",
         "AUC": each.auc.get("lrclr"), "Pointing game": each.pointing,
         "Minutes": each.seconds / 60}
        for each in found
    ]  # fmt: skip
    formats = {
        "AUC": st.column_config.NumberColumn(format="%.3f"),
        "Pointing game": st.column_config.NumberColumn(format="%.3f"),
        "Minutes": st.column_config.NumberColumn(format="%.1f"),
    }
    event = st.dataframe(
        lines, column_config=formats, hide_index=True, on_select="rerun",
        selection_mode="multi-row", key="runs_table",
    )  # fmt: skip
    rows = event["selection"]["rows"]
    if len(rows) < 2:
        st.caption("Tick two or more runs to compare them.")
        return
    _compare([runs[row] for row in rows], [found[row] for row in rows])


def _compare(runs: list[Run], found: list[Summary]) -> None:
    names = [run.name for run in runs]
    settings = differing(runs)
    left, right = st.columns(2)
    with left:
        st.markdown("**Settings that differ**")
        if settings:
            shown = [{"Setting": name, **dict(zip(names, map(str, values), strict=True))}
                     for name, values in settings.items()]  # fmt: skip
            st.dataframe(shown, hide_index=True)
        else:
            st.caption("None: these runs were started with the same settings.")
    with right:
        st.markdown("**AUC of the last check**")
        findings = dict.fromkeys(n for each in found for n in each.auc_by_finding.get("lrclr", {}))
        lines = [
            {"Finding": finding,
             **{each.name: each.auc_by_finding.get("lrclr", {}).get(finding) for each in found}}
            for finding in findings
        ]  # fmt: skip
        st.dataframe(lines, hide_index=True)
    curves = {}
    for run in runs:
        checks = [line for line in run.metrics if line["kind"] == "check" and "score" in line]
        curves[run.name] = ([line["step"] for line in checks], [line["score"] for line in checks])
    components.show(figures.curves(curves, "AUC on validation phantoms"), "compare_curves")


def _use(run: Run) -> None:
    if run.name in cache.model_names() and st.button(
        "Use this model on all pages", key=f"use_{run.name}", icon=":material/check:"
    ):
        state.put("model", run.name)
        st.rerun()
