"""A set's errors as one HTML file that stands alone: what was run, figures, slices, worst films.

The same input gives the same bytes: no time is in it. Neither is an identifier: films have numbers
and the beginning of the hash of their pixels, sets the last part of their path, notes no author.
What is burned into the pixels of a film is shown as it is.
"""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from core.analysis.errors import ErrorReport
from core.analysis.scored import ScoredSet
from core.analysis.slices import Slice, SliceReport
from core.analysis.threshold import Threshold
from core.evaluation.gallery import FindingScores, gallery
from core.inference.overlay import overlay
from core.inference.predictor import Predictor
from core.inference.prompts import PromptSet
from core.metrics.bootstrap import Interval
from core.paths import ASSETS
from core.progress import Progress
from core.studies import StudySet

TEMPLATE = ASSETS / "report" / "report.html.j2"
_SIDE = 480  # pixels of a film's longer side
_SLICES = 12
_FINDINGS = ("n", "with it", "AUC", "sensitivity", "specificity", "missed", "false alarms")
_SLICE = ("n", "with it", "value", "less the rest", "p, corrected")


@dataclass(frozen=True)
class ShownCase:
    """One film of the report."""

    picture: str  # data URI
    words: str
    alt: str
    notes: tuple[str, ...] = ()


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

    def finding(self, name: str) -> FindingScores:
        """Scores and labels of the readable films."""
        column = self.scored.column(name)
        return FindingScores(name, self.scored.scores[:, column], self.scored.truth[:, column])


def worst_cases(
    analysed: Analysed,
    finding: str,
    predictor: Predictor,
    studies: StudySet,
    count: int,
    notes: Mapping[str, Sequence[str]] | None = None,
    progress: Progress | None = None,
) -> list[ShownCase]:
    """The films of a finding that are most wrong, with the regions of its first prompt.

    Args:
        notes: what was noted, by `StudySet.image_key`.
        progress: called with (done, total) films.
    """
    prompt = analysed.prompts[finding].positive[0]
    cards = gallery(analysed.finding(finding), analysed.thresholds[finding].value).cards[:count]
    cases = []
    for number, card in enumerate(cards, start=1):
        row = int(analysed.scored.rows[card.row])
        key, pixels = studies.image_key(row), studies.image(row)
        shape = (pixels.shape[0], pixels.shape[1])
        regions = predictor.regions(predictor.encode_row(studies, row), [prompt], shape)
        kind = "false alarm" if card.called else "missed"
        words = f"Film {number} ({key[:8]}), {kind}: score {card.score:.3f}. {regions.no_place}"
        picture = overlay(pixels, np.zeros(shape), prompt, regions.boxes)
        alt = f"Chest film with {len(regions.boxes)} boxes, {kind}."
        told = tuple((notes or {}).get(key, ()))
        cases.append(ShownCase(_data_uri(picture), words.strip(), alt, told))
        if progress:
            progress(number, len(cards))
    return cases


def _data_uri(picture: Image.Image) -> str:
    picture.thumbnail((_SIDE, 2 * _SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def report_html(
    analysed: Analysed, finding: str, cases: Sequence[ShownCase], facts: Iterable[tuple[str, str]],
    command: str,
) -> str:  # fmt: skip
    """The whole file.

    Args:
        facts: what was run beyond the set, a name and a value each.
        command: makes the file again.
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
        model=analysed.model,
        data=identity.name,
        facts=[*_set_facts(analysed), *facts],
        command=command,
        threshold_origin="; ".join(sorted(origins)),
        finding_heads=_FINDINGS,
        findings=_finding_rows(analysed.errors),
        roc=Markup(_roc(analysed.errors)),
        finding=finding,
        prompt=analysed.prompts[finding].positive[0],
        slices=[_slice_row(one) for one in compared[:_SLICES]],
        slice_heads=_SLICE,
        slices_sentence=_slices_sentence(slices, len(compared)) if slices else "",
        cases=cases,
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
