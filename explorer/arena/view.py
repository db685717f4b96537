"""Models side by side: who takes part, each one's map with its scores, and the measures of all."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluation.given_maps import GivenMaps
from core.inference.known_words import check_words
from core.metrics.localisation import TITLES
from explorer import access
from explorer.regions.truth import Chosen
from explorer.shared import alt, cache, components, guard, state
from explorer.shared.state import Current

if TYPE_CHECKING:
    from core.evaluation.arena import ArenaEntry

MOST = 4
"""Models at once."""
_SIDE = 300  # of a film, in pixels
_KEY = "arena_models"


def models() -> list[str]:
    """Those that take part; the owner also types others in."""
    names, here = cache.model_names(), state.session()
    chosen = here.arena or tuple(dict.fromkeys([here.model, *names]))[:2]
    state.begin_widget(_KEY, list(chosen))
    picked = st.multiselect(
        "Models", list(dict.fromkeys([*names, here.model, *chosen])), key=_KEY,
        max_selections=MOST, accept_new_options=access.is_owner(),
        placeholder="Choose models, or type biomedclip, hf-hub:ORG/NAME, a folder",
        help="Any model of docs/models.md: type its name and press Enter.",
    )  # fmt: skip
    state.choose_arena(tuple(picked))
    return [name.strip() for name in picked if name.strip()]


def goes_on(text: str) -> bool:
    """Whether models answer that do not know the text's words."""
    return not check_words(text).known and st.toggle(
        "Go on all the same", key="arena_anyway",
        help="The words are like none of a chest film's findings: what models make of them may "
        "mean nothing.",
    )  # fmt: skip


def side_by_side(
    current: Current, asked: Mapping[str, "Callable[[], ArenaEntry]"], text: str,
    chosen: Chosen | None, opacity: float,
) -> "list[ArenaEntry]":  # fmt: skip
    """A film each under the map, with scores and seconds; those that answered.

    Args:
        asked: what gives the answer, by the name that stands above it.
    """
    entries: list[ArenaEntry] = []
    places = components.row(*[_SIDE] * len(asked))
    for place, (name, answer) in zip(places, asked.items(), strict=True):
        with place:
            st.markdown(f"**{name}**")
            with guard.sentences():
                one = answer()
                _map(current, one, text, chosen, opacity)
                entries.append(one)
    return entries


def _map(
    current: Current, one: "ArenaEntry", text: str, chosen: Chosen | None, opacity: float
) -> None:
    said = alt.mapped(
        components.film_name(current), one.name, text, one.heat, chosen.finding if chosen else ""
    )
    components.film(
        current, said, heat=one.heat if one.heat.any() else None, opacity=opacity,
        truth=chosen.mask if chosen else None,
    )  # fmt: skip
    if not np.isnan(one.seconds):
        st.caption(
            f"Text against its negation **{one.pair:z.2f}**, cosine **{one.cosine:z.2f}**; "
            f"**{one.seconds:.2f} s**"
        )
    if one.remark:
        st.caption(f":material/info: {one.remark}")


def given(maps: GivenMaps, current: Current, text: str) -> "ArenaEntry":
    """What another model's file says of the film.

    Raises:
        ExplorerError: nothing, or it cannot be read.
    """
    from core.evaluation.arena import given_entry

    image = current.studies.image(current.row)
    study = current.studies.study_id(current.row)
    return given_entry(maps, study, text, (image.shape[0], image.shape[1]))


def table(entries: "list[ArenaEntry]", chosen: Chosen | None) -> None:
    """Scores, seconds and measures of all; the best of each measure stands out."""
    rows = {}
    for one in entries:
        figures = {"Against negation": one.pair, "Cosine": one.cosine, "Seconds": one.seconds}
        if chosen:
            measured = one.measures(chosen.mask)
            figures |= {TITLES[name]: value for name, value in measured.items()}
        rows[one.name] = figures
    frame = pd.DataFrame(rows).T
    shown = frame.style.format("{:.2f}", na_rep="")
    if chosen:
        shown = shown.highlight_max(
            subset=list(TITLES.values()), axis=0,
            props="font-weight: 800; text-decoration: underline",
        )  # fmt: skip
    st.dataframe(shown)
    st.caption(
        "Scores of two models do not compare: against its negation 0.5 means that a model cannot "
        "tell. Seconds: this film once, on this computer, without loading. One film proves "
        "nothing: `python -m core localize` measures a set, with `--boxes` and `--maps` for models "
        "that are not here."
    )


def terminal(models: list[str], current: Current, text: str) -> None:
    """The command that gives the same."""
    if current.uploaded:
        return
    named = " ".join(f"--model {name}" for name in models)
    study = current.studies.study_id(current.row)
    st.code(
        f'python -m core arena {named} --data "{current.studies.spec}" --study {study} '
        f'--prompt "{text}"', language="bash", wrap_lines=True,
    )  # fmt: skip
