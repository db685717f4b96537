"""Saying no box: of how many absent findings does the map stay empty, where true hits keep theirs?

A map is empty where what its regions come to (`core.inference.place.evidence`) lies under a
threshold: the one that keeps 90 % of the true hits, findings that are there and pointed at. What is
measured is the share of absent findings under it, and of sentences that truly deny one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.attribution.region_weights import DRAWS, random_reader, read_best
from core.evaluation.abstained import Abstention
from core.evaluation.tally import Tally
from core.inference.place import KEPT, evidence
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.model import LRCLR
from core.metrics.bootstrap import Draws, Sampled, resamples
from core.studies import StudySet

Evidence = Callable[[LRCLR, ImageEncoding, TextEncoding], Tensor]

_IMAGES = 32  # read at once
_OTHERS = 1000  # films without truth
_AT_ONCE = 2**22  # weights of resampled cases that are summed at once


def _untrained(model: LRCLR, images: ImageEncoding, texts: TextEncoding) -> Tensor:
    readings = [model.read(images, texts, random_reader(model, draw)) for draw in range(DRAWS)]
    return torch.stack([evidence(reading) for reading in readings]).mean(dim=0)


WEIGHING: dict[str, Evidence] = {
    "lrclr": lambda model, images, texts: evidence(model.read(images, texts)),
    "similarity": lambda model, images, texts: model.similarity(images, texts).amax(dim=(1, 2)),
    "cosine-topk": lambda model, images, texts: evidence(read_best(model, images, texts)),
    "fusion-untrained": _untrained,
}
"""Methods that weigh regions, and what their maps come to for texts of one side, (B,)."""


@dataclass(frozen=True)
class _Pairs:
    """Evidence of pairs of film and finding, and the films' rows."""

    values: NDArray[np.float64]
    rows: NDArray[np.int64]


def abstention(
    predictor: Predictor,
    studies: StudySet,
    tallies: Mapping[str, Tally],
    methods: Sequence[str],
    encoded: Mapping[int, ImageEncoding],
    prompts_of: Callable[[str], FindingPrompts],
    n_bootstrap: int,
    seed: int,
) -> dict[str, Abstention]:
    """By method, for those that hit at all; nothing where no finding is ever absent.

    Args:
        tallies: of `measure_cases`: which findings were pointed at, on which films.
        methods: of WEIGHING.
        encoded: films that have truth, by row. Of the others, which point at nothing, some are
            drawn by the seed: a large set is not encoded for this.
    """
    labels = studies.labels
    findings = [name for name in tallies if name in labels and (labels[name] == 0).any()]
    methods = [method for method in methods
               if any(any(tallies[name].values[method, "pointing_game"])
                      for name in findings)]  # fmt: skip
    if not methods:
        return {}
    others = _others(studies, findings, encoded, seed)
    films = np.array([*encoded, *others])
    images = ImageEncoding.cat(list(encoded.values()))
    if len(others):
        more = predictor.encode_set(studies.subset(others.tolist()))
        images = ImageEncoding.cat([images, more])
    place = {int(row): at for at, row in enumerate(films)}
    labels = labels.iloc[films]
    weights = resamples(len(films), n_bootstrap, seed, studies.patients[films])
    table = {}
    for method in methods:
        present, absent, denied = {}, {}, {}
        for name in findings:
            positive, negative = (
                _evidence(predictor, method, images, list(side))
                for side in (prompts_of(name).positive, prompts_of(name).negative)
            )
            tally = tallies[name]
            hit = np.array(tally.values[method, "pointing_game"]) > 0
            rows = np.array([place[row] for row in tally.rows], np.int64)[hit]
            present[name] = _Pairs(positive[rows], rows)
            rows = np.flatnonzero((labels[name] == 0).to_numpy() & ~np.isnan(positive))
            absent[name] = _Pairs(positive[rows], rows)
            denied[name] = _Pairs(negative[rows], rows)
        hits = _joined(present)
        threshold = float(_thresholds(hits, np.ones((1, len(films)), np.int32))[0])
        empty, silent = (
            under_threshold(hits, _joined(pairs), weights).interval() for pairs in (absent, denied)
        )
        shares = {name: float((p.values < threshold).mean()) for name, p in absent.items()}
        count = sum(len(pairs.rows) for pairs in absent.values())
        table[method] = Abstention(threshold, len(hits.rows), count, empty, silent, shares)
    return table


