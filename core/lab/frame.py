"""One frame of the lab: the film, where its findings are, and what a model answers, as numbers.

Places are shares of the film, 0 to 1, x to the right and y down.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.inference.predictor import Predictor
from core.lab.answer import LabAnswer, ask, on_target
from core.lab.bench import Bench, DrawnPatient
from core.lab.told import plain_text, true_sentence, where_sentences
from core.phantom.findings.spaces import Mask
from core.phantom.patient import Patient, without_finding
from core.phantom.render import box_of

SIZE, FINE = 224, 512
"""Pixels a side: of the film that the model reads, and of the one to look at."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class LabFrame:
    """What is seen and said of a patient."""

    patient: Patient
    image: NDArray[np.uint8]  # (S, S)
    boxes: tuple[Box | None, ...]  # around each finding; None where nothing of it is on the film
    field_cm: float  # side of the film in the patient
    answer: LabAnswer
    regions: tuple[tuple[Box, float], ...]  # with their weights, heaviest first
    target: float | None  # share of the weight on the chosen finding
    sentence: str  # true of the chosen finding
    spoken: str  # the chosen finding in a few words
    without: float | None  # score of the same patient without the chosen finding
    seconds: tuple[float, float]  # drawing, model

    def to_json(self) -> dict[str, Any]:
        """All but the image."""
        return {
            "patient": str(self.patient), "size": self.image.shape[0], "boxes": self.boxes,
            "field": self.field_cm, "score": round(self.answer.score, 4),
            "regions": [[*(round(side, 5) for side in box), round(weight, 4)]
                        for box, weight in self.regions],
            "nowhere": round(self.answer.nowhere, 4), "target": self.target,
            "sentence": self.sentence, "spoken": self.spoken, "best": self.answer.best,
            "margin": round(self.answer.best_margin, 4), "without": self.without,
            "ms": [round(1000 * part, 1) for part in self.seconds],
        }  # fmt: skip


class Lab:
    """Frames of one patient after another for one model; threads may share it."""

    def __init__(self, predictor: Predictor | Callable[[], Predictor]) -> None:
        """With nobody drawn yet.

        Args:
            predictor: that answers, or what gives it for each frame.
        """
        self._predictor = predictor if callable(predictor) else lambda: predictor
        self._small, self._fine = Bench(SIZE), Bench(FINE, keeps_stages=False)

    @property
    def predictor(self) -> Predictor:
        """That answers, loaded anew where it had to make room for others."""
        return self._predictor()

    def frame(self, patient: Patient, text: str, chosen: int, fine: bool = False) -> LabFrame:
        """The patient's film with a model's answer to a text.

        Args:
            chosen: number of the finding that is looked at; any other is none.
            fine: draw the film for the eye at `FINE` too, and ask what the score would be
                without the chosen finding. The model reads it at `SIZE` in any case.

        Raises:
            ExplorerError: an empty or overlong text.
        """
        has_chosen = 0 <= chosen < len(patient.findings)
        started = time.perf_counter()
        drawn = self._small.draw(patient.case)
        shown = self._fine.draw(patient.case) if fine else drawn
        between = time.perf_counter()
        sentences = where_sentences(patient.findings[chosen]) if has_chosen else ()
        predictor = self.predictor
        answer = ask(predictor, drawn, text, sentences)
        seconds = (between - started, time.perf_counter() - between)
        without = None
        if fine and has_chosen:
            other = self._small.draw(without_finding(patient, chosen).case)
            without = round(ask(predictor, other, text).score, 4)
        target = on_target(answer, drawn.mask_of(chosen)) if has_chosen else None
        return LabFrame(
            patient, shown.image, tuple(_share(mask) for _, mask in drawn.masks),
            drawn.raster.field_cm, answer,
            tuple((_shares(box, drawn), weight) for box, weight in answer.regions),
            None if target is None else round(target, 4),
            true_sentence(patient, chosen) if has_chosen else "",
            plain_text(patient.findings[chosen]) if has_chosen else "", without, seconds,
        )  # fmt: skip


def _shares(box: tuple[float, float, float, float], drawn: DrawnPatient) -> Box:
    height, width = drawn.image.shape
    return box[0] / width, box[1] / height, box[2] / width, box[3] / height


def _share(mask: Mask) -> Box | None:
    boxes = box_of("", mask)
    if not boxes:
        return None
    height, width = mask.shape
    x, y, w, h = (float(boxes[0][side]) for side in ("x", "y", "w", "h"))
    return round(x / width, 5), round(y / height, 5), round(w / width, 5), round(h / height, 5)
