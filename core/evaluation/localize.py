"""Do maps point at the finding? Methods and controls on the studies whose findings have a mask."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from core.attribution import METHODS, attribution_maps, choose, method_of
from core.errors import ExplorerError
from core.evaluation.abstention import abstention, weighing_methods
from core.evaluation.deletion import deletion
from core.evaluation.given_maps import GivenMaps
from core.evaluation.oracle import cells_of, oracle_values
from core.evaluation.prior import LocationPrior, location_prior, prior_map
from core.evaluation.report import LocalizationReport
from core.evaluation.rivals import best_rivals, unmeasured
from core.evaluation.tally import MIN_CASES, Tally, localization_report
from core.inference.images import Images
from core.inference.map_choice import Choice
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, PromptSet, prompts_for
from core.labels import PATHOLOGIES
from core.lrclr.encodings import ImageEncoding
from core.metrics.localisation import MEASURES, box_iou
from core.progress import Progress
from core.specs import open_studies
from core.studies import StudySet
from core.studies.study import Mask

MEAN_LOCATION = "mean-location"
ORACLE = "oracle"
TRUTH_CONTROLS = {
    MEAN_LOCATION: "Control: where the finding usually is in the training set.",
    ORACLE: "Ceiling: the best that cells of this model's grid can do.",
}
"""Maps made from truth, beside `core.attribution.METHODS`."""

PRIOR_SET = "phantom:train,n=400"
_BATCH = 32

Map = NDArray[np.float32]


def default_prior() -> LocationPrior:
    """Mean location over phantoms for training."""
    return location_prior(open_studies(PRIOR_SET))


def localize(
    predictor: Predictor,
    studies: StudySet,
    methods: Sequence[str],
    prompts: PromptSet | None = None,
    prior: Callable[[], LocationPrior] = default_prior,
    n_bootstrap: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
    min_cases: int = MIN_CASES,
    given: Sequence[GivenMaps] = (),
) -> LocalizationReport:
    """Measure methods against truth, each finding with its own positive prompts.

    The figures of a finding are means over its studies; the overall ones are means over the
    findings, so that each finding counts the same, and means over all cases. Both take only
    findings that every method is defined for. Intervals resample patients, with all their studies
    and findings.

    Args:
        methods: of METHODS and TRUTH_CONTROLS.
        prompts: by default those of `prompts_for` CheXpert's names; other masks (organs, say) are
            left out.
        prior: makes what `mean-location` knows, when it is needed.
        min_cases: of a finding in the mean over the findings, where any has so many.
        given: boxes or maps of models that are not here, measured beside the methods.

    Raises:
        ExplorerError: an unknown method, no study with a mask or box, or `given` says nothing of
            a study that has one.
    """
    unreadable: list[str] = []
    known: list[LocationPrior] = []

    def remembered() -> LocationPrior:
        known.append(prior())
        return known[0]

    encoded: dict[int, ImageEncoding] = {}
    weighing = weighing_methods(methods)
    tallies = measure_cases(
        predictor, studies, methods, prompts, remembered, seed, progress, unreadable=unreadable,
        encoded=encoded if weighing else None, given=given,
    )  # fmt: skip
    if not tallies:
        asked = f" of {', '.join(prompts)}" if prompts else ""
        raise ExplorerError(
            f"'{studies.spec}' has no mask or box{asked}: there is nothing to point at. Choose a "
            "set with truth, such as phantom:test."
        )
    names = [*methods, *(maps.name for maps in given)]
    report = localization_report(tallies, names, studies.patients, n_bootstrap, seed, min_cases)
    source = known[0].source if known else None
    maps = {name: str(choose(name, predictor)) for name in methods if name not in TRUTH_CONTROLS}
    return replace(
        report, unreadable=tuple(unreadable), prior=source, maps=maps,
        rivals=best_rivals({name: report.methods[name] for name in maps}),
        unmeasured=unmeasured(predictor, maps.values()),
        abstention=abstention(
            predictor, studies, tallies, weighing, encoded,
            lambda name: _prompts_of(prompts, name), n_bootstrap, seed,
        ),
    )  # fmt: skip


def measure_cases(
    predictor: Predictor,
    studies: StudySet,
    methods: Sequence[str],
    prompts: PromptSet | None = None,
    prior: Callable[[], LocationPrior] = default_prior,
    seed: int = 0,
    progress: Progress | None = None,
    costly: bool = False,
    unreadable: list[str] | None = None,
    encoded: dict[int, ImageEncoding] | None = None,
    given: Sequence[GivenMaps] = (),
) -> dict[str, Tally]:
    """Every measure of every case, by finding; arguments as `localize`, empty without truth.

    Args:
        costly: box IoU and deletion as well; deletion for the methods of METHODS.
        unreadable: gets a sentence for each study whose image cannot be read; it is left out.
        encoded: gets the encoding of each study that has truth, by row.
    """
    check_methods(methods)
    known = None if MEAN_LOCATION in methods else LocationPrior("", {}, {})
    tallies: dict[str, Tally] = {}
    for rows in row_chunks(len(studies)):
        chunk = TruthChunk(predictor, studies, rows, prompts)
        if unreadable is not None:
            unreadable += chunk.unreadable
        for finding in chunk.findings:
            known = known or prior()  # asked for only where there is something to measure
            tally = tallies.setdefault(finding, Tally())
            tally.rows += chunk.rows_of(finding)
            for method in methods:
                for values in chunk.measure(method, finding, known, seed, costly):
                    tally.add(method, values)
            for maps in given:
                for values in chunk.measure_given(maps, finding):
                    tally.add(maps.name, values)
        if encoded is not None and chunk.masks:
            encoded |= {row: chunk.images.encoding.rows(slice(place, place + 1))
                        for place, row in enumerate(chunk.masks)}  # fmt: skip
        if progress:
            progress(rows[-1] + 1, len(studies))
    return tallies


def row_chunks(count: int) -> list[list[int]]:
    """Rows of a set, some at a time."""
    parts = np.array_split(np.arange(count), max(count // _BATCH, 1))
    return [part.tolist() for part in parts if len(part)]


def default_methods() -> list[str]:
    """All methods but the slow ones, and the controls made from truth."""
    return [name for name, method in METHODS.items() if not method.slow] + [*TRUTH_CONTROLS]


def check_methods(methods: Sequence[str]) -> None:
    """Refuse names that are no method.

    Raises:
        ExplorerError: an unknown name or none at all, listing the known ones.
    """
    known = ", ".join([*METHODS, *TRUTH_CONTROLS])
    if not methods:
        raise ExplorerError(f"No method was named; known: {known}.")
    for name in methods:
        if name not in TRUTH_CONTROLS and Choice.parse(name).method not in METHODS:
            raise ExplorerError(f"There is no method '{name[:60]}'; known: {known}.")
        if name not in TRUTH_CONTROLS:
            method_of(name)


class TruthChunk:
    """Some rows of a set, each read once: truth, and pixels of those that have some."""

    def __init__(
        self, predictor: Predictor, studies: StudySet, rows: list[int], prompts: PromptSet | None
    ) -> None:
        self.predictor, self.prompts = predictor, prompts
        self._study_id = studies.study_id
        self.preprocess = predictor.model.backbone.preprocess
        self.masks: dict[int, dict[str, Mask]] = {}
        self.unreadable: list[str] = []
        pixels = []
        for row in rows:
            try:
                found = studies.masks(row)
                image = studies.image(row) if found else None
            except ExplorerError as error:
                self.unreadable.append(f"{studies.study_id(row)}: {error}")
                continue
            masks = {
                name: mask
                for name, mask in found.items()
                if mask.any() and name in (prompts or PATHOLOGIES)
            }
            if masks and image is not None:
                self.masks[row] = masks
                pixels.append(self.preprocess(image))
        self.images = Images(predictor.model, torch.stack(pixels) if pixels else torch.empty(0))
        self._maps: dict[str, Map] = {}  # of all rows, by methods that read no text

    @property
    def findings(self) -> list[str]:
        """Findings with a mask in these rows."""
        return sorted({name for masks in self.masks.values() for name in masks})

    def rows_of(self, finding: str) -> list[int]:
        """Rows with a mask of the finding."""
        return [row for row, masks in self.masks.items() if finding in masks]

    def measure(
        self, method: str, finding: str, prior: LocationPrior, seed: int, costly: bool = False
    ) -> Iterator[dict[str, float]]:
        """Every measure of every row of the finding; NaN where a prior does not know it."""
        rows = self.rows_of(finding)
        masks = [self.masks[row][finding] for row in rows]
        shapes = [(mask.shape[0], mask.shape[1]) for mask in masks]
        if method == ORACLE:
            grid = self.predictor.model.backbone.grid
            for mask, shape in zip(masks, shapes, strict=True):
                yield oracle_values(mask, cells_of(self.preprocess, grid, shape))
        elif method == MEAN_LOCATION:
            for mask, shape in zip(masks, shapes, strict=True):
                yield _measures(prior_map(prior, finding, shape), mask)
        else:
            places = [place for place, row in enumerate(self.masks) if row in rows]
            prompts = PromptSet({finding: self.prompts_of(finding)})
            here = seed + rows[0]
            found = self._attributed(method, places, prompts[finding], here)
            if costly:
                falls = deletion(self.predictor, self.images.inputs[places], found, prompts, here)
            for place, (saliency, mask) in enumerate(zip(found, masks, strict=True)):
                fitted = self.preprocess.map_to_image(saliency, shapes[place])
                values = _measures(fitted, mask)
                if costly:
                    values["box_iou"] = box_iou(fitted, mask)
                    values["deletion"] = float(falls[place])
                yield values

    def measure_given(self, maps: GivenMaps, finding: str) -> Iterator[dict[str, float]]:
        """Every measure of every row of the finding, by what another model found."""
        for row in self.rows_of(finding):
            mask = self.masks[row][finding]
            shape = (mask.shape[0], mask.shape[1])
            yield _measures(maps.of(self._study_id(row), finding, shape), mask)

    def prompts_of(self, finding: str) -> FindingPrompts:
        """Of a finding with a mask."""
        return _prompts_of(self.prompts, finding)

    def _attributed(
        self, method: str, places: list[int], prompts: FindingPrompts, seed: int
    ) -> Map:
        """Maps (B, h, w) of some of the images; what reads no text is computed once for all."""
        texts, negative = list(prompts.positive), prompts.negative
        if method_of(method).reads_text:
            # The seed moves with the rows, or every chunk's random maps would be the same.
            images = self.images.rows(places)
            return attribution_maps(method, self.predictor, images, texts, seed, negative)
        if method not in self._maps:
            self._maps[method] = attribution_maps(method, self.predictor, self.images, texts, seed)
        return self._maps[method][places]


def _prompts_of(prompts: PromptSet | None, finding: str) -> FindingPrompts:
    """Those given, else the default ones."""
    return (prompts or prompts_for([finding]))[finding]


def _measures(saliency: Map | None, mask: Mask) -> dict[str, float]:
    return {
        measure: float("nan") if saliency is None else compute(saliency, mask)
        for measure, compute in MEASURES.items()
    }
