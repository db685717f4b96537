"""Which map points best? Grad-CAM's variants at every layer, of every score; then other methods.

A rival that is taken at the wrong layer, or that explains another score than the map beside it, is
no rival. So the best is chosen here, on validation films, and kept with the model.

Cost: a film passes the frozen stem once, and for each finding on it the tower once forward and once
backward a score, however many layers and variants there are; the mix of scores takes no pass of its
own. `SearchCost` counts them. Occlusion, integrated gradients and their like pass each film tens of
times for each score; they are measured on the first films only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.attribution import METHODS
from core.attribution.cam import VARIANTS
from core.attribution.layer import LayerGradient, Tape, model_layers
from core.attribution.occlusion import remembered
from core.attribution.target import zero_shot_score
from core.errors import ExplorerError
from core.evaluation.localize import TruthChunk, row_chunks
from core.evaluation.tally import MIN_CASES, Cases, Tally
from core.inference.map_choice import FAMILY, Choice, Layer, MapSearch, explained_scores
from core.inference.predictor import Predictor
from core.inference.prompts import PromptSet
from core.inference.regions import weight_map
from core.inference.zero_shot import mix
from core.lrclr.config import LRCLRConfig
from core.metrics.bootstrap import average
from core.metrics.localisation import pointing_game
from core.progress import Progress
from core.studies import StudySet

MIX = "lrclr"
OURS_MAP = Choice("lrclr")
"""Region weights, which the family is held against."""
_AT_ONCE = 16  # cases whose graph is kept
_MEASURE = "pointing_game"


@dataclass(frozen=True)
class SearchCost:
    """Passes of one film through the image tower; a backward pass costs about as much as one."""

    forward: int = 0
    backward: int = 0

    def __add__(self, other: "SearchCost") -> "SearchCost":
        return SearchCost(self.forward + other.forward, self.backward + other.backward)


@dataclass(frozen=True)
class _Case:
    """A film of a chunk and a finding on it."""

    place: int  # among the films of the chunk
    finding: str


def search_family(
    predictor: Predictor, studies: StudySet, prompts: PromptSet | None = None,
    n_bootstrap: int = 1000, seed: int = 0, progress: Progress | None = None,
    min_cases: int = MIN_CASES,
) -> tuple[MapSearch, SearchCost]:  # fmt: skip
    """Pointing game of every variant, layer and score on a set with truth, and what it cost.

    That of LRCLR's own region weights stands beside them.

    A choice whose score does not read its layer is left out.

    Raises:
        ExplorerError: the set has no mask or box.
    """
    scores = explained_scores(predictor.model.config)
    tallies: dict[str, Tally] = {}
    cost = SearchCost()
    for rows in row_chunks(len(studies)):
        chunk = TruthChunk(predictor, studies, rows, prompts)
        cases = [
            _Case(place, finding)
            for place, masks in enumerate(chunk.masks.values())
            for finding in sorted(masks)
        ]
        for start in range(0, len(cases), _AT_ONCE):
            cost += _measure_cases(chunk, cases[start : start + _AT_ONCE], scores, tallies)
        cost += SearchCost(len(chunk.masks))  # once more for the regions' own weights
        if progress:
            progress(rows[-1] + 1, len(studies))
    return _search_of(tallies, studies, n_bootstrap, seed, min_cases), cost


def search_others(
    predictor: Predictor, studies: StudySet, most: int, prompts: PromptSet | None = None,
    n_bootstrap: int = 1000, seed: int = 0, progress: Progress | None = None,
    min_cases: int = MIN_CASES,
) -> MapSearch:  # fmt: skip
    """The same for the methods beside the Grad-CAM family, on the first films with truth.

    Args:
        most: films.
    """
    choices = other_choices(predictor)
    tallies: dict[str, Tally] = {}
    left = most
    for rows in row_chunks(len(studies)):
        chunk = TruthChunk(predictor, studies, rows, prompts)
        for place in range(len(chunk.masks))[:left]:
            _measure_others(chunk, place, choices, tallies, seed)
            left -= 1
            if progress:
                progress(most - left, most)
        if not left:
            break
    return _search_of(tallies, studies, n_bootstrap, seed, min_cases)


def other_choices(predictor: Predictor) -> list[Choice]:
    """Every method that is neither LRCLR's, nor a control, nor of the family, of every score."""
    scores = explained_scores(predictor.model.config)
    return [
        Choice(name, score)
        for name, method in METHODS.items()
        if method.kind == "other"
        for score in (scores if method.explains else ("",))
    ]


def joined(family: MapSearch, others: MapSearch | None) -> MapSearch:
    """Both as one; cases and patients are the family's."""
    if others is None:
        return family
    return replace(family, pointing={**family.pointing, **others.pointing})


def _measure_cases(
    chunk: TruthChunk, cases: list[_Case], scores: Sequence[str], tallies: dict[str, Tally]
) -> SearchCost:
    """Tally every choice for these cases; what they cost."""
    model = chunk.predictor.model
    parts = [score for score in scores if score != MIX]
    tape = Tape(model, chunk.images.inputs[[case.place for case in cases]], model_layers(model))
    with torch.enable_grad():
        totals = _totals(chunk, tape, cases, parts)
    by_score = {}
    for score in parts:
        by_score[score] = tape.gradients(totals[score], again=score != parts[-1])
    for case in cases:
        row = list(chunk.masks)[case.place]
        tallies.setdefault(case.finding, Tally()).rows.append(row)
    _tally_ours(chunk, cases, tallies)
    for layer in model_layers(model):
        reads = {score: by_score[score][layer] for score in parts}
        if MIX in scores:
            reads[MIX] = _mixed(reads, model.config)
        for score, read in reads.items():
            _tally_layer(chunk, cases, read, (layer, score), tallies)
    return SearchCost(len(cases), len(cases) * len(parts))


