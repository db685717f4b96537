"""A set's errors as one HTML file that stands alone: what was run, figures, slices, worst films.

The same input gives the same bytes: no time is in it. Neither is an identifier: films have numbers
and the beginning of the hash of their pixels, sets the last part of their path, notes no author.
What is burned into the pixels of a film is shown as it is.
"""

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from core import __version__
from core.analysis.columns import columns_of, lesion_columns
from core.analysis.errors import ErrorReport, error_report
from core.analysis.report_films import ShownFilm, worst_films
from core.analysis.report_view import ReportView
from core.analysis.scored import ScoredSet, without_folders
from core.analysis.slices import Slice, SliceReport, slice_report
from core.analysis.threshold import Rule, Threshold, parse_rule, thresholds_for
from core.inference.predictor import Predictor
from core.inference.prompts import PromptSet
from core.metrics.bootstrap import Interval
from core.paths import ASSETS
from core.progress import Progress
from core.records.note import Note
from core.studies import StudySet

TEMPLATE = ASSETS / "report" / "report.html.j2"
Labelled = Callable[[str], Progress | None]
"""Gives a part of the work, by its name, what it calls with its progress."""
_SLICES = 12
_FINDINGS = ("n", "with it", "AUC", "sensitivity", "specificity", "missed", "false alarms")
_SLICE = ("n", "with it", "value", "less the rest", "p, corrected")


@dataclass(frozen=True)
class Asked:
    """What a report shall have; the options of `python -m core report`."""

    finding: str = ""  # of slices and films; "" the one that is ranked worst
    cases: int = 12  # films, the worst first
    score: str = "lrclr"
    threshold: str = "youden"  # as `parse_rule` takes it
    by_hand: float | None = None  # of the finding alone, whatever the rule
    n_bootstrap: int = 1000
    seed: int = 0
    metric: str = "auc"  # of `core.analysis.slices.METRICS`, that slices are compared by
    pairs: bool = False  # slices also of columns two at a time
    slice: str = ""  # whose films the app shows when it opens the report; "" the worst one's


@dataclass(frozen=True)
class Analysed:
    """What a report tells of: a scored set, its errors and the slices of one finding."""

    model: str
    score: str
    prompts: PromptSet
    scored: ScoredSet
    thresholds: Mapping[str, Threshold]
    errors: ErrorReport
    slices: SliceReport | None
    finding: str  # of slices and films


def analyse(
    model: str,
    studies: StudySet,
    prompts: PromptSet,
    scored: ScoredSet,
    fitted: ScoredSet,
    asked: Asked,
    progress: Labelled,
) -> Analysed:
    """Errors of every finding and the slices of one.

    Args:
        model: as one opens it.
        prompts: that the scores are of.
        scored: the films of `studies`; fitted: those that thresholds come from, or the same.

    Raises:
        ExplorerError: no such finding, or the rule fits no threshold.
    """
    name = asked.finding or scored.worst_ranked()
    scored.column(name)  # said before the resamples
    thresholds = thresholds_for(parse_rule(asked.threshold), scored, fitted)
    if asked.by_hand is not None:
        thresholds[name] = Threshold(asked.by_hand, Rule("score", asked.by_hand), None)
    errors = error_report(scored, thresholds, asked.n_bootstrap, asked.seed, progress("Resamples"))
    columns = columns_of(studies.table, name)
    lesions = lesion_columns(studies.facts(), name)
    slices = None
    if columns or lesions:
        slices = slice_report(
            scored, name, columns, lesions, asked.metric, thresholds[name],
            pairs=asked.pairs, n_bootstrap=asked.n_bootstrap, seed=asked.seed,
            progress=progress("Slices"),
        )  # fmt: skip
    return Analysed(model, asked.score, prompts, scored, thresholds, errors, slices, name)


def made_report(
    analysed: Analysed,
    predictor: Predictor,
    studies: StudySet,
    fitted: ScoredSet,
    asked: Asked,
    notes: Mapping[str, Sequence[Note]] | None,
    progress: Labelled,
    out: str = "report.html",
) -> tuple[str, int]:
    """The whole file as text, and the number of its films.

    Args:
        notes: on films, by `StudySet.image_key`.
        out: name of the file in the command that makes it again.
    """
    name = analysed.finding
    films = worst_films(
        analysed.scored, name, analysed.thresholds[name].value, analysed.prompts[name].positive[0],
        predictor, studies, asked.cases, notes, progress("Films"),
    )  # fmt: skip
    shown, other = analysed.scored.identity, fitted.identity
    apart = fitted is not analysed.scored
    view = ReportView(
        model=without_folders(analysed.model),
        model_hash=predictor.model_hash,
        data=shown.name,
        fingerprint=shown.fingerprint,
        finding=analysed.finding,
        score=asked.score,
        threshold=asked.threshold,
        fit=other.name if apart else "",
        fit_fingerprint=other.fingerprint if apart else "",
        by_hand="" if asked.by_hand is None else repr(asked.by_hand),
        metric=asked.metric,
        slice=asked.slice,
        pairs="yes" if asked.pairs else "",
    )
    facts = [("Model", f"{view.model}, weights {predictor.model_hash[:16]}"),
             ("Made with", f"lrclr-explorer {__version__}, torch {version('torch')}"),
             ("Resamples", f"{asked.n_bootstrap}, seed {asked.seed}")]  # fmt: skip
    command = _command(view, asked, notes is not None, out)
    return report_html(analysed, films, facts, command, view), len(films)


