"""Films beside the current one: those that are most like it, and its patient's others."""

from collections.abc import Sequence

import streamlit as st

from core.archive.query import image_query
from core.errors import ExplorerError
from core.studies import StudySet
from core.studies.patients import films_of_patient
from explorer.regions import cache as region_cache
from explorer.search import cache as search_cache
from explorer.shared import cache, components, state
from explorer.shared.state import Current

_WIDTH = 130  # of a thumbnail, in pixels
_NEAREST = 6


def neighbours(current: Current) -> None:
    """The films of the set whose image features are nearest, by cosine."""
    spec = state.session().model
    studies = cache.studies(state.session().study_set)
    encoding = cache.image_encoding(spec, current.studies, current.row)
    searcher = search_cache.searcher(spec, studies, False)
    hits = searcher.nearest(image_query(encoding), _NEAREST, current.row_in_set)
    if not hits:
        st.info("There is no other film in this set.")
        return
    _strip(studies, [hit.row for hit in hits], [f"cosine {hit.score:z.3f}" for hit in hits], "near")
    st.caption(
        "Near in the model's image features, which is not near in what ails the patient; a cosine "
        "compares within this row alone."
    )


def of_patient(current: Current) -> None:
    """All films of the patient in the order in which they were taken, as far as the table says."""
    if current.uploaded:
        st.markdown("An uploaded film has no others.")
        return
    rows, column = films_of_patient(current.studies.table, current.row)
    if len(rows) < 2:
        st.markdown("The set has no other film of this patient.")
        return
    here = [int(row) == current.row for row in rows].index(True)
    said = [
        "this film" if place == here else "earlier" if place < here else "later"
        for place in range(len(rows))
    ]
    if not column:
        said = ["this film" if place == here else "" for place in range(len(rows))]
    _strip(current.studies, [int(row) for row in rows], said, "patient")
    st.caption(
        f"In the order of the column `{column}`, the oldest first." if column else
        "In the order of the table, which does not say when they were taken."
    )  # fmt: skip


def _strip(studies: StudySet, rows: Sequence[int], said: Sequence[str], key: str) -> None:
    """Thumbnails with a line each; a click opens the film here."""
    for place, row, words in zip(components.row(*[_WIDTH] * len(rows)), rows, said, strict=True):
        with place:
            try:
                picture = region_cache.thumbnail(studies, row)
            except ExplorerError:  # encodings outlive the films
                st.caption(":material/image_not_supported: The film is no longer there.")
            else:
                components.picture(picture, f"Radiograph {row + 1} of the set, {words or 'small'}.")
            st.button(
                f"Film {row + 1}", key=f"case_{key}_{row}", width="stretch",
                on_click=state.choose_row, args=(row,), disabled=words == "this film",
            )  # fmt: skip
            if words:
                st.markdown(f":small[{words}]")
