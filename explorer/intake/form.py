"""The form of an import: where the data is, its first rows, which column is what."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from core.errors import ExplorerError
from core.intake import FIELDS, Source, guess_mapping, open_source
from core.intake.job import ImportJob
from core.labels import PATHOLOGIES
from explorer import access
from explorer.shared import state, terminal

_NONE = "(none)"
_PREVIEW = 8


def draw() -> ImportJob | None:
    """Fields, preview and mapping; the job, when one was started.

    Raises:
        ExplorerError: it is not this session's to import.
    """
    access.check_import()
    data = _kept("data", "Data on this computer", "a folder, or a table: .csv, .tsv, .parquet")
    images = ""
    if Path(data).suffix:
        images = _kept("images", "Folder of its images", "the table's own, where left empty")
    if not data:
        return None
    try:
        source = open_source(data, images or None, preview=200)
    except ExplorerError as error:
        st.error(str(error), icon=":material/error:")
        return None
    st.markdown("**The first rows**, as only you see them")
    st.dataframe(source.preview.head(_PREVIEW), hide_index=True)
    mapping = _mapping(source) if source.table is not None else {}
    out = _kept("out", "New folder of the set", "outside of the data; made by the import")
    ready = bool(out) and (source.table is None or "image" in mapping)
    if st.button("Import", type="primary", icon=":material/input:", disabled=not ready):
        return ImportJob(source, Path(out), mapping)
    _command(data, images, out, mapping)
    return None


def _kept(name: str, label: str, hint: str) -> str:
    """A text field whose value outlives a change of page."""
    key = f"import_{name}"
    state.begin_widget(key, state.session().import_entries.get(key, ""))
    typed = st.text_input(label, key=key, max_chars=500, placeholder=hint)
    state.keep_entry(key, typed)
    return typed.strip()


def _mapping(source: Source) -> dict[str, str]:
    """A select box for each field, at what is guessed or was chosen before."""
    st.markdown("**Which column is what**; columns that are none of these are not imported")
    guessed = guess_mapping(source.columns, source.preview)
    findings = [name for name in PATHOLOGIES if name in guessed]
    more = [name for name in PATHOLOGIES if name not in guessed]
    chosen: dict[str, str] = {}
    place = st.columns(4)
    for number, field in enumerate([*FIELDS, *findings]):
        _choose(place[number % 4], field, source, guessed, chosen)
    with st.expander("Labels that no column was found for"):
        place = st.columns(4)
        for number, field in enumerate(more):
            _choose(place[number % 4], field, source, guessed, chosen)
    return chosen


def _choose(
    place: st.delta_generator.DeltaGenerator, field: str, source: Source,
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


def _command(data: str, images: str, out: str, mapping: Mapping[str, str]) -> None:
    words = ["import", "--data", data]
    if images:
        words += ["--images", images]
    if mapping:
        words += ["--map", ",".join(f"{field}={column}" for field, column in mapping.items())]
    terminal.show(*words, "--out", out or "DIR")
