"""All runs in a table, and those that are ticked side by side."""

from typing import Any
from zlib import crc32

import streamlit as st

from core.training.compare import Summary, differing, gains, summary
from core.training.runs import Run
from explorer.shared import components, figures


def draw(runs: list[Run]) -> None:
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
    # Ticks are kept by place, so that another list of runs begins without any.
    mark = crc32("/".join(each.name for each in found).encode())
    event = st.dataframe(
        lines, column_config=formats, hide_index=True, on_select="rerun",
        selection_mode="multi-row", key=f"runs_table_{mark:08x}",
    )  # fmt: skip
    rows = event["selection"]["rows"]
    if len(rows) < 2:
        st.caption("Tick two or more runs to compare them; the first is what others gain on.")
        return
    _compare([runs[row] for row in rows], [found[row] for row in rows])


def _compare(runs: list[Run], found: list[Summary]) -> None:
    names = [run.name for run in runs]
    settings = differing(runs)
    st.markdown("**Settings that differ**")
    if settings:
        shown = [{"Setting": name, **dict(zip(names, map(str, values), strict=True))}
                 for name, values in settings.items()]  # fmt: skip
        st.dataframe(shown, hide_index=True)
    else:
        st.caption("None: these runs were started with the same settings.")
    st.markdown("**AUC of the last check**")
    three = {name: st.column_config.NumberColumn(format="%.3f") for name in names}
    st.dataframe(_findings(runs, found), column_config=three, hide_index=True)
    st.caption(f"Gains over {names[0]} with 95 % intervals, on the same studies.")
    left, right = st.columns(2)
    for place, name, title in ((left, "score", "AUC"), (right, "pointing", "pointing game")):
        with place:
            found_curves = figures.curves(_checks(runs, name), f"{title} on validation studies")
            said = f"{title} of each run, check by check."
            components.show(found_curves, f"compare_{name}", said)


def _checks(runs: list[Run], name: str) -> dict[str, tuple[list[int], list[float]]]:
    """One figure of every check of each run."""
    curves = {}
    for run in runs:
        checks = [line for line in run.metrics if line["kind"] == "check" and name in line]
        curves[run.name] = ([line["step"] for line in checks], [line[name] for line in checks])
    return curves


def _findings(runs: list[Run], found: list[Summary]) -> list[dict[str, Any]]:
    """AUC of each finding by run; after the first, what each gains on it."""
    aucs = [each.auc_by_finding.get("lrclr", {}) for each in found]
    more = [gains(runs[0], run) for run in runs[1:]]
    lines = []
    for finding in dict.fromkeys(name for each in aucs for name in each):
        line: dict[str, Any] = {"Finding": finding}
        for place, run in enumerate(runs):
            line[run.name] = aucs[place].get(finding)
            gain = more[place - 1].get(finding) if place else None
            if gain:
                line[f"{run.name}, gain"] = f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
        lines.append(line)
    return lines
