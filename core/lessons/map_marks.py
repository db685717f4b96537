"""A map's marks: its peaks, with the film's score as confidence, as a reader would mark them.

A score says how sure the model is of the film, a map where. So a film's highest peak has the film's
score, and another one the score plus the logarithm of its share of the highest peak. What is shown
of the model is what its figure is computed from.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from core.attribution import attribution_maps, choose, method_of
from core.attribution.cam import VARIANTS
from core.inference.map_choice import Choice
from core.inference.predictor import Predictor
from core.inference.prompts import prompts_for
from core.metrics.froc import FilmMark
from core.progress import Progress
from core.studies.study import StudySet

LEAST = 0.5
"""Share of the highest peak that another one must reach to be a mark."""
APART = 0.12
"""Of the film's longer side: how far apart two marks of a map are at least."""
MOST = 3
METHODS = ("lrclr", "gradcam")
"""What a class is held against: the model's regions, and the best Grad-CAM that was stored."""
_SCORE = "lrclr"


def map_peaks(saliency: NDArray[np.floating]) -> list[tuple[int, int, float]]:
    """Row, column and share of the highest peak of a map's peaks (H, W), the highest first.

    A map that is the same everywhere has none.

    >>> heat = np.zeros((9, 9))
    >>> heat[1, 2], heat[7, 6] = 4, 3
    >>> map_peaks(heat)
    [(1, 2, 1.0), (7, 6, 0.75)]
    """
    above = saliency.astype(np.float64) - float(saliency.min())
    top = float(above.max())
    if top <= 0:
        return []
    reach = max(int(APART * max(saliency.shape)), 1)
    peak = (above == maximum_filter(above, size=2 * reach + 1)) & (above >= LEAST * top)
    rows, columns = np.nonzero(peak)
    order = np.argsort(-above[rows, columns], kind="stable")
    chosen: list[tuple[int, int, float]] = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        # A plateau has many highest places, which are one peak.
        if len(chosen) < MOST and all(
            max(abs(row - y), abs(column - x)) > reach for y, x, _ in chosen
        ):
            chosen.append((row, column, float(above[row, column] / top)))
    return chosen


def map_title(name: str) -> str:
    """What a map is called; of Grad-CAM which.

    >>> map_title("gradcam:hirescam:local:local")
    'Grad-CAM (HiResCAM)'
    """
    choice = Choice.parse(name)
    variant = f" ({VARIANTS[choice.variant].title})" if choice.variant else ""
    return f"{method_of(name).title}{variant}"


def map_marks(saliency: NDArray[np.floating], score: float) -> tuple[FilmMark, ...]:
    """The marks of a map (H, W) of a film with this score."""
    rows, columns = saliency.shape
    return tuple(
        FilmMark((column + 0.5) / columns, (row + 0.5) / rows, score + float(np.log(share)))
        for row, column, share in map_peaks(saliency)
    )


def model_marks(
    predictor: Predictor, studies: StudySet, rows: Sequence[int], finding: str,
    methods: Sequence[str], progress: Progress | None = None,
) -> dict[str, list[tuple[FilmMark, ...]]]:  # fmt: skip
    """What maps mark on films: by method, whole as `core.attribution.choose` says it, film by film.

    Args:
        rows: of the set.
        methods: such as "lrclr", and "gradcam" for the best of the family that was stored.

    Raises:
        ExplorerError: an unknown method, or a film that cannot be read.
    """
    prompts = prompts_for([finding])
    text, names = prompts[finding].positive[0], [str(choose(name, predictor)) for name in methods]
    marked: dict[str, list[tuple[FilmMark, ...]]] = {name: [] for name in names}
    to_image = predictor.model.backbone.preprocess.map_to_image
    for number, row in enumerate(rows):
        images = predictor.images(studies, row)
        score = float(predictor.score(images.encoding, prompts)[_SCORE][0, 0])
        shape = studies.image(row).shape
        for name in names:
            heat = attribution_maps(name, predictor, images, [text], row)[0]
            marked[name].append(map_marks(to_image(heat, (shape[0], shape[1])), score))
        if progress:
            progress(number + 1, len(rows))
    return marked
