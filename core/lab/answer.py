"""What a model makes of the lab's patient: one pass over the film, one reading of the texts."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from core.evaluation.study_scores import TEXT, text_prompts
from core.inference.predictor import Predictor
from core.inference.regions import on_grid, patch_box
from core.inference.zero_shot import combine, mix
from core.lab.bench import DrawnPatient
from core.lrclr.encodings import ImageEncoding
from core.preprocessing import Rectangle

_SHOWN = 6  # regions


@dataclass(frozen=True)
class LabAnswer:
    """A model's answer to a text on one film."""

    score: float  # of the text against its negation: `lrclr` of `core.inference.score_names`
    regions: tuple[tuple[Rectangle, float], ...]  # box in pixels of the film, weight; falling
    nowhere: float  # weight that lies on no region
    weights: NDArray[np.float32]  # (h, w) over the film; they sum to 1 less `nowhere`
    best: str = ""  # the sentence that fits best, of those that were given
    best_margin: float = 0.0  # of its score over that of the next


def ask(
    predictor: Predictor, drawn: DrawnPatient, text: str, sentences: tuple[str, ...] = ()
) -> LabAnswer:
    """Encode a film and read a text on it.

    Args:
        text: its score is against its plain negation.
        sentences: which of them fits the film best is told, by the same score without negation.

    Raises:
        ExplorerError: an empty or overlong text.
    """
    encoding = predictor.encode_image(drawn.image.astype(np.float32))
    return read(predictor, encoding, drawn.image.shape, text, sentences)


@torch.no_grad()
def read(
    predictor: Predictor, encoding: ImageEncoding, shape: tuple[int, ...], text: str,
    sentences: tuple[str, ...] = (),
) -> LabAnswer:  # fmt: skip
    """The answer of a film (a batch of 1) that is encoded already."""
    model, prompts = predictor.model, text_prompts(text)
    own = prompts.all_texts()
    texts = predictor.encode_texts([*own, *sentences])
    reading = model.read(encoding, texts)  # once, for scores, weights and sentences
    cosines = model.cosines(encoding, texts.text_features)
    scores = combine(cosines, reading.local, reading.match, texts, prompts, model.config)
    positive = len(prompts[TEXT].positive)
    part = replace(
        reading, local=reading.local[:, :positive], match=reading.match[:, :positive],
        index=reading.index[:, :positive], weights=reading.weights[:, :positive],
        nowhere=reading.nowhere[:, :positive],
    )  # fmt: skip
    grid = on_grid(part, model.config.gamma, encoding.grid)[0]
    order = np.argsort(-grid.reshape(-1), kind="stable")[:_SHOWN]
    size = (shape[0], shape[1])
    boxes = tuple(
        (patch_box(model.backbone.preprocess, encoding.grid, int(n), size),
         float(grid.reshape(-1)[n]))
        for n in order if grid.reshape(-1)[n] > 0
    )  # fmt: skip
    nowhere = max(1 - float(grid.sum()), 0.0)
    parts = {"global": cosines.mean(dim=0)[0], "local": reading.local[0], "match": reading.match[0]}
    fits = mix({name: value[len(own) :] for name, value in parts.items()}, model.config.mix,
               model.config.spread).tolist()  # fmt: skip
    best = max(range(len(sentences)), key=fits.__getitem__, default=-1)
    margin = (
        fits[best] - max((v for n, v in enumerate(fits) if n != best), default=fits[best])
        if sentences
        else 0.0
    )
    return LabAnswer(
        float(scores["lrclr"][0, 0]), boxes, nowhere, grid, sentences[best] if sentences else "",
        margin,
    )  # fmt: skip


def on_target(answer: LabAnswer, mask: NDArray[np.bool_]) -> float:
    """Share of all weight that lies in a mask (S, S); a patch counts by its share that does."""
    rows, columns = answer.weights.shape
    size = mask.shape[0] // rows * rows, mask.shape[1] // columns * columns
    cells = mask[: size[0], : size[1]].reshape(rows, size[0] // rows, columns, -1)
    return float((answer.weights * cells.mean(axis=(1, 3))).sum())
