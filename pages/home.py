"""Home: an example or a film of one's own, a text, what the score says and what makes it."""

import streamlit as st

from explorer import navigation
from explorer.prompts import free_text
from explorer.regions import example_view, film_view, presenter
from explorer.shared import components, guard, state, window_control
from explorer.shared.state import Current


@st.fragment  # a new text draws this part alone: neither the sidebar nor the strip of examples
def asked(current: Current) -> None:
    """A text, the film with the regions that it weighs, and what the score says."""
    with guard.sentences():
        prompt = components.prompt_box("What might the report say?", live=True)
        example_view.chips(current)
        film, score = components.row(470, 430)
        with film:
            film_view.film_with_regions(current, prompt)
        with score:
            st.header("What the score says", anchor="score")
            free_text.score_card(current, prompt)


st.title("Which regions speak for which words?", anchor="words")
st.markdown(
    "Choose a film, or drop your own into the sidebar, and type what a report might say. The model "
    "says how well it fits, and shows **where** it looked."
)
example_view.strip()
current = state.current()
asked(current)
presenter.draw(current)
components.study_notes(current)
window_control.draw(current)

with st.expander("What is published, and what is our reconstruction"):
    st.markdown(
        "LRCLR (Rizvi et al., [arXiv 2303.14153](https://arxiv.org/abs/2303.14153)) adds layers "
        "for **region selection** and **cross-modality interaction** to a pretrained image-text "
        "model. No code was released. The losses, the scorers, region features taken before "
        "attention, and the cosine term in the cross-modality attention are **our "
        "reconstruction**; no figure here is the paper's. `docs/method.md` says which is which."
    )
st.header("Where to go", anchor="pages")
for column, (file, label) in zip(
    components.row(215, 215, 215, 215),
    [("zero_shot.py", "Edit prompts, see the AUC"), ("regions.py", "Browse regions and errors"),
     ("compare.py", "Compare with Grad-CAM"), ("finetune.py", "Train it yourself")],
    strict=True,
):  # fmt: skip
    with column:
        navigation.link(file, label)