def weighing_methods(methods: Sequence[str]) -> list[str]:
    """Those whose maps can stay empty."""
    return [name for name in methods if name in WEIGHING]


def _others(
    studies: StudySet, findings: Sequence[str], encoded: Mapping[int, ImageEncoding], seed: int
) -> NDArray[np.int64]:
    """Rows of films without truth that lack some of the findings."""
    lacking = (studies.labels[list(findings)] == 0).any(axis=1).to_numpy().copy()
    lacking[list(encoded)] = False
    rows = np.flatnonzero(lacking)
    if len(rows) > _OTHERS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _OTHERS, replace=False))
    return rows


@torch.no_grad()
def _evidence(
    predictor: Predictor, method: str, images: ImageEncoding, texts: list[str]
) -> NDArray[np.float64]:
    """(n,) of every film; NaN where it could not be read."""
    encoded, model = predictor.encode_texts(texts), predictor.model
    parts = [
        WEIGHING[method](model, images.rows(slice(start, start + _IMAGES)), encoded)
        for start in range(0, len(images), _IMAGES)
    ]
    values: NDArray[np.float64] = torch.cat(parts).double().cpu().numpy()
    values[~images.readable] = np.nan
    return values


def _joined(pairs: Mapping[str, _Pairs]) -> _Pairs:
    return _Pairs(
        np.concatenate([p.values for p in pairs.values()]),
        np.concatenate([p.rows for p in pairs.values()]),
    )


def under_threshold(hits: _Pairs, others: _Pairs, weights: Draws) -> Sampled:
    """Share of the others under the threshold that keeps 90 % of the hits.

    Args:
        weights: (R, n), how often each film was drawn; a resample's threshold is of its own hits.
    """
    once = np.ones((1, weights.shape[1]), np.int32)
    step = max(_AT_ONCE // max(len(others.rows), 1), 1)
    draws = [_share(hits, others, weights[start : start + step])
             for start in range(0, len(weights), step)]  # fmt: skip
    return Sampled(float(_share(hits, others, once)[0]), np.concatenate(draws))


def _share(hits: _Pairs, others: _Pairs, weights: Draws) -> NDArray[np.float64]:
    order = np.argsort(others.values, kind="stable")
    counts = np.cumsum(weights[:, others.rows[order]], axis=1, dtype=np.float64)
    below = np.searchsorted(others.values[order], _thresholds(hits, weights), side="left")
    padded = np.concatenate([np.zeros((len(counts), 1)), counts], axis=1)
    share = np.full(len(weights), np.nan)
    total = padded[:, -1]
    picked = padded[np.arange(len(padded)), below]
    known = (total > 0) & (_hits(hits, weights) > 0)
    return np.divide(picked, total, out=share, where=known)


def _hits(hits: _Pairs, weights: Draws) -> NDArray[np.int64]:
    counted: NDArray[np.int64] = weights[:, hits.rows].sum(axis=1)
    return counted


def _thresholds(hits: _Pairs, weights: Draws) -> NDArray[np.float64]:
    """Of each resample, the highest value that KEPT of its hits reach."""
    order = np.argsort(hits.values, kind="stable")
    counts = np.cumsum(weights[:, hits.rows[order]], axis=1, dtype=np.float64)
    total = counts[:, -1:]
    # The tolerance is for 0.1 * 10 hits, which is one hit and not a little more.
    first = (counts > (1 - KEPT) * total + 1e-9).argmax(axis=1)
    thresholds: NDArray[np.float64] = hits.values[order][first]
    return thresholds
