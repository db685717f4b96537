"""The one table of pages, by section."""

from pathlib import Path
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage

PAGES = Path(__file__).resolve().parents[1] / "pages"

EXPLORE, ANALYSE, TEACH, BUILD = "Explore", "Analyse", "Teach", "Build"

# section, file, title, icon; sections in the order of their first page
TABLE = (
    (EXPLORE, "home.py", "Home", ":material/home:"),
    (EXPLORE, "case.py", "Case", ":material/person_search:"),
    (EXPLORE, "regions.py", "Selected regions", ":material/grid_view:"),
    (EXPLORE, "lab.py", "Lab", ":material/science:"),
    (EXPLORE, "search.py", "Search", ":material/search:"),
    (ANALYSE, "zero_shot.py", "Zero-shot prompts", ":material/edit_note:"),
    (ANALYSE, "errors.py", "Errors", ":material/rule:"),
    (ANALYSE, "compare.py", "Compare with Grad-CAM", ":material/compare:"),
    (ANALYSE, "arena.py", "Models side by side", ":material/view_column:"),
    (TEACH, "lessons.py", "Lessons", ":material/school:"),
    (TEACH, "classroom.py", "Class", ":material/groups:"),
    (BUILD, "import_data.py", "Import", ":material/input:"),
    (BUILD, "finetune.py", "Fine-tune", ":material/model_training:"),
    (BUILD, "model.py", "Model", ":material/badge:"),
)
FILES = tuple(file for _, file, _, _ in TABLE)


def router(shown: bool = True) -> StreamlitPage:
    """The page that the URL names; the others in the sidebar, where they are `shown`."""
    sections: dict[str, list[StreamlitPage]] = {}
    for section, file, title, icon in TABLE:
        page = st.Page(PAGES / file, title=title, icon=icon, default=file == FILES[0])
        sections.setdefault(section, []).append(page)
    return st.navigation(
        sections, position="sidebar" if shown else "hidden",
        expanded=True,  # else those that come last are behind a button
    )  # fmt: skip


def link(file: str, label: str) -> None:
    """A link to a page by its file name."""
    icon = next(icon for _, name, _, icon in TABLE if name == file)
    st.page_link(str(PAGES / file), label=label, icon=icon)


def go(file: str) -> NoReturn:
    """Leave for a page by its file name."""
    st.switch_page(str(PAGES / file))
