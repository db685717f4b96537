"""`python -m core report`: the errors of a set as one HTML file that stands alone."""

import shlex
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import StderrProgress, check_out
from core.cli.errors import FIT_HELP, RULE_HELP, SCORE_HELP
from core.cli.evaluate import PROMPTS_HELP
from core.cli.notes import opened_notebook


def report_command(
    out: Annotated[Path, typer.Option(help="HTML file to write.")],
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="Study set with labels.")] = "phantom:test",
    fit: Annotated[str | None, typer.Option(help=FIT_HELP)] = None,
    finding: Annotated[
        str | None, typer.Option(help="Of slices and films; by default the one ranked worst.")
    ] = None,
    cases: Annotated[int, typer.Option(min=0, max=100, help="Films, the worst first.")] = 12,
    score: Annotated[str, typer.Option(help=SCORE_HELP)] = "lrclr",
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    threshold: Annotated[str, typer.Option(help=RULE_HELP)] = "youden",
    notes: Annotated[
        bool, typer.Option("--notes", help="With what was noted of these films, without authors.")
    ] = False,
    n_bootstrap: Annotated[int, typer.Option(min=1, max=100_000, help="Resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the resamples.")] = 0,
) -> None:
    """Figures with intervals, slices and the worst films with their regions, in one file."""
    from importlib.metadata import version

    from core.analysis.columns import columns_of, lesion_columns
    from core.analysis.errors import error_report
    from core.analysis.report import Analysed, report_html, worst_cases
    from core.analysis.scoring import asked_prompts, check_score, score_studies
    from core.analysis.slices import slice_report
    from core.analysis.threshold import parse_rule, thresholds_for
    from core.cli.common import open_studies
    from core.files import write_text_whole
    from core.inference.predictor import load_predictor
    from core.inference.prompts import load_prompts

    check_out(out)
    check_score(score)
    rule = parse_rule(threshold)
    texts = load_prompts(prompts) if prompts else None
    studies, other = open_studies(data), open_studies(fit) if fit else None
    predictor, progress = load_predictor(model), StderrProgress("Encoding")
    scored = score_studies(predictor, studies, texts, score, progress)
    fitted = score_studies(predictor, other, texts, score, progress) if other else scored
    thresholds = thresholds_for(rule, scored, fitted)
    name = finding or scored.worst_ranked()
    scored.column(name)  # said before the resamples
    resampling = StderrProgress("Resamples")
    columns = columns_of(studies.table, name)
    lesions = lesion_columns(studies.facts(), name)
    analysed = Analysed(
        model, score, asked_prompts(studies, texts), scored, thresholds,
        error_report(scored, thresholds, n_bootstrap, seed, resampling),
        slice_report(scored, name, columns, lesions, n_bootstrap=n_bootstrap, seed=seed,
                     progress=resampling) if columns or lesions else None,
    )  # fmt: skip
    noted = _noted() if notes else None
    shown = worst_cases(analysed, name, predictor, studies, cases, noted, StderrProgress("Films"))
    facts = [("Model", f"{model}, weights {predictor.model_hash[:16]}"),
             ("Made with", f"lrclr-explorer {version('lrclr-explorer')}, torch {version('torch')}"),
             ("Resamples", f"{n_bootstrap}, seed {seed}")]  # fmt: skip
    options = {"--model": model, "--data": scored.identity.name, "--score": score,
               "--threshold": threshold, "--finding": name, "--cases": str(cases),
               "--n-bootstrap": str(n_bootstrap), "--seed": str(seed),
               "--out": out.name}  # fmt: skip
    if other:
        options["--fit"] = fitted.identity.name
    words = [word for option, value in options.items() for word in (option, value)]
    command = shlex.join(["python", "-m", "core", "report", *words])
    write_text_whole(out, report_html(analysed, name, shown, facts, command))
    print(f"{out}: {len(scored.findings)} findings, {len(shown)} films of {name}")


def _noted() -> dict[str, list[str]]:
    """What was noted of films, by the hash of their pixels."""
    told = defaultdict(list)
    with opened_notebook() as notebook:
        for note in notebook.notes():
            told[note.film.key].append(note.said.sentence())
    return told
