"""`python -m core slices`: does a finding do worse in some films, by column or by cluster?"""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import Only, StderrProgress, check_out, only_of, write_json
from core.cli.errors import FIT_HELP, RULE_HELP, SCORE_HELP
from core.cli.evaluate import PROMPTS_HELP
from core.errors import ExplorerError


def slices_command(
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="Study set with labels.")] = "phantom:test",
    only: Only = None,
    table: Annotated[
        Path | None,
        typer.Option(help="A Parquet table of predictions in place of model and set: columns "
                     "score and label, and what to slice by; of any size."),
    ] = None,
    finding: Annotated[
        str | None, typer.Option(help="By default the one that is ranked worst.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="Columns, such as view,sex,age; by default all of few values."),
    ] = None,
    metric: Annotated[str, typer.Option(help="auc, error, sensitivity or specificity.")] = "auc",
    pairs: Annotated[bool, typer.Option(help="Also columns two at a time.")] = False,
    found: Annotated[int, typer.Option(min=0, max=100, help="Also so many clusters.")] = 0,
    min_cases: Annotated[int, typer.Option(min=2, help="Films that a slice needs.")] = 20,
    score: Annotated[str, typer.Option(help=SCORE_HELP)] = "lrclr",
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    threshold: Annotated[str, typer.Option(help=RULE_HELP)] = "youden",
    fit: Annotated[str | None, typer.Option(help=FIT_HELP)] = None,
    n_bootstrap: Annotated[int, typer.Option(min=1, max=100_000, help="Resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of resamples and clusters.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write all slices here.")] = None,
) -> None:
    """Each slice of the films: n, a figure, how it differs from the rest, p for all tried."""
    from core.analysis.columns import columns_of, lesion_columns
    from core.analysis.found_slices import found_slices
    from core.analysis.scoring import check_score, embedded, score_studies
    from core.analysis.slices import check_metric, slice_report
    from core.analysis.threshold import parse_rule, thresholds_for
    from core.cli.common import open_studies
    from core.inference.predictor import load_predictor
    from core.inference.prompts import load_prompts

    check_out(json)
    if table:
        _of_table(table, finding, by, metric, threshold, min_cases, (pairs, found), json)
        return
    data = only_of(data, only)
    check_score(score)
    check_metric(metric)
    rule = parse_rule(threshold)
    texts = load_prompts(prompts) if prompts else None
    studies, other = open_studies(data), open_studies(fit) if fit else None
    wanted = _names(by)
    columns_of(studies.table, finding or "", wanted)  # said before the images are encoded
    predictor, progress = load_predictor(model), StderrProgress("Encoding")
    scored = score_studies(predictor, studies, texts, score, progress)
    fitted = score_studies(predictor, other, texts, score, progress) if other else scored
    name = finding or scored.worst_ranked()
    limit = thresholds_for(rule, scored.only(name), fitted)[name]
    columns = columns_of(studies.table, name, wanted)
    lesions = lesion_columns(studies.facts(), name) if wanted is None else {}
    report = slice_report(
        scored, name, columns, lesions, metric, limit, min_cases, pairs, n_bootstrap, seed,
        StderrProgress("Resamples"),
    )  # fmt: skip
    print(f"{score} of {model} on {data}\n{report.table()}")
    told = {"model": model, "data": data, "score": score, **report.to_json()}
    if found:
        images, phrases = embedded(predictor, studies, texts)
        clusters = found_slices(
            scored, name, images, limit, {**columns, **lesions}, phrases, found, min_cases,
            n_bootstrap, seed, StderrProgress("Resamples"),
        )  # fmt: skip
        print(f"\n{clusters.table()}")
        told["found"] = clusters.to_json()
    if json:
        write_json(json, told)


def _names(by: str | None) -> list[str] | None:
    return [name.strip() for name in by.split(",") if name.strip()] if by else None


def _of_table(
    table: Path, finding: str | None, by: str | None, metric: str, threshold: str, min_cases: int,
    others: tuple[bool, int], json: Path | None,
) -> None:  # fmt: skip
    """Slices of a table of predictions."""
    from core.analysis.large_slices import table_slices
    from core.analysis.predictions import Predictions
    from core.analysis.threshold import parse_rule

    if any(others):
        raise ExplorerError("--table knows no films: leave --pairs and --found out.")
    predictions = Predictions(table, finding)
    report = table_slices(predictions, _names(by), metric, parse_rule(threshold), min_cases,
                          StderrProgress("Columns"))  # fmt: skip
    print(f"{table}\n{report.table()}")
    if json:
        write_json(json, {"table": str(table), **report.to_json()})
