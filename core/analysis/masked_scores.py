"""Scores of films with parts of them masked, and with controls masked elsewhere; asks a model.

Each film that has R of the parts costs 1 + R (1 + D) passes, with D controls of each; one that has
none costs no pass.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.analysis.scored import SetIdentity, identity_of
from core.analysis.scoring import check_score
from core.analysis.shortcut_masks import REGIONS, elsewhere, filled, region_mask
from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.inference.prompts import PromptSet
from core.progress import Progress
from core.studies import StudySet

Array = NDArray[np.float64]

_BATCH = 32


@dataclass(frozen=True)
class MaskedScores:
    """n readable films scored whole, masked, and masked elsewhere; F findings.

    Attributes:
        truth: (n, F) of 1, 0 and NaN.
        whole: (n, F); NaN where a film has none of the parts.
        masked: by part (n, F); NaN where a film has no such part.
        controls: by part (n, D, F), of D masks of the same size and shape elsewhere.
        area: by part (n,), share of the film that is masked.
        unreadable: films without an image, and why.
    """

    identity: SetIdentity
    score: str
    findings: tuple[str, ...]
    patients: NDArray[np.int64]
    truth: Array
    whole: Array
    masked: Mapping[str, Array]
    controls: Mapping[str, Array]
    area: Mapping[str, Array]
    unreadable: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.whole)

    def only(self, finding: str) -> "MaskedScores":
        """Of one finding alone."""
        column = [self.findings.index(finding)]
        return replace(
            self, findings=(finding,), truth=self.truth[:, column], whole=self.whole[:, column],
            masked={part: one[..., column] for part, one in self.masked.items()},
            controls={part: one[..., column] for part, one in self.controls.items()},
        )  # fmt: skip


def check_regions(regions: Sequence[str]) -> None:
    """Refuse names that are no part of a film.

    Raises:
        ExplorerError: naming those that there are.
    """
    unknown = [name for name in regions if name not in REGIONS]
    if unknown or not regions:
        what = f"There is no part '{unknown[0]}' to mask" if unknown else "No part was named"
        raise ExplorerError(f"{what}; known: {', '.join(REGIONS)}.")


def score_masked(
    predictor: Predictor, studies: StudySet, prompts: PromptSet, regions: Sequence[str],
    draws: int = 4, seed: int = 0, score: str = "lrclr", progress: Progress | None = None,
) -> MaskedScores:  # fmt: skip
    """Score every film that has a part whole, with it masked, and with `draws` controls of each.

    Args:
        draws: D, masks of the same size and shape elsewhere, at least 1.
        seed: of the controls' places; with it the same film has the same ones.
        progress: called with (done, total) films.

    Raises:
        ExplorerError: no such part or score, or no film can be read.
    """
    check_regions(regions)
    check_score(score)
    kept, unreadable, areas, present = [], [], [], []
    scores = _Scorer(predictor, prompts, score)
    for row in range(len(studies)):
        try:
            image, truth = studies.loaded(row).pixels, studies.masks(row)
        except ExplorerError as error:
            unreadable.append(f"{studies.study_id(row)}: {error}")
            continue
        parts = {name: region_mask(name, image, truth) for name in regions}
        kept.append(row)
        present.append([mask is not None for mask in parts.values()])
        areas.append([np.nan if mask is None else float(mask.mean()) for mask in parts.values()])
        for picture in _pictures(image, parts, draws, (seed, row)):
            scores.add(predictor.model.backbone.preprocess(picture))
        if progress:
            progress(row + 1, len(studies))
    if not kept:
        raise ExplorerError(f"No image of '{studies.spec}' can be read. {unreadable[0]}")
    whole, masked, controls = _sorted_out(scores.values(), np.array(present), draws)
    names = list(regions)
    labels = studies.labels.reindex(columns=list(prompts))
    return MaskedScores(
        identity_of(studies), score, tuple(prompts), studies.patients[kept],
        labels.to_numpy(float)[kept], whole,
        {name: masked[:, k] for k, name in enumerate(names)},
        {name: controls[:, k] for k, name in enumerate(names)},
        {name: np.array(areas)[:, k] for k, name in enumerate(names)}, tuple(unreadable),
    )  # fmt: skip


def _pictures(
    image: NDArray[np.float32], parts: Mapping[str, NDArray[np.bool_] | None], draws: int,
    seed: tuple[int, int],
) -> Iterator[NDArray[np.float32]]:  # fmt: skip
    """The whole film, then of each part that it has: the part masked, and its controls.

    None where it has no part: such a film says nothing of a mask.
    """
    if any(mask is not None for mask in parts.values()):
        yield image
    for number, mask in enumerate(parts.values()):
        if mask is not None:
            rng = np.random.default_rng([*seed, number])
            yield filled(image, mask)
            for _ in range(draws):
                yield filled(image, elsewhere(mask, rng))


def masked_looks(
    studies: StudySet, regions: Sequence[str], part: str, seed: int = 0
) -> tuple[int, list[NDArray[np.float32]]] | None:
    """The first film that has a part: its row, and it whole, masked, and under the first control.

    The pictures are those that `score_masked` of the same set, regions and seed scored.

    Returns:
        None where no film has the part.
    """
    for row in range(len(studies)):
        try:
            image, truth = studies.loaded(row).pixels, studies.masks(row)
        except ExplorerError:
            continue
        if (mask := region_mask(part, image, truth)) is not None:
            parts = {name: mask if name == part else None for name in regions}
            return row, list(_pictures(image, parts, 1, (seed, row)))
    return None


def _sorted_out(
    scores: Array, present: NDArray[np.bool_], draws: int
) -> tuple[Array, Array, Array]:
    """Scores (sum, F) in the order of `_pictures` as (n, F), (n, R, F) and (n, R, D, F)."""
    films, regions = present.shape
    whole = np.full((films, scores.shape[1]), np.nan)
    masked = np.full((films, regions, scores.shape[1]), np.nan)
    controls = np.full((films, regions, draws, scores.shape[1]), np.nan)
    place = 0
    for film in np.flatnonzero(present.any(axis=1)):
        whole[film] = scores[place]
        place += 1
        for region in np.flatnonzero(present[film]):
            masked[film, region] = scores[place]
            controls[film, region] = scores[place + 1 : place + 1 + draws]
            place += 1 + draws
    return whole, masked, controls


class _Scorer:
    """Scores of pictures that come one by one, some at a time; in full precision, since the
    differences that are looked for are small."""

    def __init__(self, predictor: Predictor, prompts: PromptSet, score: str) -> None:
        self._predictor, self._prompts, self._score = predictor, prompts, score
        self._waiting: list[Tensor] = []
        self._parts: list[Array] = [np.empty((0, len(prompts)))]

    def add(self, pixels: Tensor) -> None:
        self._waiting.append(pixels)
        if len(self._waiting) == _BATCH:
            self._empty()

    def values(self) -> Array:
        """(count, F)."""
        if self._waiting:
            self._empty()
        return np.concatenate(self._parts)

    @torch.no_grad()
    def _empty(self) -> None:
        model = self._predictor.model
        images = model.encode_image(torch.stack(self._waiting).to(model.device))
        scored = self._predictor.score(images, self._prompts)[self._score]
        self._parts.append(scored.astype(np.float64))
        self._waiting = []
