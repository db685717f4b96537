"""Ground truth of a study, and maps measured against it."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.attribution import METHODS
from core.metrics.localisation import MEASURES
from explorer.regions import cache as region_cache
from explorer.shared import state
from explorer.shared.state import Current

_NONE = "none"


def picker(place: Any, current: Current, prompt: str) -> str | None:
    """Choose whose outline to draw; the finding that the prompt names comes first."""
    names = sorted(name for name, mask in current.studies.masks(current.row).items() if mask.any())
    if not names:
        place.selectbox("Truth outline", ["not known"], disabled=True)
        return None
    words = set(prompt.lower().replace(",", " ").split())
    names.sort(key=lambda name: -len(words & set(name.lower().split())))
    chosen = place.selectbox("Truth outline", [*names, _NONE])
    return None if chosen == _NONE else str(chosen)


def mask(current: Current, finding: str | None) -> NDArray[np.bool_] | None:
    """The finding's mask in pixels of the model's image."""
    return None if finding is None else current.studies.masks(current.row).get(finding)


def table(current: Current, methods: list[str], prompt: str, truth: NDArray[np.bool_]) -> None:
    """Every measure of every map."""
    rows = {}
    for name in methods:
        heat = region_cache.saliency(
            name, state.session().model, current.studies, current.row, (prompt,),
            (truth.shape[0], truth.shape[1]),
        )  # fmt: skip
        rows[METHODS[name].title] = {key: compute(heat, truth) for key, compute in MEASURES.items()}
    frame = pd.DataFrame(rows).T.rename(
        columns={"pointing_game": "Pointing game", "energy": "Energy", "cnr": "CNR", "iou": "IoU"}
    )
    st.dataframe(
        frame.style.format("{:.2f}").highlight_max(
            axis=0, props="font-weight: 800; text-decoration: underline"
        )
    )
