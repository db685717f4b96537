"""The one table of pages."""

from pathlib import Path
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage

PAGES = Path(__file__).resolve().parents[1] / "pages"

# file, title, icon
TABLE = (
    ("home.py", "Home", ":material/home:"),
    ("lessons.py", "Lessons", ":material/school:"),
    ("classroom.py", "Class", ":material/groups:"),
    ("zero_shot.py", "Zero-shot prompts", ":material/edit_note:"),
    ("regions.py", "Selected regions", ":material/grid_view:"),
    ("errors.py", "Errors", ":material/rule:"),
    ("case.py", "Case", ":material/person_search:"),
    ("lab.py", "Lab", ":material/science:"),
    ("search.py", "Search", ":material/search:"),
    ("compare.py", "Compare with Grad-CAM", ":material/compare:"),
    ("import_data.py", "Import", ":material/input:"),
    ("finetune.py", "Fine-tune", ":material/model_training:"),
    ("model.py", "Model", ":material/badge:"),
)


def router(shown: bool = True) -> StreamlitPage:
    """The page that the URL names; the others in the sidebar, where they are `shown`."""
    return st.navigation(
        [
            st.Page(PAGES / file, title=title, icon=icon, default=number == 0)
            for number, (file, title, icon) in enumerate(TABLE)
        ],
        position="sidebar" if shown else "hidden",
        expanded=True,  # else those that come last are behind a button
    )


def link(file: str, label: str) -> None:
    """A link to a page by its file name."""
    icon = {name: icon for name, _, icon in TABLE}[file]
    st.page_link(str(PAGES / file), label=label, icon=icon)


def go(file: str) -> NoReturn:
    """Leave for a page by its file name."""
    st.switch_page(str(PAGES / file))
