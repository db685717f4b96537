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
from core.records.note import Note
from core.studies import StudySet

_KINDS = {(True, False): "false alarm", (False, True): "missed", (True, True): "found",
          (False, False): "rightly not called"}  # fmt: skip
_NOTED = 100  # films with notes beside the worst
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
    notes: Mapping[str, Sequence[Note]] | None = None,
    progress: Progress | None = None,
) -> list[ShownFilm]:
    """The films of a finding that are most wrong, then others with notes; with a prompt's regions.

    Args:
        scored: the readable films of `studies`.
        notes: by `StudySet.image_key`. Those of the finding, or of a film as a whole, bring in
            films beside the worst, where they name a study of this set.
        progress: called with (done, total) films.
    """
    column = scored.column(finding)
    scores = FindingScores(finding, scored.scores[:, column], scored.truth[:, column])
    cards = list(gallery(scores, threshold).cards[:count])
    told_of, worst = noted_rows(studies, finding, notes or {}), {card.row for card in cards}
    others = [card for card in gallery(scores, threshold, "all").cards
              if int(scored.rows[card.row]) in told_of and card.row not in worst]  # fmt: skip
    cards += others[:_NOTED]
    films = []
    for number, card in enumerate(cards, start=1):
        row = int(scored.rows[card.row])
        key, pixels = studies.image_key(row), studies.image(row)
        shape = (pixels.shape[0], pixels.shape[1])
        regions = predictor.regions(predictor.encode_row(studies, row), [prompt], shape)
        kind = _KINDS[card.called, card.labelled]
        words = f"Film {number} ({key[:8]}), {kind}: score {card.score:.3f}. {regions.no_place}"
        said = (notes or {}).get(key, ())
        drawn = [one.bounds for note in said for one in note.said.shapes]
        picture = overlay(pixels, np.zeros(shape), prompt, regions.boxes, drawn=drawn)
        alt = f"Chest film with {len(regions.boxes)} boxes and {len(drawn)} drawn, {kind}."
        told = tuple(note.said.sentence() for note in said)
        films.append(ShownFilm(_data_uri(picture), words.strip(), alt, told))
        if progress:
            progress(number, len(cards))
    return films


def noted_rows(
    studies: StudySet, finding: str, notes: Mapping[str, Sequence[Note]]
) -> set[int]:  # fmt: skip
    """Rows of films with notes on a finding, or on the whole film; only these films are read."""
    named = {(one.film.study, key) for key, some in notes.items() for one in some
             if one.said.finding in ("", finding)}  # fmt: skip
    row_of = {name: row for row, name in enumerate(studies.ids)} if named else {}
    return {
        row_of[study] for study, key in named
        if study in row_of and studies.image_key(row_of[study]) == key
    }  # fmt: skip


def _data_uri(picture: Image.Image) -> str:
    picture.thumbnail((_SIDE, 2 * _SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
