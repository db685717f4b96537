"""Where the data of an import is: dropped into the browser, or named by its path."""

from pathlib import Path

import streamlit as st

from core.errors import ExplorerError
from core.intake import Source, open_source
from core.intake.dropped import Dropped
from explorer import access
from explorer.shared import state

_DROP, _PATH = "Drop it here", "On this computer, by its path"
_PREVIEW = 200  # rows from which columns are guessed
_OWN, _FILMS = "(the table's own)", "(none: every film)"


def choose() -> tuple[Source | None, list[str]]:
    """What is to be imported, and the arguments that name it to a command; empty for a drop.

    Raises:
        ExplorerError: this session may not import.
    """
    access.check_import()
    before = _kept("import_how", _DROP)
    how = st.segmented_control(
        "Where are the films?", [_DROP, _PATH], default=before, key="import_where", required=True
    )
    state.keep_entry("import_how", str(how))
    try:
        return (_dropped(), []) if how == _DROP else _named()
    except ExplorerError as error:
        st.error(str(error), icon=":material/error:")
        return None, []


def _kept(name: str, first: str = "") -> str:
    return state.session().import_entries.get(name) or first


def text_field(name: str, label: str, hint: str, first: str = "") -> str:
    """A text field whose value outlives a change of page."""
    key = f"import_{name}_{state.session().imports_done}"
    state.begin_widget(key, _kept(f"import_{name}", first))
    typed = str(st.text_input(label, key=key, max_chars=500, placeholder=hint) or "")
    state.keep_entry(f"import_{name}", typed)
    return typed.strip()


def _named() -> tuple[Source | None, list[str]]:
    data = text_field(
        "data", "Data on this computer", "a folder, or a table: .csv, .tsv, .parquet"
    )
    images = ""
    if Path(data).suffix:
        images = text_field("images", "Folder of its images", "the table's own, where left empty")
    if not data:
        return None, []
    words = ["--data", data, *(["--images", images] if images else [])]
    return open_source(data, images or None, _PREVIEW), words


def _dropped() -> Source | None:
    """The dropped folder or table; the files are kept until the session ends."""
    one, two = st.columns(2)
    folder = one.file_uploader(
        "A folder", accept_multiple_files="directory", key="import_folder",
        help="With all that is below it: DICOM, PNG, JPEG, and a table of them.",
    )  # fmt: skip
    files = two.file_uploader(
        "Or a ZIP, or single films", accept_multiple_files=True, key="import_files",
        help="What is in a ZIP counts as dropped. Large archives are read sooner by their path.",
    )  # fmt: skip
    uploaded = [*folder, *files]
    ids = tuple(file.file_id for file in uploaded)
    if ids and ids != state.session().dropped_ids:
        try:
            with st.spinner("Looking at what was dropped"):
                state.keep_dropped(ids, Dropped((file.name, file) for file in uploaded))
        except ExplorerError as error:
            state.refuse_dropped(ids, str(error))
    here = state.session()
    if here.dropped_error:
        raise ExplorerError(here.dropped_error)
    if here.dropped is None:
        return None
    line = st.container(horizontal=True, vertical_alignment="center")
    line.markdown(f":material/check: {here.dropped.count} files are here, until the session ends.")
    line.button("Forget them", icon=":material/close:", on_click=state.forget_dropped)
    return _part(here.dropped)


def _part(dropped: Dropped) -> Source:
    """The table that counts, where there is one, else every film."""
    tables = dropped.tables
    if not tables:
        return dropped.source(preview=_PREVIEW)
    one, two = st.columns(2)
    table = str(one.selectbox("Table of the films", [*tables, _FILMS], key="import_table"))
    if table == _FILMS:
        return dropped.source(preview=_PREVIEW)
    images = str(two.selectbox("Folder of its images", [_OWN, *dropped.folders], key="import_root"))
    return dropped.source(table, "" if images == _OWN else images, _PREVIEW)
