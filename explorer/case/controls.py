"""What is looked at on a case: a finding, a text, maps, and how to come here."""

from typing import NamedTuple

import streamlit as st

from core.attribution import METHODS
from core.evaluation.text_truth import stated_findings
from core.inference.map_choice import Choice
from core.studies import StudySet
from explorer import navigation
from explorer.regions import cam_view
from explorer.shared import components, link, state, words
from explorer.shared.state import Current

PAGE = "case.py"
_FINDING = "case_finding"
_MAPS, _MOST = ("lrclr", "gradcam"), 4


class CaseView(NamedTuple):
    """What the page shows of a film."""

    finding: str
    text: str
    read: bool  # the model knows the text's words, or shall read it all the same
    methods: tuple[str, ...]
    choice: Choice


def draw(current: Current) -> CaseView:
    """The pickers; a finding proposes its first prompt as the text."""
    zero, one, two, three = components.row(120, 190, 320, 270)
    with zero:
        components.score_picker("case_score")
        link.write()
    with one:
        finding = _finding()
    with two:
        text, _ = components.prompt_or_sentence(current)
    with three:
        with st.popover("Maps beside the film", icon=":material/layers:", width="stretch"):
            methods = st.pills(
                f"At most {_MOST}; those that read pixels take a while", list(METHODS),
                selection_mode="multi", default=_MAPS, key="case_maps",
                format_func=lambda name: METHODS[name].title,
            )[:_MOST]  # fmt: skip
        choice = cam_view.picker(st.container(), state.session().model)
    return CaseView(finding, text, words.note(text), tuple(methods), choice)


def _finding() -> str:
    """The finding that the link carries: the one chosen, else what the text speaks of."""
    here = state.session()
    names = list(here.prompts)
    stated = [name for name in stated_findings(here.prompt) if name in names]
    shown = here.judged if here.judged in names else next(iter([*stated, *names]))
    state.put_widget(_FINDING, shown)

    def chosen() -> None:
        name = str(state.widget(_FINDING))
        state.judge(name)
        state.propose_prompt(state.session().prompts[name].positive[0])

    return str(
        st.selectbox("Finding", names, key=_FINDING, on_change=chosen,
                     help="Proposes its first prompt as the text; notes are about it.")
    )  # fmt: skip


def choose(row: int, finding: str) -> None:
    """Have the page show a film of the current set, asked about a finding; in a callback."""
    state.choose_row(row)
    state.judge(finding)
    prompts = state.session().prompts
    if finding in prompts:
        state.propose_prompt(prompts[finding].positive[0])


def open_case(studies: StudySet, row: int, finding: str, key: str) -> None:
    """A button that opens a film of the current set as a case, asked about a finding."""

    def take() -> None:
        choose(row, finding)

    if st.button(":material/open_in_full: Open the case", key=key, width="stretch", on_click=take):
        navigation.go(PAGE)
