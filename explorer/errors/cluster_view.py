"""Slices that no column names: clusters of films that look alike and are wrong alike."""

import numpy as np
import pandas as pd
import streamlit as st

from core.analysis.found_slices import FoundSlice, FoundSlices
from core.studies import StudySet
from explorer.errors import cache as errors_cache
from explorer.errors import film_view
from explorer.errors.choice import FilmGroup, FindingChoice
from explorer.shared import guard, state

_SURE = 0.05
_BOX = "errors_cluster"
_FORMATS = {
    "called wrongly": st.column_config.NumberColumn(format="%.3f"),
    "less the rest": st.column_config.NumberColumn(format="%+.3f"),
    "p corrected": st.column_config.NumberColumn(format="%.2g"),
    "what they share": st.column_config.TextColumn(width="large"),
}


def draw(choice: FindingChoice, studies: StudySet) -> dict[str, FilmGroup]:
    """On demand, the table of clusters and the films of the chosen one."""
    with guard.sentences():
        if not st.toggle(
            "Seek slices that no column names", key=state.lasting("errors_seek", False),
            help="Clusters of films that look alike and are wrong alike: found in half of the "
            "patients, and tested in the other half, of which the figures are.",
        ):  # fmt: skip
            return {}
        count = st.number_input(
            "Clusters", 2, 50, key=state.lasting("errors_clusters", 8), width=140
        )
        clusters = errors_cache.clusters(choice, studies, int(count))
        st.markdown(summary(clusters))
        one = _chosen(clusters, f"errors_clusters_{choice.key}_{count}")
        place = dict(zip(choice.cases.scored.ids, choice.cases.scored.rows, strict=True))
        inside = np.zeros(len(studies), bool)
        inside[[place[study] for study in one.ids]] = True
        return {film_view.CLUSTER: FilmGroup(f"Cluster {one.number}, films that tested it", inside)}
    return {}


def _chosen(clusters: FoundSlices, key: str) -> FoundSlice:
    """A cluster by a click in the table of that key, or from the box below it."""
    rows = range(len(clusters.slices))
    film_view.table(frame(clusters), key, _BOX, rows, film_view.CLUSTER, column_config=_FORMATS)
    number = st.selectbox(
        "Films of the cluster", rows, key=state.lasting(_BOX, 0, rows),
        on_change=lambda: film_view.show(film_view.CLUSTER),
        format_func=lambda row: f"Cluster {clusters.slices[row].number} "
        f"({clusters.slices[row].n} films that tested it)",
        help="Or click its row in the table.",
    )  # fmt: skip
    return clusters.slices[number]


def summary(clusters: FoundSlices) -> str:
    """What the table says, in a sentence or two."""
    tried = [one for one in clusters.slices if one.compared]
    sure = sum(one.p_corrected < _SURE for one in tried)
    halves = (
        f"Found in {clusters.found_n} films, tested in {clusters.tested_n} of other patients; "
        "the figures are of these."
    )
    if not tried:
        return f"No cluster has enough films to be tested. {halves} Ask for fewer."
    verb = "differ" if sure > 1 else "differs"
    return (
        f"**{sure or 'None'} of {len(tried)} clusters {verb} from the rest** (p below {_SURE}, "
        f"corrected for the {len(tried)} that were tried). {halves}"
    )


def frame(clusters: FoundSlices) -> pd.DataFrame:
    """The clusters as a table, those that differ most surely first."""
    rows = []
    for one in clusters.slices:
        told: dict[str, object] = {
            "cluster": one.number, "n": one.n, "what they share": one.description
        }  # fmt: skip
        if one.compared is None:
            rows.append({**told, "says": "too few films that test it"})
            continue
        value, low, high = one.compared.inside
        gap, least, most = one.compared.difference
        rows.append({
            **told, "called wrongly": value, "95 %": f"{low:.2f} to {high:.2f}",
            "less the rest": gap, "95 % of that": f"{least:+.2f} to {most:+.2f}",
            "p corrected": one.p_corrected,
            "says": "differs" if one.p_corrected < _SURE else "may be chance",
        })  # fmt: skip
    return pd.DataFrame(rows, columns=["cluster", "n", "called wrongly", "95 %", "less the rest",
                                       "95 % of that", "p corrected", "says",
                                       "what they share"])  # fmt: skip
