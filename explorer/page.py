"""What surrounds every page: its margins, the sidebar, the sentence below."""

import streamlit as st

from core.evaluation.examples import load_examples
from core.paths import ROOT
from explorer import entrance, navigation, startup
from explorer.lessons import attendance, leave
from explorer.shared import cache, guard, link, sidebar, state

_STYLE = """<style>
/* Streamlit's own margins leave films a third of the window; the header takes the first 3.75 rem.
   A title of two lines would push the film of a narrow window down. */
.stMainBlockContainer {padding: 3.75rem 2.5rem 2rem}
.stMainBlockContainer h1 {font-size: clamp(1.6rem, 2.7vw, 2.4rem)}
@media (max-width: 640px) {.stMainBlockContainer {padding-inline: 1rem}}
/* Fourteen pages in four sections, and the pickers below them still in a window of 900; in a lower
   one the list of pages scrolls by itself, for the set is changed more often than the page. */
[data-testid=stSidebarNavLink] {margin-block: 0; padding-block: 0.1rem; line-height: 1.6}
[data-testid=stNavSectionHeader] {margin-block: 0.2rem 0.1rem; line-height: 1.4}
[data-testid=stSidebarNavItems] > div {padding-bottom: 0.2rem}
[data-testid=stSidebarHeader] {height: 2rem; min-height: 0; margin-bottom: 0}
@media (max-height: 860px) {
  [data-testid=stSidebarNavItems] {max-height: 36vh; overflow-y: auto; scrollbar-width: thin}
}
[data-testid=stSidebar] [data-testid=stFileUploaderDropzone] {
  padding: 0.3rem 0.5rem; min-height: 0; flex-direction: row; align-items: center; gap: 0.5rem;
}
/* Streamlit's chosen options and first buttons are white on amber in the dark: few can read it. */
.stMultiSelect [data-tag] {background: none; border: 1px solid; color: inherit}
.stMultiSelect [data-tag] * {color: inherit}
[data-testid^=stBaseButton-primary]:not(:disabled) {color: light-dark(#fff, #101317)}
</style>"""


def draw() -> None:
    """Draw the page that the address names."""
    # A file of ours: an icon by name would be fetched from a server of fonts.
    st.set_page_config("LRCLR Explorer", ROOT / "assets" / "icon.png", layout="wide")
    st.html(_STYLE)
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
        films = cache.studies(example.data)
        cache.get_ready(here.model, films, example.opening.prompt, startup.import_all)
