"""`python -m core lesions`: which lesions do maps find, by size, shape, number and confidence?"""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import Films, StderrProgress, check_out, write_json
from core.cli.errors import SCORE_HELP
from core.cli.evaluate import PROMPTS_HELP


def lesions_command(
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[
        str, typer.Option(help="Study set with masks or boxes.")
    ] = "phantom:test,n=200",
    methods: Annotated[
        str, typer.Option(help="Names, with commas between.")
    ] = "lrclr,gradcam,random",
    min_cases: Annotated[int, typer.Option(min=3, help="Of a finding told alone.")] = 20,
    score: Annotated[str, typer.Option(help=SCORE_HELP)] = "lrclr",
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    films: Films = None,
    n_bootstrap: Annotated[int, typer.Option(min=1, max=100_000, help="Resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of random maps and resamples.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """Hit rate and IoU of maps against area, elongation, irregularity, number and confidence."""
    from core.analysis.lesion_bands import lesion_bands
    from core.analysis.lesion_maps import lesion_cases
    from core.analysis.lesions import lesion_report
    from core.analysis.scoring import check_score
    from core.attribution import method_of
    from core.cli.common import open_studies
    from core.inference.predictor import load_predictor
    from core.inference.prompts import load_prompts
    from core.studies.selection import spread

    check_out(json)
    check_score(score)
    names = [name.strip() for name in methods.split(",") if name.strip()]
    for name in names:
        method_of(name)
    texts = load_prompts(prompts) if prompts else None
    cases = lesion_cases(
        load_predictor(model), spread(open_studies(data), films), names, texts, score, seed,
        StderrProgress("Films"), StderrProgress("Encoding"),
    )  # fmt: skip
    report = lesion_report(cases, min_cases, n_bootstrap, seed, StderrProgress("Findings"))
    print(f"{model} on {data}\n{report.table()}")
    if json:
        quarters = [band.to_json() for band in lesion_bands(cases, n_bootstrap, seed)]
        write_json(json, {"model": model, "data": data, "score": score, **report.to_json(),
                          "quarters": quarters})  # fmt: skip
