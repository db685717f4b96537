"""The form of an import: where the data is, its first rows, which column is what, where it goes."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.intake import FIELDS, Source, guess_mapping
from core.intake.job import ImportJob
from core.intake.target import proposed_target
from core.labels import PATHOLOGIES
from core.studies.manifest import inside
from explorer import access
from explorer.intake import cache as thumbnail_cache
from explorer.intake import origin
from explorer.shared import state, terminal

_NONE = "(none)"
_PREVIEW = 8
_FIELD = 240  # width of a field's select box, in pixels
_ROW = 84  # height of a row of the preview, in pixels


def draw() -> ImportJob | None:
    """Place, preview and mapping; the job, when one was started.

    Raises:
        ExplorerError: it is not this session's to import.
    """
    access.check_import()
    source, words = origin.choose()
    if source is None:
        return None
    rows = st.container()
    mapping = _mapping(source) if source.table is not None else {"image": "file"}
    with rows:
        _preview(source, mapping.get("image", ""))
    out = origin.text_field(
        "out", "New folder of the set", "outside of the data; made by the import",
        str(proposed_target()),
    )  # fmt: skip
    ready = bool(out) and "image" in mapping
    chosen = mapping if source.table is not None else {}
    if st.button("Import", icon=":material/input:", disabled=not ready):
        return ImportJob(source, Path(out), chosen)
    if words:
        columns = ",".join(f"{field}={column}" for field, column in chosen.items())
        terminal.show("import", *words, *(["--map", columns] if columns else []), "--out", out)
    return None


def _preview(source: Source, images: str) -> None:
    """The first rows with their films beside them."""
    st.markdown("**The first rows**, as only you see them")
    rows = source.preview.head(_PREVIEW)
    if images not in rows:
        st.dataframe(rows, hide_index=True)
        return
    paths = (inside(source.root, str(name)) for name in rows[images])
    films = [thumbnail_cache.thumbnail_uri(path) for path in paths]
    name = "Film" if "Film" not in rows else "Film (picture)"
    st.dataframe(
        pd.concat([pd.Series(films, rows.index, name=name, dtype=object), rows], axis=1),
        hide_index=True, row_height=_ROW, width="content",
        column_config={
            name: st.column_config.ImageColumn(name, width=_ROW),
            **({} if source.table else {"bytes": st.column_config.NumberColumn(format="bytes")}),
        },
    )  # fmt: skip
    if not any(films):
        st.caption(":material/warning: None of these can be read as a film.")


def _mapping(source: Source) -> dict[str, str]:
    """A select box for each field, at what is guessed or was chosen before."""
    st.markdown("**Which column is what**; columns that are none of these are not imported")
    guessed = guess_mapping(source.columns, source.preview)
    findings = [name for name in PATHOLOGIES if name in guessed]
    more = [name for name in PATHOLOGIES if name not in guessed]
    chosen: dict[str, str] = {}
    fields = [*FIELDS, *findings]
    for field, column in zip(fields, _places(len(fields)), strict=True):
        _choose(column, field, source, guessed, chosen)
    with st.expander("Labels that no column was found for"):
        for field, column in zip(more, _places(len(more)), strict=True):
            _choose(column, field, source, guessed, chosen)
    return chosen


def _places(count: int) -> list[DeltaGenerator]:
    """Side by side, as many as fit."""
    line = st.container(horizontal=True, vertical_alignment="bottom")
    return [line.container(width=_FIELD) for _ in range(count)]


def _choose(
    place: DeltaGenerator, field: str, source: Source,
    guessed: Mapping[str, str], chosen: dict[str, str],
) -> None:  # fmt: skip
    options = [_NONE, *source.columns]
    # Kept by table: the same columns come back with what was chosen for them.
    key = f"map_{source.table}_{field}"
    before = state.session().import_entries.get(key, guessed.get(field, _NONE))
    state.begin_widget(key, before if before in options else _NONE)
    column = str(place.selectbox(field, options, key=key, help=FIELDS.get(field)))
    state.keep_entry(key, column)
    if column != _NONE:
        chosen[field] = column
