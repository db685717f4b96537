"""`python -m core examples`: films in which a model sees what their prompts say."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import check_out
from core.cli.evaluate import PROMPTS_HELP


def examples_command(
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="A set with masks.")] = "phantom:demo",
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write them here, and beside it answers.json, what the model says of them; the "
            "pages open with assets/examples.json."
        ),
    ] = None,
) -> None:
    """One film a finding with a prompt that is true of it, that the model scores and places so."""
    from core.evaluation.answers import FILE, answers_of, write_answers
    from core.evaluation.examples import Examples, choose_examples, write_examples
    from core.inference.predictor import load_predictor
    from core.inference.prompts import default_prompts, load_prompts
    from core.lrclr.folders import model_folder
    from core.specs import open_studies

    check_out(out)
    asked = load_prompts(prompts) if prompts else default_prompts()
    studies = open_studies(data)
    predictor = load_predictor(model)
    films = choose_examples(predictor, studies, asked)
    for film in films:
        print(f"{film.finding:20} {studies.study_id(film.row):16} {film.prompt}")
    missing = [finding for finding in asked if finding not in {film.finding for film in films}]
    if missing:
        print(f"None is seen clearly: {', '.join(missing)}.")
    if out:
        write_examples(Examples(data, model, films), out)
        if model_folder(model):  # answers are told from another model's by its files
            write_answers(answers_of(predictor, studies, films), out.with_name(FILE.name))
