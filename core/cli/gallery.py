"""`python -m core gallery`: the studies of a set that the score calls wrong, the worst first."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import Only, StderrProgress, check_out, only_of, write_json
from core.cli.evaluate import PROMPTS_HELP
from core.errors import ExplorerError


def gallery_command(
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="Study set with labels.")] = "phantom:test",
    only: Only = None,
    finding: Annotated[
        str | None, typer.Option(help="By default the one that is ranked worst.")
    ] = None,
    kind: Annotated[
        str, typer.Option(help="wrong, false positive, false negative, right or all.")
    ] = "wrong",
    threshold: Annotated[
        float | None,
        typer.Option(help="Of the LRCLR score; by default as many are called as are labelled."),
    ] = None,
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    top: Annotated[int, typer.Option(min=1, help="How many to print; the JSON has all.")] = 20,
    json: Annotated[Path | None, typer.Option(help="Write counts and studies here.")] = None,
) -> None:
    """Studies called otherwise than labelled for one finding, with the counts at a threshold."""
    from core.cli.common import open_studies
    from core.evaluation.gallery import check_spread, gallery, labelled_findings, worst_ranked
    from core.inference.predictor import load_predictor
    from core.inference.prompts import default_prompts, load_prompts

    check_out(json)
    data = only_of(data, only)
    texts = load_prompts(prompts) if prompts else default_prompts()
    studies = open_studies(data)
    scores = load_predictor(model).score_set(studies, texts, StderrProgress("Encoding"))["lrclr"]
    findings = labelled_findings(studies, list(texts), scores)
    name = finding or worst_ranked(findings)
    if name not in findings:
        raise ExplorerError(
            f"'{data}' has no studies with and without '{name}'; choose {', '.join(findings)}."
        )
    check_spread(findings[name], studies.spec)
    chosen = gallery(findings[name], threshold, kind)
    ids = studies.ids
    print(f"{name} by {model} on {data}, AUC {findings[name].auc:.3f}, threshold "
          f"{chosen.threshold:.4f}\n{chosen.sentence}")  # fmt: skip
    print(f"{len(chosen.cards)} studies of the kind '{kind}', the worst error first:")
    for card in chosen.cards[:top]:
        called, labelled = ("yes" if yes else "no" for yes in (card.called, card.labelled))
        print(f"  {card.score:8.4f}  called {called:3} labelled {labelled:3}  {ids[card.row]}")
    if json:
        write_json(json, chosen.to_json(ids))
