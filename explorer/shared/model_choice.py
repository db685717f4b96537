"""Choosing the model in the sidebar: ours and runs, the list of published ones, any spec."""

import streamlit as st

from core.errors import ExplorerError
from explorer import access
from explorer.shared import cache, state

_PUBLISHED = "a published model"
_OTHER = "another model"


def draw() -> None:
    """Draw the picker; what is wrong is said here and the last good model stays."""
    names = cache.model_names() or ["demo"]
    here = state.session().model
    if here == state.session().own_model:
        names.append(here)
    more = [_PUBLISHED, _OTHER] if access.is_owner() else []
    chosen = st.selectbox(
        "Model", [*names, *more], index=names.index(here) if here in names else 0,
        help="`demo` is fine-tuned by LRCLR, `demo-base` the tower before. Your runs appear here.",
    )  # fmt: skip
    if chosen == _PUBLISHED:
        _published()
    elif chosen == _OTHER:
        _typed()
    else:
        state.choose_model(chosen)


def _published() -> None:
    """The list of models that people have, each with what it costs to open."""
    offered = cache.published_models()
    choice = st.selectbox("Published model", offered, format_func=lambda one: one.label)
    model = choice.model
    st.caption(
        f"{model.tower}, {model.side} px; about {model.seconds:.1f} s a film on two cores. "
        f"Learned from {model.trained_on}. LRCLR can add {model.lrclr}."
    )
    if model.gated and not choice.here:
        address = f"https://huggingface.co/{choice.spec.partition(':')[2]}"
        st.caption(
            f":material/lock: Accept its terms [on its page]({address}) and log in with "
            "`hf auth login` first."
        )
    size = "" if choice.here else f", fetching {model.gigabytes:.1f} GB"
    if st.button(f"Open{size}", key="open_published", width="stretch"):
        _open(choice.spec)
    elif choice.spec == state.session().cancelled_fetch:
        st.caption("The download was stopped; files that were whole are kept for the next time.")


def _typed() -> None:
    """Any spec."""
    chosen = st.text_input(
        "Any model", placeholder="biomedclip, chexzero:FILE, hf-hub:ORG/NAME or a folder",
        help="Any model of `python -m core model --model`: also openai:FILE, hf:ORG/NAME, "
        "open_clip:ARCH/PRETRAINED, each with @SIZE for another input size. Published weights "
        "are fetched where they are not here, with their size and licence shown.",
    ).strip()  # fmt: skip
    if not chosen or chosen == state.session().model:
        return
    if chosen == state.session().cancelled_fetch:
        st.caption("The download was stopped; files that were whole are kept for the next time.")
        if not st.button("Fetch again", key="fetch_again", width="stretch"):
            return
    _open(chosen)


def _open(spec: str) -> None:
    """Fetch what is not here, and make it the model."""
    try:
        cache.fetch(spec, lambda: state.stop_fetching(spec))
        cache.predictor(spec)
    except ExplorerError as error:
        st.error(str(error), icon=":material/error:")
        return
    state.choose_model(spec, typed=True)
    st.rerun()  # the list has it now
