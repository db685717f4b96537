"""What a probe works on: a model, a pool of films, and which of them are one student's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation.study_scores import text_prompts
from core.studies.phantom_set import PhantomSet

if TYPE_CHECKING:
    from core.inference.predictor import Predictor
    from core.lrclr.encodings import ImageEncoding

SHARE = 2 / 3
"""Of a pool that is one student's own: two have half of their films in common, about."""

ScoreText = Callable[[str, str], NDArray[np.float64]]
"""(text, score) to the scores (n,) of the pool's films, the text against its plain negation."""
MapText = Callable[[str, int, str], NDArray[np.float32]]
"""(map, row, text) to the map at the size of the film's masks, (H, W)."""


@dataclass(frozen=True)
class LessonBench:
    """A pool of films under one model; `score` and `saliency` may be cached ones.

    Attributes:
        seed: the student's own.
        encoded: the encodings of the pool.
    """

    predictor: "Predictor"
    studies: PhantomSet
    seed: int
    encoded: Callable[[], "ImageEncoding"]
    score: ScoreText
    saliency: MapText

    @property
    def rows(self) -> NDArray[np.int64]:
        """The student's own films, rising."""
        count = max(round(SHARE * len(self.studies)), 1)
        rng = np.random.default_rng([self.seed, 1])
        return np.sort(rng.choice(len(self.studies), count, replace=False))

    def truth(self, finding: str) -> NDArray[np.float64]:
        """Whether each own film has a finding, 1 or 0."""
        return self.studies.labels[finding].to_numpy(float)[self.rows]

    def having(self, finding: str, most: int) -> list[int]:
        """Own films with a finding that has a mask, at most so many."""
        rows = self.rows[self.truth(finding) == 1]
        rng = np.random.default_rng([self.seed, 2])
        with_mask = (int(r) for r in rng.permutation(rows) if finding in self.studies.masks(int(r)))
        return sorted(row for row, _ in zip(with_mask, range(most), strict=False))


def plain_bench(predictor: "Predictor", studies: PhantomSet, seed: int) -> LessonBench:
    """A bench that computes what it is asked for; the set is encoded once."""

    def score(text: str, name: str) -> NDArray[np.float64]:
        scores = predictor.score_set(studies, text_prompts(text))
        return np.asarray(scores[name][:, 0], float)

    def saliency(choice: str, row: int, text: str) -> NDArray[np.float32]:
        from core.attribution import attribution_maps

        maps = attribution_maps(choice, predictor, predictor.images(studies, row), [text], row)
        return predictor.model.backbone.preprocess.map_to_image(maps[0], studies.image(row).shape)

    encoded = cache(lambda: predictor.encode_set(studies))
    return LessonBench(predictor, studies, seed, encoded, score, saliency)


def personal(settings: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Settings of a question as one student has it: of several findings, one."""
    own = dict(settings)
    if own.get("finding"):
        number = int(np.random.default_rng([seed, 3]).integers(len(own["finding"])))
        own["finding"] = own["finding"][number]
    return own


def shuffled(options: tuple[Any, ...], seed: int) -> list[Any]:
    """Options in a student's own order."""
    order = np.random.default_rng([seed, 4]).permutation(len(options))
    return [options[place] for place in order]