def _tally_ours(chunk: TruthChunk, cases: list[_Case], tallies: dict[str, Tally]) -> None:
    """Point with region weights, which the family is held against."""
    for case in cases:
        target = zero_shot_score(MIX, chunk.prompts_of(case.finding), chunk.predictor.encode_texts)
        images = chunk.images.encoding.rows(slice(case.place, case.place + 1))
        (value,) = _points(chunk, case, weight_map(chunk.predictor.model, images, target.texts))
        tallies[case.finding].values.setdefault((str(OURS_MAP), _MEASURE), []).append(value)


def _mixed(parts: Mapping[str, LayerGradient], config: LRCLRConfig) -> LayerGradient:
    """The mix is a weighted sum of its parts, and so is its gradient: no pass of its own."""
    first = next(iter(parts.values()))
    slopes = {name: read.gradients for name, read in parts.items()}
    slopes |= {"match": torch.zeros_like(first.gradients)} if "match" not in slopes else {}
    return LayerGradient(first.activations, mix(slopes, config.mix, config.spread))


def _totals(
    chunk: TruthChunk, tape: Tape, cases: list[_Case], scores: Sequence[str]
) -> dict[str, Tensor]:
    """Each score, summed over the cases: the gradient by a case's film is that of its finding."""
    device = chunk.predictor.model.device
    totals = {score: torch.zeros((), device=device) for score in scores}
    for finding in sorted({case.finding for case in cases}):
        own = [number for number, case in enumerate(cases) if case.finding == finding]
        images = tape.images.rows(torch.tensor(own, device=device))
        target = zero_shot_score(MIX, chunk.prompts_of(finding), chunk.predictor.encode_texts)
        every = target.every(chunk.predictor.model, images)
        for score in scores:
            totals[score] = totals[score] + every[score].sum()
    return totals


def _tally_layer(
    chunk: TruthChunk, cases: list[_Case], read: LayerGradient, of: tuple[Layer, str],
    tallies: dict[str, Tally],
) -> None:  # fmt: skip
    """Point with each variant; NaN where the score does not read the layer."""
    layer, score = of
    reads = read.gradients.abs().flatten(1).sum(dim=1).cpu().numpy() > 0
    maps = {name: entry.maps(*read).cpu().numpy() for name, entry in VARIANTS.items()}
    for number, case in enumerate(cases):
        stacked = np.stack([maps[name][number] for name in VARIANTS])
        values = _points(chunk, case, stacked) if reads[number] else [float("nan")] * len(VARIANTS)
        for name, value in zip(VARIANTS, values, strict=True):
            key = (str(Choice(FAMILY, score, name, layer)), _MEASURE)
            tallies[case.finding].values.setdefault(key, []).append(value)


def _points(chunk: TruthChunk, case: _Case, maps: NDArray[np.float32]) -> list[float]:
    """Pointing game of maps (M, h, w) of one film."""
    mask = list(chunk.masks.values())[case.place][case.finding]
    fitted = chunk.preprocess.map_to_image(maps, (mask.shape[0], mask.shape[1]))
    return [pointing_game(one, mask) for one in fitted]


def _measure_others(
    chunk: TruthChunk, place: int, choices: Sequence[Choice], tallies: dict[str, Tally], seed: int
) -> None:
    row = list(chunk.masks)[place]
    model, images = chunk.predictor.model, chunk.images.rows([place])
    encode = remembered(model)
    for finding in sorted(chunk.masks[row]):
        tally, prompts = tallies.setdefault(finding, Tally()), chunk.prompts_of(finding)
        tally.rows.append(row)
        for choice in choices:
            method = METHODS[choice.method]
            more = {"encode": encode} if choice.method == "occlusion" else {}
            target = zero_shot_score(choice.score, prompts, chunk.predictor.encode_texts)
            try:
                maps = method.maps(model, images.read(method.reads), target, seed + row, **more)
                (value,) = _points(chunk, _Case(place, finding), maps)
            except ExplorerError:  # this score does not read what the method explains it by
                value = float("nan")
            tally.values.setdefault((str(choice), _MEASURE), []).append(value)


def _search_of(
    tallies: dict[str, Tally], studies: StudySet, n_bootstrap: int, seed: int, min_cases: int
) -> MapSearch:
    """Means over the findings with enough cases."""
    if not tallies:
        raise ExplorerError(
            f"'{studies.spec}' has no mask or box: there is nothing to point at. Choose a "
            "validation set with truth, such as phantom:val."
        )
    cases = Cases(tallies, studies.patients, n_bootstrap, seed)
    least = cases.least(min_cases)
    counted = [name for name, tally in tallies.items() if len(tally.rows) >= least]
    pointing = {}
    for spec in dict.fromkeys(key[0] for tally in tallies.values() for key in tally.values):
        told = [cases.finding(name, spec, _MEASURE) for name in counted]
        figure = average([sampled for sampled in told if not np.isnan(sampled.value)]).interval()
        if not np.isnan(figure.value):
            pointing[Choice.parse(spec)] = figure
    count = sum(len(tally.rows) for tally in tallies.values())
    return MapSearch(studies.spec, count, cases.patients, pointing)
