"""`python -m core score`: one study's scores, and its rank among the studies of a set."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.common import StderrProgress, check_out, write_json
from core.cli.evaluate import PROMPTS_HELP
from core.cli.known import ANYWAY_HELP, check_texts
from core.cli.one_film import check_one, one_film
from core.errors import ExplorerError

if TYPE_CHECKING:
    from core.inference.predictor import Predictor
    from core.inference.prompts import FindingPrompts
    from core.lrclr.encodings import ImageEncoding

_SHOWN = ("lrclr", "positive", "pair", "global", "local")


def score_command(
    study: Annotated[str | None, typer.Option(help="A study of the set: its id.")] = None,
    image: Annotated[Path | None, typer.Option(help="Or an image file: PNG, JPEG, DICOM.")] = None,
    text: Annotated[
        str | None, typer.Option(help="Score this text, in place of the findings' prompts.")
    ] = None,
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    ensemble: Annotated[
        str | None, typer.Option(help="Also each prompt of this finding: scores, share.")
    ] = None,
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="The set to rank in.")] = "phantom:test",
    anyway: Annotated[bool, typer.Option(help=ANYWAY_HELP)] = False,
    words: Annotated[
        bool, typer.Option(help="With --text: its score without each of its words.")
    ] = False,
    json: Annotated[Path | None, typer.Option(help="Write ranks and scores here.")] = None,
) -> None:
    """Zero-shot scores of one study for every finding, or for a text, with their rank in a set."""
    from core.analysis.probability import kept_probabilities
    from core.cli.common import open_studies
    from core.evaluation.study_scores import not_alike, study_scores, text_prompts
    from core.inference.predictor import load_predictor
    from core.inference.prompts import default_prompts, load_prompts
    from core.studies.phantom_set import PhantomSet

    check_out(json)
    check_one(study, image)
    if text is not None and prompts is not None:
        raise ExplorerError("Give one of --text and --prompts, or neither for the defaults.")
    if words and text is None:
        raise ExplorerError("--words leaves out words of a text; give it as --text.")
    asked = text_prompts(text) if text else load_prompts(prompts) if prompts else default_prompts()
    if ensemble is not None and ensemble not in asked:
        raise ExplorerError(f"There are no prompts of '{ensemble}'; choose {', '.join(asked)}.")
    studies = open_studies(data)
    predictor = load_predictor(model)
    check_texts(predictor, [text] if text else asked.all_texts(), refuse=bool(text) and not anyway)
    film = one_film(predictor, studies, study, image)
    own = {name: values[0] for name, values in predictor.score(film.encoding, asked).items()}
    others = predictor.score_set(studies, asked, StderrProgress("Encoding"))["lrclr"]
    lines = study_scores(asked, own, others, film.row, film.labels)
    print(f"{study or image} by {model}; rank: per cent of the other studies of {data} that score "
          "lower")  # fmt: skip
    drawn = image is None and isinstance(studies, PhantomSet)
    if caution := not_alike(drawn, studies):
        print(caution)
    print(f"{'':26} {'rank':>6} {'label':>7} " + " ".join(f"{name:>9}" for name in _SHOWN))
    for line in lines:
        labelled = {True: "yes", False: "no", None: "unknown"}[line.labelled]
        scores = " ".join(f"{line.scores[name]:9.3f}" for name in _SHOWN)
        print(f"{line.finding:26} {line.rank:6.1f} {labelled:>7} {scores}")
    figures: dict[str, Any] = {"findings": {line.finding: line.to_json() for line in lines}}
    if ensemble:
        figures["prompts"] = _ensemble(predictor, film.encoding, asked[ensemble])
    if words and text:
        figures["words"] = _words(predictor, film.encoding, text)
    print("None of these is a probability: compare within a column, not across findings.")
    kept = kept_probabilities(model, predictor.model_hash, asked, own["lrclr"], drawn)
    for name, probability in kept.items():
        figures["findings"][name]["probability"] = probability.to_json()
        print(f"{name:26} {probability.words()}: {probability.source()}")
    if json:
        write_json(json, figures)


def _words(predictor: "Predictor", image: "ImageEncoding", text: str) -> dict[str, Any]:
    """Print what the score has by each word, a line each; the same as JSON."""
    from core.inference.word_effects import word_effects
    from core.inference.word_gradients import word_gradients

    effects = word_effects(predictor, image, text)
    slopes = word_gradients(predictor, image, text)
    print(f"The score {effects.value:.3f} without each word, by the word, and its slope along it:")
    for one, steep in zip((*effects.words, *effects.added), (*slopes.words, *slopes.added),
                          strict=True):  # fmt: skip
        about = "put before it: " if one.start < 0 else ""
        if one.neutral:
            mark = " (control)"
        else:
            mark = "" if abs(one.change) > effects.chance else " (no more than a control)"
        print(f"{one.without:9.3f} {one.change:+9.3f} {steep.slope:+9.3f}  {about}{one.word}{mark}")
    return {**effects.to_json(), "gradients": slopes.to_json()}


def _ensemble(
    predictor: "Predictor", image: "ImageEncoding", prompts: "FindingPrompts"
) -> dict[str, Any]:
    """Print the prompts of a finding, a line each; the same as JSON."""
    from core.inference.prompt_shares import as_json, prompt_shares

    sides = {
        side: prompt_shares(predictor.model, image, predictor.encode_texts(list(texts)))
        for side, texts in (("positive", prompts.positive), ("negative", prompts.negative))
    }
    for side, lines in sides.items():
        print(f"{side:10} {'image':>6} {'regions':>7} {'share':>6}")
        for line in lines:
            print(f"{'':10} {line.global_score:6.3f} {line.local_score:7.3f} "
                  f"{100 * line.share:4.0f} %  {line.text}")  # fmt: skip
    return as_json(sides)
