"""The films of a report: the worst errors of a finding, each as one picture with its regions."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from core.analysis.scored import ScoredSet
from core.evaluation.gallery import FindingScores, gallery
from core.inference.overlay import overlay
from core.inference.predictor import Predictor
from core.progress import Progress
from core.studies import StudySet

_SIDE = 480  # pixels of a film's longer side


@dataclass(frozen=True)
class ShownFilm:
    """One film of a report."""

    picture: str  # data URI
    words: str
    alt: str
    notes: tuple[str, ...] = ()


def worst_films(
    scored: ScoredSet,
    finding: str,
    threshold: float,
    prompt: str,
    predictor: Predictor,
    studies: StudySet,
    count: int,
    notes: Mapping[str, Sequence[str]] | None = None,
    progress: Progress | None = None,
) -> list[ShownFilm]:
    """The films of a finding that are most wrong, with the regions of a prompt.

    Args:
        scored: the readable films of `studies`.
        notes: what was noted, by `StudySet.image_key`.
        progress: called with (done, total) films.
    """
    column = scored.column(finding)
    scores = FindingScores(finding, scored.scores[:, column], scored.truth[:, column])
    cards = gallery(scores, threshold).cards[:count]
    films = []
    for number, card in enumerate(cards, start=1):
        row = int(scored.rows[card.row])
        key, pixels = studies.image_key(row), studies.image(row)
        shape = (pixels.shape[0], pixels.shape[1])
        regions = predictor.regions(predictor.encode_row(studies, row), [prompt], shape)
        kind = "false alarm" if card.called else "missed"
        words = f"Film {number} ({key[:8]}), {kind}: score {card.score:.3f}. {regions.no_place}"
        picture = overlay(pixels, np.zeros(shape), prompt, regions.boxes)
        alt = f"Chest film with {len(regions.boxes)} boxes, {kind}."
        told = tuple((notes or {}).get(key, ()))
        films.append(ShownFilm(_data_uri(picture), words.strip(), alt, told))
        if progress:
            progress(number, len(cards))
    return films


def _data_uri(picture: Image.Image) -> str:
    picture.thumbnail((_SIDE, 2 * _SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
