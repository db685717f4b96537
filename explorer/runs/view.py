"""A fine-tuning run on the screen."""

from typing import Any

import streamlit as st

from core.evaluation.report import left_out_sentence
from core.training.alarms import alarms
from core.training.queue import place_in_queue
from core.training.runs import Run, resume_run
from explorer import access
from explorer.runs import lapse_view
from explorer.shared import cache, components, figures, guard, state

_WORDS = {
    "queued": (":material/hourglass:", "waiting for its turn"),
    "starting": (":material/pending:", "starting"),
    "running": (":material/pending:", "running"),
    "finished": (":material/check_circle:", "finished"),
    "failed": (":material/error:", "failed"),
    "paused": (":material/pause_circle:", "paused"),
    "cancelled": (":material/stop_circle:", "stopped; what it learned is kept"),
}


def watch(run: Run) -> None:
    """The run's state and curves; drawn anew every two seconds while it runs."""
    # Who waits sees the place change by minutes; thirty who wait shall not look every two seconds.
    every = {"queued": 5.0, "running": 2.0}.get(run.status)
    st.fragment(_draw, run_every=every)(run)


def _draw(run: Run) -> None:
    with guard.sentences():  # a fragment that polls runs outside the page's own guard
        access.check_run(run)
        _view(run)


def _view(run: Run) -> None:
    status, metrics = run.status, run.metrics
    before = run.waits_for if status == "queued" else []
    icon, words = _WORDS["starting" if status == "queued" and not before else status]
    st.markdown(f"{icon} **{run.name}**: {words}.")
    if status == "failed":
        st.error(str(run.error), icon=":material/error:")
    steps = [line for line in metrics if line["kind"] == "step"]
    checks = [line for line in metrics if line["kind"] == "check"]
    if before:
        _waiting(run, before)
    elif status in ("queued", "running"):
        _progress(run, metrics, steps)
    elif state.just_ended(f"run {run.name}"):
        st.rerun()  # the whole page: the model list has a new entry, and polling may end
    elif steps:
        st.caption(_figures(steps[-1]))
    for remark in [*run.remarks, *(m["memory"] for m in metrics if m.get("kind") == "start"
                                   and "memory" in m)]:  # fmt: skip
        st.caption(remark)
    if left_out := run.left_out:
        st.caption(left_out_sentence(left_out))
    for alarm in alarms(checks):
        st.warning(alarm, icon=":material/warning:")
    if steps:
        _curves(steps, checks)
    if checks:
        lapse_view.draw(run)
    if run.can_resume and st.button(
        "Resume", key=f"resume_{run.name}", icon=":material/resume:",
        help="Goes on from the last training state, bit by bit as if it had never stopped.",
    ):  # fmt: skip
        resume_run(run)
        st.rerun()
    if status != "running" and run.has_model:
        _use(run)


def _waiting(run: Run, before: list[str]) -> None:
    state.watch(f"run {run.name}")
    theirs = len(before) - len(access.visible_runs(Run(run.dir.parent / name) for name in before))
    shown = "runs of others" if theirs else ", ".join(before)
    place = place_in_queue(run).said()
    st.progress(0.0, f"{place[0].upper()}{place[1:]}, after {shown}")
    if st.button("Take out of the queue", key=f"stop_{run.name}", icon=":material/close:"):
        run.stop()


def _progress(run: Run, metrics: list[dict[str, Any]], steps: list[dict[str, Any]]) -> None:
    state.watch(f"run {run.name}")
    loading = [line for line in metrics if line["kind"] == "progress"]
    if steps:
        last = steps[-1]
        share = last["step"] / last["steps"]
        st.progress(share, f"{last['left']:.0f} s left. {_figures(last)}")
    elif loading:
        last = loading[-1]
        share = last["done"] / last["total"]
        st.progress(share, f"Reading images and texts: {last['done']} of {last['total']}")
    else:
        st.progress(0.0, "Starting")
    one, two = components.row(120, 180)
    if one.button(
        "Pause", key=f"pause_{run.name}", icon=":material/pause:",
        help="Frees the processor; Resume goes on as if it had never paused.",
    ):  # fmt: skip
        run.pause()
        st.toast("The run pauses after its present step.")
    if two.button("Stop and keep", key=f"stop_{run.name}", icon=":material/stop:"):
        run.stop()
        st.toast("The run stops after its present step.")


def _figures(last: dict[str, Any]) -> str:
    """The last step in a line."""
    return (
        f"Step {last['step']} of {last['steps']}, {last['images_per_second']:.0f} images/s, "
        f"{last.get('memory', 0) / 2**30:.1f} GB of memory, "
        f"{100 * last.get('waiting', 0):.0f} % of the time waiting for data."
    )


def _curves(steps: list[dict[str, Any]], checks: list[dict[str, Any]]) -> None:
    left, right = st.columns(2)
    at = [line["step"] for line in steps]
    terms = {name: (at, [line["terms"][name] for line in steps]) for name in steps[0]["terms"]}
    with left:
        components.show(figures.curves(terms, "loss"), "run_losses", f"Loss over {len(at)} steps.")
    with right:
        at = [line["step"] for line in checks]
        scores = {"AUC of the mix": "lrclr", "AUC global": "global", "AUC local": "local"}
        series = {n: (at, [c["auc"][score] for c in checks]) for n, score in scores.items()}
        series["pointing game"] = (at, [c["pointing"] for c in checks])
        components.show(
            figures.curves(series, "on validation studies"), "run_checks",
            f"AUC and pointing game on validation studies, {len(at)} checks.",
        )  # fmt: skip


def _use(run: Run) -> None:
    if run.name in cache.model_names() and st.button(
        "Use this model on all pages", key=f"use_{run.name}", icon=":material/check:"
    ):
        state.choose_model(run.name)
        st.rerun()