def _command(view: ReportView, asked: Asked, noted: bool, out: str) -> str:
    options = {"--model": view.model, "--data": view.data, "--score": view.score,
               "--threshold": view.threshold, "--finding": view.finding,
               "--cases": str(asked.cases), "--n-bootstrap": str(asked.n_bootstrap),
               "--seed": str(asked.seed), "--out": out}  # fmt: skip
    options |= {"--metric": view.metric} if view.metric != "auc" else {}
    options |= {"--slice": view.slice} if view.slice else {}
    options |= {"--fit": view.fit} if view.fit else {}
    options |= {"--by-hand": view.by_hand} if view.by_hand else {}
    words = [word for option, value in options.items() for word in (option, value)]
    words += [flag for flag, is_set in (("--pairs", view.pairs), ("--notes", noted)) if is_set]
    return shlex.join(["python", "-m", "core", "report", *words])


def report_html(
    analysed: Analysed, films: Sequence[ShownFilm], facts: Iterable[tuple[str, str]],
    command: str, view: ReportView,
) -> str:  # fmt: skip
    """The whole file.

    Args:
        facts: what was run beyond the set, a name and a value each.
        command: makes the file again.
        view: is kept in the file, so that the app can open it.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    identity, slices = analysed.scored.identity, analysed.slices
    origins = {one.origin(identity) for one in analysed.thresholds.values()}
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    compared = [one for one in slices.slices if one.compared] if slices else []
    return template.render(
        plotly_js=Markup(get_plotlyjs()),  # the package's own file
        model=view.model,
        data=identity.name,
        facts=[*_set_facts(analysed), *facts],
        command=command,
        threshold_origin="; ".join(sorted(origins)),
        finding_heads=_FINDINGS,
        findings=_finding_rows(analysed.errors),
        roc=Markup(_roc(analysed.errors)),
        view=view.to_json(),
        finding=analysed.finding,
        prompt=analysed.prompts[analysed.finding].positive[0],
        slices=[_slice_row(one) for one in compared[:_SLICES]],
        slice_heads=_SLICE,
        slices_sentence=_slices_sentence(slices, len(compared)) if slices else "",
        films=films,
        noted=any(film.notes for film in films),
    )


def _set_facts(analysed: Analysed) -> list[tuple[str, str]]:
    scored = analysed.scored
    patients = len(np.unique(scored.patients))
    return [
        ("Films", f"{len(scored)} of {patients} patients"),
        ("Set", f"{scored.identity.name}, fingerprint {scored.identity.fingerprint}"),
        ("Score", analysed.score),
        ("Prompts", "; ".join(
            f"{name}: {' | '.join(one.positive)} against {' | '.join(one.negative)}"
            for name, one in analysed.prompts.items())),
        ("Left out", f"{len(scored.unreadable)} films that cannot be read"),
    ]  # fmt: skip


def _finding_rows(errors: ErrorReport) -> list[list[str]]:
    return [
        [name, str(one.n), str(one.positives), _figure(one.auc),
         _figure(one.confusion.rates["sensitivity"]), _figure(one.confusion.rates["specificity"]),
         str(one.confusion.false_negatives), str(one.confusion.false_positives)]
        for name, one in errors.findings.items()
    ]  # fmt: skip


def _slice_row(one: Slice) -> list[str]:
    assert one.compared is not None
    return [one.name, str(one.n), str(one.positives), _figure(one.compared.inside),
            _figure(one.compared.difference, "+"), f"{one.p_corrected:.2g}"]  # fmt: skip


def _slices_sentence(slices: SliceReport, compared: int) -> str:
    more = f"; the {_SLICES} that differ most surely are shown" if compared > _SLICES else ""
    return f"{slices.metric} by slice; p is corrected for all {slices.tried} tried{more}."


def _figure(figure: Interval, sign: str = "") -> str:
    low, high = figure.low, figure.high
    return f"{figure.value:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def _roc(errors: ErrorReport) -> str:
    """Curves of all findings, drawn by plotly in the reader's browser."""
    import plotly.graph_objects as go

    from core.analysis.ranked import GRID

    figure = go.Figure(layout=go.Layout(
        height=460, margin={"t": 30}, template="plotly_white",
        xaxis={"title": "false positive rate", "range": [0, 1]},
        yaxis={"title": "true positive rate", "range": [0, 1.01]},
    ))  # fmt: skip
    for name, one in errors.findings.items():
        figure.add_scatter(x=GRID, y=one.roc.y, name=f"{name} {one.auc.value:.3f}")
    return str(figure.to_html(full_html=False, include_plotlyjs=False, div_id="roc"))
