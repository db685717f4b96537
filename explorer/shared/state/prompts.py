"""The text that is asked, and the prompts of the findings."""

from core.inference.prompts import PromptSet
from explorer.shared.state.films import choose_row, choose_set
from explorer.shared.state.store import begin_widget, change, put_widget, session

_UNDO = 30  # prompt sets that can be had back


def set_prompt(text: str) -> None:
    """The free prompt, shared by all pages."""
    change(prompt=text)


def propose_prompt(text: str) -> None:
    """Put a prompt where it is typed, as if it was; before the box is drawn, or in a callback."""
    change(prompt=text, proposed=True)


def prompt_widget(label: str) -> str:
    """Key of the box of a label in which the prompt is typed, one on a page.

    The box holds what was typed, good or bad; the prompt goes into it where the box is new or the
    prompt came from elsewhere.
    """
    key = f"prompt_{label}"
    if session().proposed:
        change(proposed=False)
        put_widget(key, session().prompt)
    begin_widget(key, session().prompt)
    return key


def choose_example(spec: str, row: int, prompt: str) -> None:
    """Make a film of a set the current study, with a text that is true of it."""
    if spec != session().study_set:
        choose_set(spec)
    choose_row(row)
    propose_prompt(prompt)


def set_prompts(prompts: PromptSet, keep_fields: bool = False) -> None:
    """Replace the prompt set; the old one can be had back.

    Args:
        keep_fields: whether the editor's fields hold these prompts already; else they forget what
            was typed into them.
    """
    here = session()
    history = here.prompt_history
    if prompts != here.prompts:
        history = (*history, here.prompts)[-_UNDO:]
    edition = here.prompt_edition + (not keep_fields)
    change(prompts=prompts, prompt_history=history, prompt_edition=edition)


def undo_prompts() -> None:
    """Back to the prompt set before."""
    here = session()
    if here.prompt_history:
        *older, last = here.prompt_history
        edition = here.prompt_edition + 1
        change(prompts=last, prompt_history=tuple(older), prompt_edition=edition)


def choose_finding(name: str) -> None:
    """The finding whose prompts are edited."""
    change(finding=name)
