"""Example films to choose from, and texts to try on the film that is shown."""

import streamlit as st

from core.evaluation.examples import Example, load_examples
from core.evaluation.text_truth import stated_findings
from core.inference.prompts import default_prompts
from explorer.regions import cache as region_cache
from explorer.shared import cache, components, state
from explorer.shared.state import Current

_CHIPS = "prompt_chips"
_STRIP = "example_strip"
_WIDTH = 96  # of a thumbnail, in pixels: nine stand side by side
_ONE_ROW = f"""<style>
.st-key-{_STRIP}, .st-key-{_CHIPS} [role=radiogroup] {{
    flex-wrap: nowrap; overflow-x: auto; scrollbar-width: thin; padding-bottom: 0.25rem;
}}
.st-key-{_STRIP} > *, .st-key-{_CHIPS} [role=radiogroup] > * {{flex-shrink: 0;}}
</style>"""
"""In a narrow window rows would push the film that is spoken of below the fold: they scroll."""
_LONG = 64  # characters of a chip
_OFTEN = ("Cardiomegaly", "Pleural Effusion", "Pneumothorax", "Edema", "Support Devices")


def strip() -> None:
    """A film for each finding; one is chosen with a text that is true of it."""
    examples = load_examples()
    studies = cache.studies(examples.data)
    films = examples.films
    st.html(_ONE_ROW)
    line = st.container(horizontal=True, gap="small", key=_STRIP)
    for example in films:
        with line.container(width=_WIDTH, gap=None):
            components.picture(
                region_cache.thumbnail(studies, example.row), f"Example film: {example.prompt}.",
                width=_WIDTH,
            )  # fmt: skip
            st.button(
                example.finding, key=f"example_{example.finding}", type="tertiary",
                help=f"“{example.prompt}”, which is true of this film",
                on_click=_choose, args=(examples.data, example),
            )  # fmt: skip


def _choose(spec: str, example: Example) -> None:
    state.choose_example(spec, example.row, example.prompt)


def chips(current: Current) -> None:
    """Texts to try with one click: what the film's own report says, then other findings.

    What the report finds comes before what it does not, for the last ones may be out of sight.
    """
    sentences = dict.fromkeys(current.studies.report(current.row))
    report = sorted(sentences, key=lambda sentence: not stated_findings(sentence))
    others = [default_prompts()[name].positive[0] for name in _OFTEN]
    texts = [*report, *(text for text in others if text not in report)]
    prompt = state.session().prompt
    state.put_widget(_CHIPS, prompt if prompt in texts else None)

    def chosen() -> None:
        text = state.widget(_CHIPS)
        if text:
            state.propose_prompt(text)

    st.pills(
        "From its report, and others to try" if report else "To try", texts, key=_CHIPS,
        format_func=lambda text: _short(text, text in report), on_change=chosen,
    )  # fmt: skip


def _short(text: str, reported: bool) -> str:
    icon = ":material/description: " if reported else ""
    return icon + (text if len(text) <= _LONG else text[: _LONG - 1].rstrip() + "…")
