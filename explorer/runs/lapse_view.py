"""The time-lapse of a run: words, regions and a map on a pinned film, step by step."""

import streamlit as st

from core.training.runs import Run
from explorer.runs import cache as run_cache
from explorer.shared.components import row

_WIDTH = 760  # pixels


def draw(run: Run) -> None:
    """A film is chosen, a slider goes through the steps in the browser."""
    from explorer.case import viewer

    names, shown = run_cache.time_lapse(run)
    if not names:
        return
    st.markdown("**Time-lapse**: words, regions and map of a film, as the model learns")
    (place,) = row(420)
    with place:
        film = st.selectbox("Film", range(len(names)), format_func=lambda n: names[n],
                            key=f"lapse_film_{run.name}")  # fmt: skip
    with st.container(key="lapse", width=_WIDTH):
        viewer.draw_kept(f"lapse_{run.name}_{film}", shown[film])
    st.caption(
        "The slider, or the arrow keys on it, go through the checks of the run. Boxes are brighter "
        "where they weigh more for the text; point at a word of another sentence for its own. The "
        "map is the cosine of each patch with the finding’s prompts, in the same colours at every "
        "step; the outline is the truth. Texts of your own are there where the form had them "
        "before the run began."
    )
