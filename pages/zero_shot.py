"""Zero-shot prompts: edit them, see the study's scores at once and what the AUC makes of it."""

import streamlit as st

from explorer.prompts import auc_view, editor, free_text, score_table
from explorer.shared import components, guard, state
from explorer.shared.state import Current


@st.fragment  # an edit draws neither the sidebar nor the free text anew
def _prompts(current: Current) -> None:
    left, right = components.row(680, 310)
    with right:
        components.film(current)
        components.study_notes(current)
    with left:
        prompts = editor.edit(current)
        st.header("This study")
        with guard.sentences():  # an image of the set that cannot be read leaves what needs no set
            score_table.draw(current, prompts)
    st.header("The whole set")
    with guard.sentences():  # a set without labels leaves the free text
        auc_view.draw(prompts)


st.title("Zero-shot prompts")
studied = state.current()
_prompts(studied)
st.header("Free text")
prompt = components.prompt_box("Any sentence")
free_text.score_card(studied, prompt)
