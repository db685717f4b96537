"""Which score Compare's maps explain, where and how Grad-CAM does, and how that was chosen."""

from typing import Any

import streamlit as st

from core.attribution import METHODS, choose
from core.attribution.cam import VARIANTS
from core.attribution.layer import layer_name, model_layers
from core.inference.map_choice import FAMILY, Choice, Layer, MapSearch, explained_scores
from core.inference.predictor import Predictor
from explorer.shared import cache, components, figures, state

_SCORES = {
    "lrclr": "LRCLR mix, what is ranked", "local": "Regions", "global": "Whole film",
    "positive": "Text alone", "pair": "Pair", "match": "Match",
}  # fmt: skip
_OWN = ("lrclr", "local")
"""Scores that region weights make, in part or alone; maps beside them begin with one of these."""
_REFERENCE = Choice("lrclr")


def picker(place: Any, spec: str) -> Choice:
    """The choice for Grad-CAM, whose score every map explains that can."""
    predictor = cache.predictor(spec)
    start, key = _start(predictor), predictor.model_hash
    scores = list(explained_scores(predictor.model.config))
    with place.popover("What the maps explain", icon=":material/tune:", width="stretch"):
        score = st.selectbox(
            "Score", scores, scores.index(start.score), key=f"cam_score_{key}",
            format_func=lambda name: f"{_SCORES[name]} ({name})",
        )  # fmt: skip
        first = start if start.score == score else choose(f"{FAMILY}:{score}", predictor)
        variants, layers = list(VARIANTS), model_layers(predictor.model)
        variant = st.selectbox(
            "Grad-CAM variant", variants, variants.index(first.variant),
            key=f"cam_variant_{key}_{score}", format_func=lambda name: VARIANTS[name].title,
        )  # fmt: skip
        # The session keeps what formats a box, and would keep the model that it reads from.
        told = {name: _pointed(name, predictor, variant, score) for name in layers}
        layer = st.selectbox(
            "Grad-CAM layer", layers, layers.index(first.layer or 0),
            key=f"cam_layer_{key}_{score}", format_func=told.__getitem__,
        )  # fmt: skip
    choice = Choice(FAMILY, score, variant, layer)
    state.choose_cam(str(choice))
    return choice


def _start(predictor: Predictor) -> Choice:
    """What the session chose, where this model has it; else the best that was stored."""
    kept = Choice.parse(state.session().cam) if state.session().cam else None
    fits = kept and kept.score in explained_scores(predictor.model.config)
    if kept and fits and kept.layer in model_layers(predictor.model):
        return kept
    stored = predictor.map_search
    best = [stored.best((FAMILY,), score) for score in _OWN] if stored else []
    told = [choice for choice in best if choice is not None]
    if stored and told:
        return max(told, key=lambda choice: stored.pointing[choice].value)
    return choose(f"{FAMILY}:{_OWN[0]}", predictor)


def _pointed(layer: Layer, predictor: Predictor, variant: str, score: str) -> str:
    """A layer, with its pointing game where it was measured."""
    stored = predictor.map_search
    figure = stored.pointing.get(Choice(FAMILY, score, variant, layer)) if stored else None
    if stored and figure is None:
        return f"{layer_name(layer)}: not read by this score"
    return layer_name(layer) + (f": points {figure.value:.2f}" if figure else "")


def with_score(method: str, choice: Choice) -> str:
    """A method's map of the same score."""
    if method == FAMILY:
        return str(choice)
    return str(Choice(method, choice.score)) if METHODS[method].explains else method


def about(method: str, choice: Choice) -> str:
    """What a map is and explains, in a sentence or two."""
    told = METHODS[method].about
    if method == FAMILY and choice.layer is not None:
        title = VARIANTS[choice.variant].title
        return f"{title} at {layer_name(choice.layer)}, of the score `{choice.score}`."
    if METHODS[method].explains:
        return f"{told} Of the score `{choice.score}`."
    if method == "lrclr" and choice.score not in _OWN:
        return f"{told} That is `local`, not `{choice.score}`, which Grad-CAM explains here."
    return told


def search(spec: str, choice: Choice) -> None:
    """The search as a picture: pointing game by layer, a line a variant."""
    stored = cache.predictor(spec).map_search
    with st.expander("How Grad-CAM's layer and variant were chosen"):
        if stored is None:
            st.caption(
                "Not measured for this model; shown is a default. "
                f"`python -m core rivals --model {spec} --save` measures every layer, variant and "
                "score on validation films and keeps the best."
            )
            return
        layers, lines = _lines(stored, choice.score)
        reference = stored.pointing.get(_REFERENCE)
        figure = figures.by_layer(
            layers, lines, "pointing game", {"LRCLR regions": reference.value} if reference else {}
        )
        components.show(figure, "cam_search", _heard(layers, lines, choice.score))
        st.caption(
            f"Share of maps whose maximum lies in the finding, of the score `{choice.score}`; "
            f"`{stored.data}`, {stored.cases} cases of {stored.patients} patients. Chosen there, "
            "the best is too good there: `python -m core localize` measures it on another set."
        )


def _lines(stored: MapSearch, score: str) -> tuple[list[str], dict[str, list[float | None]]]:
    """Layers in words, and each variant's pointing game at them; None where they are not read."""
    layers = list(dict.fromkeys(c.layer for c in stored.pointing if c.layer is not None))
    lines: dict[str, list[float | None]] = {}
    for name, variant in VARIANTS.items():
        told = [stored.pointing.get(Choice(FAMILY, score, name, layer)) for layer in layers]
        lines[variant.title] = [figure.value if figure else None for figure in told]
    return [layer_name(layer).removeprefix("the ") for layer in layers], lines


def _heard(layers: list[str], lines: dict[str, list[float | None]], score: str) -> str:
    """The picture for those who hear it."""
    best = [
        (value, name, layer)
        for name, values in lines.items()
        for layer, value in zip(layers, values, strict=True)
        if value is not None
    ]
    value, name, layer = max(best)
    return (
        f"Pointing game by layer, a line for each variant of Grad-CAM, of the score {score}. "
        f"Highest is {name} at {layer}, {value:.2f}."
    )
