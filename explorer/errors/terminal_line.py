"""What the page shows, as commands."""

from core.inference.prompts import default_prompts
from core.studies import StudySet
from explorer.shared import state, terminal


def draw(studies: StudySet, finding: str) -> None:
    """The commands that print the page's figures; of a set without labels, what disagrees there.

    Args:
        finding: that is shown; "" where the set has none.
    """
    here, whose = state.session(), _whose()
    if not finding:
        terminal.show("errors", *whose, "--unlabelled")
        return
    fit = ["--fit", here.threshold_set] if here.threshold_set else []
    rule = ["--threshold", here.threshold_rule, *fit]
    score = _score()
    terminal.show_all([
        ["errors", *whose, *score, *rule],
        ["calibrate", *whose, *score, *fit],
        ["slices", *whose, *score, "--finding", finding, *rule, "--pairs", "--found", "8"],
        ["notes", "add", "--data", here.study_set, "--study", studies.study_id(here.row),
         "--finding", finding, "--verdict", "model is wrong", "--author", here.author or "ME"],
    ])  # fmt: skip


def show(command: str, *more: str) -> None:
    """One command on the session's model, set, prompts and score."""
    terminal.show(command, *_whose(), *_score(), *more)


def _whose() -> list[str]:
    here = state.session()
    whose = ["--model", here.model, "--data", here.study_set]
    if here.prompts != default_prompts():  # that can be downloaded where they are edited
        whose += ["--prompts", "prompts.json"]
    return whose


def _score() -> list[str]:
    score = state.session().judged_score
    return ["--score", score] if score != "lrclr" else []
