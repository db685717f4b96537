"""A text on a film block by block and head by head, of one model or of two beside each other."""

import streamlit as st

from core.inference.layer_maps import LayerMaps
from explorer import access
from explorer.case import cache as case_cache
from explorer.shared import alt, cache, components, figures, guard, state, terminal
from explorer.shared.state import Current

_NONE = "no other"
_WHOLE = "the whole text"
_SIDE = 330  # of a picture, in pixels


def draw(current: Current, text: str, name: str) -> None:
    """The pickers, then a column a model.

    Args:
        name: what the film is called.
    """
    here = state.session().model
    others = [one for one in access.visible_models(cache.model_names()) if one != here]
    one, two = components.row(330, 330)
    with two:
        beside = st.selectbox("Model beside it", [_NONE, *others], key="layers_beside")
    specs = [here, *([beside] if beside != _NONE else [])]
    for place, spec in zip(components.row(*[_SIDE + 10] * len(specs)), specs, strict=True):
        with place, guard.sentences():
            maps = case_cache.layer_maps(spec, current.studies, current.row, text)
            if spec == here:
                with one:
                    word = _word(maps)
            _model(spec, maps, word, text, name)
    st.caption(
        "Left to right through the slider: the tokens that **enter** a block, read by the tower’s "
        "own last norm and projection. The model itself reads only the last ones, so an early map "
        "says what could be read there, not what made a score. A head’s attention knows no text."
    )
    if not current.uploaded:
        terminal.show("layers", "--prompt", text, "--study",
                      current.studies.study_id(current.row), "--data", current.studies.spec,
                      "--models", ",".join(specs))  # fmt: skip


def _word(maps: LayerMaps) -> int:
    words = [_WHOLE, *maps.words]
    return int(st.selectbox("Word", range(len(words)), format_func=lambda n: words[n],
                            key="layers_word"))  # fmt: skip


def _model(spec: str, maps: LayerMaps, word: int, text: str, name: str) -> None:
    heads = f"{maps.heads} heads" if maps.heads else "of convolutions, without heads"
    st.markdown(f"**{spec}**: {maps.depth} blocks, {heads}")
    block = int(st.select_slider("Block", range(maps.depth), value=maps.depth - 1,
                                 key=f"layers_block_{spec}"))  # fmt: skip
    said = maps.words[word - 1] if 0 < word <= len(maps.words) else text
    heat = maps.cosine[block, min(word, len(maps.words))]
    told = alt.mapped(name, f"block {block} of {spec}", said, heat)
    components.picture(figures.overlay(maps.seen, heat), told)
    st.caption(f"“{said}” in what enters block {block}; "
               f"cosines {heat.min():z.2f} to {heat.max():z.2f}")  # fmt: skip
    if not maps.heads:
        return
    if block >= len(maps.attention):
        st.caption("The last block is the model’s own layer; its heads are not shown.")
        return
    head = int(st.number_input(f"Head of block {block}", 0, maps.heads - 1, 0,
                               key=f"layers_head_{spec}"))  # fmt: skip
    looks = maps.attention[block, head]
    told = alt.mapped(name, f"head {head} of block {block} of {spec}", "no text", looks)
    components.picture(figures.overlay(maps.seen, looks), told)
    st.caption(f"Where head {head} looks.")
