"""The prompts of one finding at a time, each on a line with its scores and its share."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import ExplorerError
from core.inference.prompt_shares import PromptShare
from core.inference.prompts import FindingPrompts, PromptSet, default_prompts, prompts_for
from core.labels import PATHOLOGIES
from explorer.prompts import cache as score_cache
from explorer.shared import figures, state, words
from explorer.shared.state import Current

_SIDES = {"positive": "Says that it is there", "negative": "Says that it is not"}
_FIELD, _LONG = 300, 38  # pixels, and the characters that they hold; longer prompts get more lines
_SCORES, _SHARE, _REMOVE = 172, 110, 42  # widths of what stands beside it
_BESIDE = _SCORES + _SHARE + _REMOVE + 2 * 16  # with the gaps; goes below where there is no room


def edit(current: Current) -> PromptSet:
    """The edited set; a prompt that cannot be used is refused and the last good set stays."""
    wrong = _take_typed()
    _tools(state.session().prompts)
    prompts = state.session().prompts
    finding = _finding(prompts)
    for side in _SIDES:
        _side(current, finding, prompts[finding], side)
    st.caption(
        "Image: cosine of the prompt with this study's image. Regions: with those that match it "
        "best. Share: how much of its side's score for this study the prompt makes; the best match "
        "counts most, so that another study gives other shares."
    )
    if wrong:
        st.error(wrong, icon=":material/error:")
    return prompts


def _take_typed() -> str:
    """Take in what was typed, before anything that hangs on it is drawn; why it was refused."""
    prompts = state.session().prompts
    finding = _here(prompts)
    before = prompts[finding]
    typed = {side: _typed(finding, side, getattr(before, side)) for side in _SIDES}
    try:
        edited = prompts.with_finding(finding, _checked(finding, typed))
    except ExplorerError as error:
        return str(error)
    if edited != prompts:
        added = any(len(typed[side]) != len(getattr(before, side)) for side in _SIDES)
        state.set_prompts(edited, keep_fields=not added)
    return ""


def _typed(finding: str, side: str, texts: Sequence[str]) -> tuple[str, ...]:
    """What the fields of a side hold, the empty ones left out."""
    held = [state.widget(_key(finding, side, number)) for number in range(len(texts))]
    lines = [text if own is None else own for text, own in zip(texts, held, strict=True)]
    new = state.widget(_key("new", finding, side)) or ""
    return tuple(text for text in (*lines, new) if text.strip())


def _checked(finding: str, typed: dict[str, tuple[str, ...]]) -> FindingPrompts:
    if not typed["positive"]:
        raise ExplorerError(f"{finding} has no positive prompt; type at least one.")
    return FindingPrompts(typed["positive"], typed["negative"] or (f"no {typed['positive'][0]}",))


def _here(prompts: PromptSet) -> str:
    """The finding that is edited."""
    here = state.session().finding
    return here if here in prompts else next(iter(prompts))


def _finding(prompts: PromptSet) -> str:
    """The finding that is edited, chosen among those that are there."""
    names, here = list(prompts), state.session().finding
    place = names.index(_here(prompts))
    line = st.container(horizontal=True, vertical_alignment="bottom")
    chosen = line.selectbox("Finding", names, place, key=_key("finding"), width=210)
    if chosen != here:
        state.choose_finding(chosen)
    if line.button("Remove this finding", icon=":material/delete:", disabled=len(names) == 1):
        _replace(prompts.without_finding(chosen))
    missing = [name for name in PATHOLOGIES if name not in prompts]
    added = line.selectbox(
        "Add a finding", missing, None, key=_key("add"), accept_new_options=True, width=210,
        placeholder="Choose or type", help="Of CheXpert's names, or any words of your own.",
    )  # fmt: skip
    if added and added not in prompts:
        _add(prompts, added)
    return chosen


def _side(current: Current, finding: str, prompts: FindingPrompts, side: str) -> None:
    """The lines of a side."""
    texts: tuple[str, ...] = getattr(prompts, side)
    st.markdown(f"**{_SIDES[side]}**")
    shares = _shares(current, texts)
    for number, text in enumerate(texts):
        line = st.container(horizontal=True, vertical_alignment="center", gap="small")
        name = f"{side.capitalize()} prompt {number + 1} of {finding}"
        _field(line, name, text, _key(finding, side, number))
        beside = line.container(horizontal=True, vertical_alignment="center", width=_BESIDE)
        _figures(beside, text, shares[number] if shares else None)
        beside.button(
            "", icon=":material/close:", key=_key("remove", finding, side, number), width=_REMOVE,
            help=f"Remove this {side} prompt", disabled=side == "positive" and len(texts) == 1,
            on_click=_remove, args=(finding, side, number),
        )  # fmt: skip
    st.text_input(
        f"Add a {side} prompt to {finding}", key=_key("new", finding, side), max_chars=300,
        placeholder=f"Add a {side} prompt", label_visibility="collapsed",
    )  # fmt: skip


def _field(line: DeltaGenerator, name: str, text: str, key: str) -> None:
    """A field that shows the whole prompt."""
    if len(text) <= _LONG:
        line.text_input(name, text, 300, key, label_visibility="collapsed", width=_FIELD)
    else:
        line.text_area(
            name, text, height="content", max_chars=300, key=key, label_visibility="collapsed",
            width=_FIELD,
        )  # fmt: skip


def _figures(line: DeltaGenerator, text: str, share: PromptShare | None) -> None:
    if not words.goes_on(text):
        line.caption(":material/help: The model does not know these words.", width=_SCORES + _SHARE)
        return
    if share is None:
        line.caption("not known", width=_SCORES + _SHARE)
        return
    scores = f"image {share.global_score:z.2f}, regions {share.local_score:z.2f}"
    line.caption(scores, width=_SCORES)
    line.html(_bar(share.share), width=_SHARE)


def _bar(share: float) -> str:
    """A share of 0..1 as a bar with its figure; grey of the theme's own text behind it."""
    return (
        '<div style="display:flex;align-items:center;gap:8px">'
        '<div aria-hidden="true" style="flex:1;height:8px;border-radius:4px;'
        'background:color-mix(in srgb, currentColor 18%, transparent)">'
        f'<div style="width:{100 * share:.0f}%;height:8px;border-radius:4px;'
        f'background:{figures.ACCENT}"></div></div>'
        f'<span style="min-width:2.6em;text-align:right">{100 * share:.0f} %</span></div>'
    )


