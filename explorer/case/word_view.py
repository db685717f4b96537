"""The words that drive a text's score on one film: each left out, and by gradient."""

import pandas as pd
import streamlit as st

from core.inference.word_effects import WordEffect, WordEffects
from core.inference.word_gradients import WordGradients
from explorer.case import cache as case_cache
from explorer.shared import following, state
from explorer.shared.state import Current


def draw(current: Current, text: str) -> None:
    """What the score of a text has by each word, beside what words without meaning change."""
    if len(text.split()) < 2:
        st.markdown("A text of one word has nothing left without it; choose or type a longer one.")
        return
    asked = (state.session().model, current.studies, current.row, text,
             state.session().judged_score)  # fmt: skip
    effects, slopes = case_cache.word_effects(*asked), case_cache.word_gradients(*asked)
    job, steep = (slopes, None) if isinstance(slopes, following.Job) else (None, slopes)
    shown = frame(effects, steep)
    st.dataframe(
        shown, hide_index=True, width="stretch", height=36 * min(len(shown), 14) + 40,
        column_config={
            "By the word": st.column_config.NumberColumn(
                format="%+.3f", help="The score less the score without the word."
            ),
            "Slope": st.column_config.NumberColumn(
                format="%+.3f", help="What the score loses by the word as all words fade together: "
                "integrated gradients of the words' vectors.",
            ),
        },
    )  # fmt: skip
    st.markdown(
        f"The score of the text is **{effects.value:.3f}**. Left out, words that say nothing "
        f"change it by up to {effects.chance:.3f}; more than that: "
        f"**{_named(beyond_effects(effects))}**."
        + (f" By gradient, beyond {steep.chance:.3f}: **{_named(beyond_slopes(steep))}**."
           if steep else "")
    )  # fmt: skip
    if job:
        following.wait(job)
    st.caption(
        "Each word left out in turn, and the slope along it as all words fade; the score is that "
        "of the text against its plain negation. The two need not agree, and another text may mean "
        "another thing: this says what the score hangs on, not why."
    )


def frame(effects: WordEffects, slopes: WordGradients | None) -> pd.DataFrame:
    """A line a word, then what was put before the text; without slopes those that are there."""
    told = [*effects.words, *effects.added]
    columns: dict[str, list[str] | list[float]] = {
        "Word": [_name(one) for one in told],
        "By the word": [one.change for one in told],
        "Controls": [_held(one.neutral, one.change, effects.chance) for one in told],
    }
    if slopes:
        steep = [*slopes.words, *slopes.added]
        columns["Slope"] = [one.slope for one in steep]
        columns["Its controls"] = [_held(one.neutral, one.slope, slopes.chance) for one in steep]
    return pd.DataFrame(columns)


def beyond_effects(effects: WordEffects) -> list[str]:
    """Words that change more than any control."""
    return [one.word for one in effects.words
            if not one.neutral and abs(one.change) > effects.chance]  # fmt: skip


def beyond_slopes(slopes: WordGradients) -> list[str]:
    """Words whose slope is steeper than any control's."""
    return [one.word for one in slopes.words
            if not one.neutral and abs(one.slope) > slopes.chance]  # fmt: skip


def _name(one: WordEffect) -> str:
    return f"{one.word} (put before)" if one.start < 0 else one.word


def _held(neutral: bool, value: float, chance: float) -> str:
    if neutral:
        return "is one"
    return "beyond" if abs(value) > chance else "within"


def _named(words: list[str]) -> str:
    return ", ".join(f"“{word}”" for word in words) or "no word"
