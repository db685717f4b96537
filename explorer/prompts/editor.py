"""The prompt table: one finding a row, prompts parted by semicolons, with undo and reset."""

import pandas as pd
import streamlit as st

from core.errors import ExplorerError
from core.inference.prompts import FindingPrompts, PromptSet, default_prompts, prompts_for
from core.labels import PATHOLOGIES
from explorer.shared import state

_COLUMNS = ("Finding", "Positive prompts", "Negative prompts")


def edit() -> PromptSet:
    """The edited set; a row that cannot be used is named and the last good set stays."""
    prompts = state.session().prompts
    _tools(prompts)
    prompts = state.session().prompts
    # A new key after undo, reset and template makes the table forget what was typed over them.
    table = st.data_editor(
        _frame(prompts), key=f"prompt_table_{state.session().prompt_edition}",
        num_rows="dynamic", hide_index=True, width="stretch", height=300,
        column_config={
            "Finding": st.column_config.TextColumn(width=140, required=True),
            "Positive prompts": st.column_config.TextColumn(
                width="large", help="Parted by semicolons; the best match counts.", required=True
            ),
            "Negative prompts": st.column_config.TextColumn(
                width="large", help="Empty: 'no' before the first positive prompt."
            ),
        },
    )  # fmt: skip
    try:
        edited = _parse(table)
    except ExplorerError as error:
        st.error(str(error), icon=":material/error:")
        return prompts
    if edited != prompts:
        _replace(edited)
    return prompts


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
    missing = [name for name in PATHOLOGIES if name not in prompts]
    chosen = line.selectbox("Add a finding", ["", *missing], key="add_finding", width=220)
    if chosen:
        _replace(prompts.with_finding(chosen, prompts_for([chosen])[chosen]))


def _replace(prompts: PromptSet) -> None:
    state.set_prompts(prompts)
    st.rerun()


def _frame(prompts: PromptSet) -> pd.DataFrame:
    rows = [(name, "; ".join(p.positive), "; ".join(p.negative)) for name, p in prompts.items()]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _parse(table: pd.DataFrame) -> PromptSet:
    findings: dict[str, FindingPrompts] = {}
    for values in table.itertuples(index=False):
        name, positive, negative = (str(value or "").strip() for value in values)
        if not name or name == "None":
            continue
        if name in findings:
            raise ExplorerError(f"{name} stands in two rows; keep one of them.")
        positives = _split(positive)
        if not positives:
            raise ExplorerError(f"{name} has no positive prompt; type at least one.")
        findings[name] = FindingPrompts(positives, _split(negative) or (f"no {positives[0]}",))
    if not findings:
        raise ExplorerError("The table is empty; press Defaults or add a finding.")
    return PromptSet(findings)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip() and part != "None")
