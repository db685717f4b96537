"""`python -m core report`: the errors of a set as one HTML file that stands alone."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import Only, StderrProgress, check_out, only_of
from core.cli.errors import FIT_HELP, RULE_HELP, SCORE_HELP
from core.cli.evaluate import PROMPTS_HELP
from core.cli.notes import opened_notebook


def report_command(
    out: Annotated[Path, typer.Option(help="HTML file to write.")],
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="Study set with labels.")] = "phantom:test",
    only: Only = None,
    fit: Annotated[str | None, typer.Option(help=FIT_HELP)] = None,
    finding: Annotated[
        str | None, typer.Option(help="Of slices and films; by default the one ranked worst.")
    ] = None,
    cases: Annotated[int, typer.Option(min=0, max=100, help="Films, the worst first.")] = 12,
    score: Annotated[str, typer.Option(help=SCORE_HELP)] = "lrclr",
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    threshold: Annotated[str, typer.Option(help=RULE_HELP)] = "youden",
    metric: Annotated[
        str, typer.Option(help="Slices by auc, error, sensitivity or specificity.")
    ] = "auc",
    pairs: Annotated[bool, typer.Option(help="Slices also of columns two at a time.")] = False,
    slice: Annotated[
        str, typer.Option(help="Whose films the app shows when it opens the report, as in slices.")
    ] = "",
    by_hand: Annotated[
        float | None, typer.Option(help="Threshold of the finding alone, whatever the rule.")
    ] = None,
    notes: Annotated[
        bool, typer.Option("--notes", help="With what was noted of these films, without authors.")
    ] = False,
    table: Annotated[
        Path | None, typer.Option(help="Scores, labels and calls, too: .csv or .parquet.")
    ] = None,
    n_bootstrap: Annotated[int, typer.Option(min=1, max=100_000, help="Resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the resamples.")] = 0,
) -> None:
    """Figures with intervals, slices and the worst films with their regions, in one file."""
    from core.analysis.report import Asked, analyse, made_report
    from core.analysis.score_table import check_table, score_table, write_table
    from core.analysis.scoring import asked_prompts, check_score, score_studies
    from core.analysis.slices import check_metric
    from core.analysis.threshold import parse_rule
    from core.cli.common import open_studies
    from core.files import write_text_whole
    from core.inference.predictor import load_predictor
    from core.inference.prompts import load_prompts

    for file in filter(None, (out, table)):
        check_out(file)
    if table:
        check_table(table)
    data = only_of(data, only)
    check_score(score)
    check_metric(metric)
    parse_rule(threshold)
    texts = load_prompts(prompts) if prompts else None
    studies, other = open_studies(data), open_studies(fit) if fit else None
    predictor, encoding = load_predictor(model), StderrProgress("Encoding")
    scored = score_studies(predictor, studies, texts, score, encoding)
    fitted = score_studies(predictor, other, texts, score, encoding) if other else scored
    asked = Asked(finding or "", cases, score, threshold, by_hand, n_bootstrap, seed, metric,
                  pairs, slice)  # fmt: skip
    shown = asked_prompts(studies, texts)
    analysed = analyse(model, studies, shown, scored, fitted, asked, StderrProgress)
    noted = None
    if notes:
        with opened_notebook() as notebook:
            noted = notebook.by_film()
    page, films = made_report(
        analysed, predictor, studies, fitted, asked, noted, StderrProgress, out.name
    )
    write_text_whole(out, page)
    if table:
        write_table(score_table(scored, analysed.thresholds, studies), table)
    print(f"{out}: {len(scored.findings)} findings, {films} films of {analysed.finding}")
