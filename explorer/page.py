"""What surrounds every page: its margins, the sidebar, the sentence below."""

import streamlit as st

from core.evaluation.examples import load_examples
from core.paths import ROOT
from explorer import entrance, navigation
from explorer.lessons import attendance, leave
from explorer.shared import cache, guard, link, sidebar, state


def draw() -> None:
    """Draw the page that the address names."""
    # A file of ours: an icon by name would be fetched from a server of fonts.
    st.set_page_config("LRCLR Explorer", ROOT / "assets" / "icon.png", layout="wide")
    # Streamlit's own margins leave films a third of the window; the header takes the first 3.75
    # rem. A title of two lines would push the film of a narrow window down. Its chosen options are
    # white on amber in the dark, which few can read.
    st.html(
        "<style>.stMainBlockContainer {padding: 3.75rem 2.5rem 2rem}"
        ".stMainBlockContainer h1 {font-size: clamp(1.6rem, 2.7vw, 2.4rem)}"
        # Fourteen pages in four sections, and the pickers below them still in a window of 900.
        "[data-testid=stSidebarNavLink] {margin-block: 0; padding-block: 0.1rem; line-height: 1.6}"
        "[data-testid=stNavSectionHeader] {margin-block: 0.2rem 0.1rem; line-height: 1.4}"
        "[data-testid=stSidebarNavItems] > div {padding-bottom: 0.2rem}"
        "[data-testid=stSidebarHeader] {height: 2rem; min-height: 0; margin-bottom: 0}"
        ".stMultiSelect [data-tag] {background: none; border: 1px solid; color: inherit}"
        ".stMultiSelect [data-tag] * {color: inherit}"
        "</style>"
    )
    if not entrance.passed():
        navigation.router(shown=False)
        return
    page = navigation.router()
    link.start()
    state.enter(page.url_path)
    sidebar.draw()
    leave.back()
    with guard.sentences():
        page.run()
    attendance.note()
    st.caption("Research and teaching only, not for clinical use.")
    example = load_examples()
    if (here := state.session()).study_set == example.data:  # else its encoding may take long
        cache.get_ready(here.model, cache.studies(example.data), example.opening.prompt)
