"""Words that the model does not know: said in the place of what it would make of them."""

import streamlit as st

from explorer.shared import cache, state

_ANYWAY = "unknown_words_anyway"


def goes_on(text: str) -> bool:
    """Whether a text is scored: the model knows its words, or it shall be scored all the same."""
    from core.inference.known_words import check_words

    backbone = cache.predictor(state.session().model).model.backbone
    return not check_words(text).refuses(backbone) or bool(state.widget(_ANYWAY))


def warn(text: str) -> bool:
    """Say that the model does not know the words; whether it should refuse them."""
    from core.inference.known_words import check_words

    backbone = cache.predictor(state.session().model).model.backbone
    check = check_words(text)
    if not check.known:  # a general tower may know what nobody here has listed
        st.warning(check.sentence(backbone), icon=":material/help:")
    return check.refuses(backbone)


def note(text: str) -> bool:
    """`warn`, with the offer to go on; the same as `goes_on`."""
    return not warn(text) or st.toggle(
        "Go on all the same", key=_ANYWAY,
        help="A text tower makes something of any text: what it makes of this one means nothing.",
    )  # fmt: skip
