"""Ground truth of a study, and the maps of a text measured against the truth of what it says."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from core.evaluation.text_truth import denied_findings, stated_findings, true_of
from core.inference.prompts import default_prompts
from core.metrics.localisation import MEASURES, TITLES
from core.studies.study import Mask
from explorer.regions import cache as region_cache
from explorer.shared import state
from explorer.shared.state import Current

NONE = "none"
_KEY = "truth_outline"


@dataclass(frozen=True)
class Chosen:
    """A finding's truth, and what does not fit between it and the text."""

    finding: str
    mask: Mask  # (H, W), in pixels of the model's image
    mismatch: str = ""  # a sentence, "" where text and truth speak of the same


def picker(place: Any, current: Current, prompt: str, free: bool) -> Chosen | None:
    """The truth that a text is measured against: that of the finding it states.

    Args:
        free: whether the text is the session's prompt, so that choosing a truth sets it.
    """
    masks = {name: m for name, m in current.studies.masks(current.row).items() if m.any()}
    if not masks:
        place.selectbox("Truth outline", ["not known"], disabled=True)
        return None
    stated = stated_findings(prompt)
    said = stated or denied_findings(prompt)
    new = state.begins_comparison(current.studies.spec, current.row, prompt)
    if (new and said) or state.widget(_KEY) not in (*masks, NONE):
        state.put_widget(_KEY, next((name for name in said if name in masks), NONE))
    finding = place.selectbox(
        "Truth outline", [*sorted(masks), NONE], key=_KEY,
        help="Choosing a finding sets the prompt to a text that is true of it." if free else None,
        on_change=_prompt_for if free else None, args=(current,) if free else None,
    )  # fmt: skip
    if finding == NONE:
        return None
    return Chosen(str(finding), masks[finding], _mismatch(current, str(finding), prompt))


def _prompt_for(current: Current) -> None:
    """Make the prompt one of the chosen finding, true of this film as far as its set tells."""
    finding = state.widget(_KEY)
    if finding == NONE:
        return
    prompts = default_prompts()
    texts = prompts[finding].positive if finding in prompts else (str(finding).lower(),)
    fitting = [text for text in texts if true_of(current.studies, current.row, text) == 1]
    named = [text for text in fitting if stated_findings(text) == (finding,)]
    state.propose_prompt((named or fitting or list(texts))[0])


def _mismatch(current: Current, finding: str, prompt: str) -> str:
    stated, denied = stated_findings(prompt), denied_findings(prompt)
    if finding in denied:
        return f"The text denies {finding}, whose truth is outlined."
    if not stated:
        return f"The text names no finding that is known here; outlined is {finding}."
    if finding not in stated:
        return f"The text speaks of {_list(stated)}; outlined is {finding}."
    if true_of(current.studies, current.row, prompt) == 0:
        return f"{finding} is here, but not as the text says: another side, place or degree."
    return ""


def nothing_to_measure(current: Current, prompt: str) -> str:
    """Why no map is measured, in a sentence."""
    masks = current.studies.masks(current.row)
    if not any(mask.any() for mask in masks.values()):
        return "There is no ground truth for this study: the maps can be compared, not measured."
    absent = [name for name in stated_findings(prompt) if name not in masks]
    if absent:
        return (
            f"No truth of {_list(absent)} is known of this film, so that there is nothing to "
            "measure this text by. Choose a truth to set its prompt."
        )
    return "Choose a truth to measure the maps by."


def _list(names: tuple[str, ...] | list[str]) -> str:
    return " and ".join(names)


def table(current: Current, maps: dict[str, str], prompt: str, truth: Mask) -> None:
    """Every measure of every map; title -> the map in words."""
    rows = {}
    for title, name in maps.items():
        heat = region_cache.saliency(
            name, state.session().model, current.studies, current.row, (prompt,),
            (truth.shape[0], truth.shape[1]),
        )  # fmt: skip
        rows[title] = {key: compute(heat, truth) for key, compute in MEASURES.items()}
    frame = pd.DataFrame(rows).T.rename(columns=TITLES)
    st.dataframe(
        frame.style.format("{:.2f}").highlight_max(
            axis=0, props="font-weight: 800; text-decoration: underline"
        )
    )
