"""A batch as contrast sees it: every film with every sentence, and which pairs are true unasked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.evaluation.text_truth import stated_findings, text_truth
from core.lessons import fields
from core.lessons.bench import LessonBench
from core.lessons.checked import Checked, LessonProbe
from core.lessons.fields import Field
from core.lrclr.losses import contrastive_loss

_TEMPERATURES = np.geomspace(0.01, 2, 80)


@dataclass(frozen=True)
class FilmBatch:
    """B films and a sentence of each one's report.

    Attributes:
        rows: (B,) of the pool.
        texts: B sentences, the one of film i at i.
        cosine: (B, B), film i with sentence j.
        true: (B, B), whether sentence j is true of film i; the diagonal is.
    """

    rows: tuple[int, ...]
    texts: tuple[str, ...]
    cosine: NDArray[np.float32]
    true: NDArray[np.bool_]

    @property
    def unasked(self) -> list[tuple[int, int]]:
        """Pairs off the diagonal that are true: what the loss pushes apart all the same."""
        rows, columns = np.nonzero(self.true & ~np.eye(len(self.rows), dtype=bool))
        return list(zip(rows.tolist(), columns.tolist(), strict=True))

    def loss(self, temperature: float, forgiven: bool = False) -> float:
        """InfoNCE; `forgiven` counts every true pair as positive, not the diagonal alone."""
        positive = self.true if forgiven else np.eye(len(self.rows), dtype=bool)
        logits = torch.from_numpy(self.cosine / temperature)
        return float(contrastive_loss(logits, torch.from_numpy(positive)))

    def chances(self, temperature: float) -> NDArray[np.float64]:
        """(B, B), softmax over sentences: which sentence a film would choose."""
        logits = torch.from_numpy(self.cosine / temperature)
        return np.asarray(logits.softmax(dim=1).numpy(), float)


def film_batch(bench: LessonBench, size: int, number: int) -> FilmBatch:
    """Batch `number` of a student: own films, each with the first sentence that states a finding.

    Args:
        size: films, at most as many as are the student's own.
    """
    rng = np.random.default_rng([bench.seed, 5, number])
    order = rng.permutation(bench.rows)
    stating = [int(row) for row in order if _sentence(bench.studies.report(int(row)))]
    rows = sorted(stating[:size])
    texts = tuple(_sentence(bench.studies.report(row)) for row in rows)
    encoded = bench.encoded()
    text_features = bench.predictor.encode_texts(list(texts)).text_features
    films = encoded.rows(torch.tensor(rows))
    cosine = bench.predictor.model.cosines(films, text_features).mean(dim=0)
    true = np.stack([text_truth(bench.studies, text)[rows] == 1 for text in texts], axis=1)
    np.fill_diagonal(true, True)
    return FilmBatch(tuple(rows), texts, cosine.cpu().numpy(), true)


def _sentence(report: list[str]) -> str:
    return next((one for one in report if set(stated_findings(one)) - {"No Finding"}), "")


def _temperature(bench: LessonBench, asked: Mapping[str, Any], answer: float) -> Checked:
    batch = film_batch(bench, asked["size"], asked["number"])
    losses = {value: batch.loss(value) for value in _TEMPERATURES.tolist()}
    best = min(losses, key=lambda value: losses[value])
    loss = batch.loss(max(answer, 0.005))
    figures = {"loss": loss, "best": losses[best], "temperature": answer}
    passed = loss <= losses[best] + asked["within"]
    told = "temperature-right" if passed else "temperature-off"
    steps = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
    table = tuple((f"{value:.2f}", f"{batch.loss(value):.2f}") for value in steps)
    return Checked(passed, loss, told, figures, () if passed else table)


def _unasked(bench: LessonBench, asked: Mapping[str, Any], answer: float) -> Checked:
    batch = film_batch(bench, asked["size"], asked["number"])
    count, pairs = len(batch.unasked), len(batch.rows) * (len(batch.rows) - 1)
    figures = {"count": count, "pairs": pairs, "share": 100 * count / max(pairs, 1)}
    passed = abs(answer - count) <= asked["within"]
    table = tuple((f"{film + 1}", batch.texts[text]) for film, text in batch.unasked[:8])
    nearness = max(1 - abs(answer - count) / max(count, 1), 0.0)
    told = "unasked-right" if passed else "unasked-off"
    return Checked(passed, nearness, told, figures, table)


SIZE = Field("films in the batch", fields.count(4, 24), 10)
NUMBER = Field("which of the student's batches", fields.count(0, 99), 0)

PROBES: dict[str, LessonProbe] = {
    "temperature": LessonProbe(
        "Is the loss of a batch near its least at this temperature?", "number",
        {"size": SIZE, "number": NUMBER,
         "within": Field("how far above the least the loss may lie", fields.number(0, 5), 0.05)},
        _temperature, (0.01, 2.0, 0.01),
    ),
    "unasked": LessonProbe(
        "How many pairs off the diagonal of a batch are true.", "number",
        {"size": SIZE, "number": NUMBER,
         "within": Field("how far the number may be off", fields.count(0, 99), 2)},
        _unasked, (0, 400, 1),
    ),
}  # fmt: skip
"""Probes of a batch."""
