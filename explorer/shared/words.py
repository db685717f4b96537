"""Words that the model does not know: said in the place of what it would make of them."""

import streamlit as st

from explorer.shared import cache, state

_ANYWAY = "unknown_words_anyway"


def goes_on(text: str) -> bool:
    """Whether a text is scored: the model knows its words, or it shall be scored all the same."""
    from core.inference.known_words import check_words

    backbone = cache.predictor(state.session().model).model.backbone
    return not check_words(text).refuses(backbone) or bool(state.widget(_ANYWAY))


def note(text: str) -> bool:
    """Say that the model does not know the words and offer to go on; the same as `goes_on`."""
    from core.inference.known_words import check_words

    backbone = cache.predictor(state.session().model).model.backbone
    check = check_words(text)
    if not check.refuses(backbone):
        if not check.known:  # by a tower that may know what nobody here has listed
            st.warning(check.sentence(backbone), icon=":material/help:")
        return True
    st.warning(check.sentence(backbone), icon=":material/help:")
    return st.toggle(
        "Go on all the same", key=_ANYWAY,
        help="A text tower makes something of any text: what it makes of this one means nothing.",
    )  # fmt: skip