def _shares(current: Current, texts: Sequence[str]) -> list[PromptShare] | None:
    """None where the image cannot be read, which the page says elsewhere."""
    try:
        return score_cache.shares(state.session().model, current.studies, current.row, texts)
    except ExplorerError:
        return None


def _key(*parts: object) -> str:
    """A widget's key; a new edition of the prompts makes fields forget what was typed."""
    return "_".join(map(str, ("prompt", state.session().prompt_edition, *parts)))


def _tools(prompts: PromptSet) -> None:
    line = st.container(horizontal=True, vertical_alignment="bottom")
    if line.button("Undo", icon=":material/undo:", disabled=not state.session().prompt_history,
                   shortcut="Alt+Z"):  # fmt: skip
        state.undo_prompts()
        st.rerun()
    if line.button("Defaults", icon=":material/restart_alt:"):
        _replace(default_prompts())
    if line.button("Templates {} / no {}",
                   help="Each finding's name and its negation."):  # fmt: skip
        _replace(PromptSet.from_templates(tuple(prompts)))
    line.download_button(
        "Download", prompts.to_json(), "prompts.json", "application/json",
        icon=":material/download:", help="For `--prompts` of the commands, such as `prompts`.",
    )  # fmt: skip


def _add(prompts: PromptSet, name: str) -> None:
    try:
        more = prompts.with_finding(name, prompts_for([name])[name])
    except ExplorerError as error:
        st.error(str(error), icon=":material/error:")
        return
    state.choose_finding(list(more)[-1])
    _replace(more)


def _remove(finding: str, side: str, number: int) -> None:
    """Take a prompt out; a side of negations that loses its last one gets the plain negation."""
    prompts = state.session().prompts
    sides = {name: list(getattr(prompts[finding], name)) for name in _SIDES}
    del sides[side][number]
    kept = {name: tuple(texts) for name, texts in sides.items()}
    state.set_prompts(prompts.with_finding(finding, _checked(finding, kept)))


def _replace(prompts: PromptSet, keep_fields: bool = False) -> None:
    state.set_prompts(prompts, keep_fields)
    st.rerun()
