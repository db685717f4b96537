"""`python -m core errors`: which films a score gets wrong, per finding and across findings."""

from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.common import Only, StderrProgress, check_out, only_of, write_json
from core.cli.evaluate import PROMPTS_HELP
from core.errors import ExplorerError

SCORE_HELP = "positive, pair, global, local, match or lrclr."
RULE_HELP = (
    "youden, sensitivity=0.9, specificity=0.9, prevalence, cost=5 (a miss costs 5 false alarms), "
    "or a score."
)
FIT_HELP = "Validation set that thresholds are fitted on; else --data, which is optimistic."


def errors_command(
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="Study set with labels.")] = "phantom:test",
    only: Only = None,
    score: Annotated[str, typer.Option(help=SCORE_HELP)] = "lrclr",
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    threshold: Annotated[str, typer.Option(help=RULE_HELP)] = "youden",
    fit: Annotated[str | None, typer.Option(help=FIT_HELP)] = None,
    against: Annotated[
        str | None, typer.Option(help="A second model: which films flip, what it gains.")
    ] = None,
    against_prompts: Annotated[
        Path | None, typer.Option(help="Prompts of the second side; by default those of the first.")
    ] = None,
    unlabelled: Annotated[
        bool,
        typer.Option(help="No labels: reports, global and local score, or models that disagree."),
    ] = False,
    n_bootstrap: Annotated[int, typer.Option(min=1, max=100_000, help="Resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the resamples.")] = 0,
    json: Annotated[
        Path | None, typer.Option(help="Write figures, curves and the wrong films here.")
    ] = None,
) -> None:
    """ROC, precision and a threshold's errors per finding, and errors that come together."""
    data = only_of(data, only)
    if unlabelled:
        check_out(json)
        told = disagreements(model, against, data, prompts, n_bootstrap, seed)
        if json:
            write_json(json, told)
        return
    from core.analysis.errors import error_report
    from core.analysis.flips import flip_report
    from core.analysis.scored import ScoredSet
    from core.analysis.scoring import check_score, score_studies
    from core.analysis.threshold import Threshold, parse_rule, thresholds_for
    from core.cli.common import open_studies
    from core.inference.predictor import load_predictor
    from core.inference.prompts import PromptSet, load_prompts

    check_out(json)
    check_score(score)
    rule = parse_rule(threshold)
    sides = [(model, load_prompts(prompts) if prompts else None)]
    if against or against_prompts:
        texts = load_prompts(against_prompts) if against_prompts else sides[0][1]
        sides.append((against or model, texts))
        if sides[0] == sides[1]:
            raise ExplorerError(
                "Both sides are the same model and prompts; name another model with --against or "
                "other prompts with --against-prompts."
            )
    studies, other = open_studies(data), open_studies(fit) if fit else None

    def scored_side(name: str, texts: PromptSet | None) -> tuple[ScoredSet, dict[str, Threshold]]:
        predictor, progress = load_predictor(name), StderrProgress("Encoding")
        scored = score_studies(predictor, studies, texts, score, progress)
        fitted = score_studies(predictor, other, texts, score, progress) if other else scored
        return scored, thresholds_for(rule, scored, fitted)

    (scored, thresholds), *second = [scored_side(*side) for side in sides]
    resampling = StderrProgress("Resamples")
    report = error_report(scored, thresholds, n_bootstrap, seed, resampling)
    told = {"model": model, "data": data, "score": score, **report.to_json()}
    print(f"{score} of {model} on {data}\n{report.table()}")
    for scored_too, thresholds_too in second:
        limits = thresholds, thresholds_too
        flipped = flip_report(scored, scored_too, limits, n_bootstrap, seed, resampling)
        print(f"\nFirst {model}, second {sides[1][0]}\n{flipped.table()}")
        told["against"] = {"model": sides[1][0], **flipped.to_json()}
    if json:
        write_json(json, told)


def disagreements(
    model: str, against: str | None, data: str, prompts: Path | None, n_bootstrap: int, seed: int
) -> dict[str, Any]:
    """Print what disagrees about films without labels; the same as JSON."""
    from core.analysis.scoring import sentence_features
    from core.analysis.unlabelled import disagreement, report_doubts
    from core.cli.common import open_studies
    from core.inference.predictor import load_predictor
    from core.inference.prompts import default_prompts, load_prompts

    texts = load_prompts(prompts) if prompts else default_prompts()
    studies = open_studies(data)
    predictor, ids, patients = load_predictor(model), studies.ids, studies.patients
    images = predictor.encode_set(studies, StderrProgress("Encoding")).image_features.cpu().numpy()
    told: dict[str, Any] = {"model": model, "data": data}
    print(f"{model} on {data}")
    if any(studies.reports):
        said = sentence_features(predictor, studies, StderrProgress("Sentences"))
        doubts = report_doubts(studies.reports, images, *said, patients, n_bootstrap, seed)
        print(doubts.table(ids))
        told["reports"] = doubts.to_json(ids)
    scores = predictor.score_set(studies, texts)
    sides = {f"global and local score of {model}": (scores["global"], scores["local"])}
    if against:
        other = load_predictor(against).score_set(studies, texts, StderrProgress("Encoding"))
        sides[f"{model} and {against}"] = (scores["lrclr"], other["lrclr"])
    told["disagreements"] = {}
    for title, (first, second) in sides.items():
        pairs = [
            disagreement(name, first[:, k].astype(float), second[:, k].astype(float), patients,
                         n_bootstrap, seed)
            for k, name in enumerate(texts)
        ]  # fmt: skip
        print(f"\n{title}: n, correlation of ranks, films furthest apart (ranks of 100)")
        print("\n".join(pair.line(ids) for pair in pairs))
        told["disagreements"][title] = [pair.to_json(ids) for pair in pairs]
    return told
