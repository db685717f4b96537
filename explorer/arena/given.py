"""Boxes and maps of models that are not here, as somebody hands them in for the film on the screen.

They are read at every run of the page, stay in the session's memory and are never written.
"""

from pathlib import Path

import streamlit as st

from core.errors import ExplorerError
from core.evaluation.given_maps import GivenBoxes, GivenFilmMap, GivenMaps
from explorer import access

MOST = 3
"""Files that are shown at once, beside the models."""
_FORMS = """**Boxes**: a `.json` of boxes for this film, in its pixels,
`[{"label": "Pleural Effusion", "x": 30, "y": 90, "w": 40, "h": 60, "score": 0.8}]`,
or of many films, `{"test-0-00003": [...]}` by the name of the study; labels are the findings' names
or the very text. **A map**: a `.npy` or `.png` over the whole film, of any size."""


def uploads(study: str) -> list[GivenMaps]:
    """Those that were handed in and can be read; what is wrong with the others is said.

    Args:
        study: name of the film on the screen.
    """
    try:
        if not access.may_upload():
            return []
    except ExplorerError as error:
        st.error(str(error), icon=":material/error:")
        return []
    with st.expander("Add what another model found: its boxes or its map"):
        files = st.file_uploader(
            "Boxes (.json) or maps (.npy, .png)", ["json", "npy", "png"], key="arena_files",
            accept_multiple_files=True,
            help="From a model that cannot be loaded here, a paper, or a colleague's drawing.",
        )  # fmt: skip
        st.caption(_FORMS)
        if len(files) > MOST:
            st.warning(f"Shown are the first {MOST} files.", icon=":material/info:")
        read = []
        for file in files[:MOST]:
            try:
                access.check_upload()
                read.append(_read(file.name, file.getvalue(), study))
            except ExplorerError as error:
                st.error(str(error), icon=":material/error:")
    return read


def _read(name: str, content: bytes, study: str) -> GivenMaps:
    if name.lower().endswith(".json"):
        return GivenBoxes(Path(name), content, study)
    return GivenFilmMap(name.lower(), content)
