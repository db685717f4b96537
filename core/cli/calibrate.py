"""`python -m core calibrate`: probabilities from scores, and whether they hold."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import Only, StderrProgress, check_out, only_of, write_json
from core.cli.errors import SCORE_HELP
from core.cli.evaluate import PROMPTS_HELP
from core.errors import ExplorerError


def calibrate_command(
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="Study set with labels, to judge on.")] = "phantom:test",
    only: Only = None,
    fit: Annotated[
        str | None, typer.Option(help="Validation set to fit on; else --data, which is optimistic.")
    ] = None,
    method: Annotated[str, typer.Option(help="temperature, sigmoid or isotonic.")] = "sigmoid",
    score: Annotated[str, typer.Option(help=SCORE_HELP)] = "lrclr",
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    keep: Annotated[bool, typer.Option(help="Keep what --fit gave beside the model.")] = False,
    n_bootstrap: Annotated[int, typer.Option(min=1, max=100_000, help="Resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the resamples.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write curves and figures here.")] = None,
) -> None:
    """Fit probabilities on a validation set; Brier, calibration error, net benefit on another."""
    from core.analysis.calibration import (
        calibration_file,
        check_method,
        fit_calibrations,
        keep_calibrations,
    )
    from core.analysis.reliability import calibration_report
    from core.analysis.scoring import asked_prompts, check_score, score_studies
    from core.cli.common import open_studies
    from core.inference.predictor import load_predictor
    from core.inference.prompts import load_prompts

    check_out(json)
    data = only_of(data, only)
    check_score(score)
    check_method(method)
    if keep and not fit:
        raise ExplorerError(
            "What is fitted on the judged films is not kept; name a set with --fit."
        )
    texts = load_prompts(prompts) if prompts else None
    studies = open_studies(data)
    other = open_studies(fit) if fit else studies
    predictor, progress = load_predictor(model), StderrProgress("Encoding")
    fitted = score_studies(predictor, other, texts, score, progress)
    scored = score_studies(predictor, studies, texts, score, progress) if fit else fitted
    calibrations = fit_calibrations(fitted, method, min(n_bootstrap, 200), seed,
                                    StderrProgress("Fits"))  # fmt: skip
    report = calibration_report(scored, calibrations, n_bootstrap, seed, StderrProgress("Findings"))
    print(f"{score} of {model} on {data}\n{report.table()}")
    if keep:
        path = calibration_file(model, predictor.model_hash)
        asked = asked_prompts(other, texts)
        keep_calibrations(path, calibrations, predictor.model_hash, score, asked)
        print(f"Kept in {path}")
    if json:
        write_json(json, {"model": model, "data": data, "score": score, **report.to_json()})
