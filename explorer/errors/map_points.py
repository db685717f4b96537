"""The films of a set as points, coloured by what is known of them; knows nothing of streamlit."""

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from plotly.colors import qualitative, sample_colorscale

from core.analysis.columns import Values
from explorer.errors.choice import FindingChoice
from explorer.shared import palette
from explorer.shared.figures import ACCENT, COOL, SCALE

UNKNOWN = "not known"
_TONES = {**palette.OUTCOMES, "with it": ACCENT, "without": COOL}
_SHAPES = ("circle", "square", "diamond", "triangle")
_BINS = 32  # of a score's colours
_STEPS = 65_535  # of a coordinate


def outcomes(choice: FindingChoice, n: int) -> Values:
    """What the threshold makes of each film of a set (n,), in words."""
    truth, score = choice.by_row(n)
    called, labelled = score >= choice.threshold.value, truth == 1
    words = np.where(called, np.where(labelled, "found", "false alarm"),
                     np.where(labelled, "missed", "rightly not called")).astype(object)  # fmt: skip
    words[np.isnan(truth)] = UNKNOWN
    return words


def labels(choice: FindingChoice, n: int) -> Values:
    """Whether each film of a set (n,) has the finding, in words."""
    truth, _ = choice.by_row(n)
    return np.where(np.isnan(truth), UNKNOWN, np.where(truth == 1, "with it", "without")).astype(
        object
    )


@dataclass(frozen=True)
class Colouring:
    """What films are coloured by.

    Attributes:
        group: (N,) uint16, the place in `names`.
        names, tones, shapes: of each group.
        ends: lowest and highest score where groups are steps of a scale; None where they are words.
    """

    group: NDArray[np.uint16]
    names: tuple[str, ...]
    tones: tuple[str, ...]
    shapes: tuple[str, ...]
    ends: tuple[float, float] | None = None


def by_value(values: Values) -> Colouring:
    """One colour a value; "" among the (N,) words counts as not known, which comes last."""
    told = np.where(values == "", UNKNOWN, values).astype(str)
    found, group = np.unique(told, return_inverse=True)
    order = sorted(range(len(found)), key=lambda place: found[place] == UNKNOWN)
    names = tuple(str(found[place]) for place in order)
    numbers = range(len(names))
    safe = qualitative.Safe
    tones = tuple(_TONES.get(names[n], safe[n % len(safe)]) for n in numbers)
    shapes = tuple(_SHAPES[n // len(safe) % len(_SHAPES)] for n in numbers)
    return Colouring(np.argsort(order)[group].astype(np.uint16), names, tones, shapes)


def by_score(score: NDArray[np.float64]) -> Colouring:
    """Films coloured by their score (N,), NaN where there is none."""
    low, high = (0.0, 1.0) if np.isnan(score).all() else (
        float(np.nanmin(score)), float(np.nanmax(score)))  # fmt: skip
    share = np.nan_to_num((score - low) / max(high - low, 1e-12))
    group = np.minimum(share * _BINS, _BINS - 1).astype(np.uint16)
    tones = tuple(sample_colorscale(SCALE, list(np.linspace(0, 1, _BINS))))
    return Colouring(group, ("score",) * _BINS, tones, ("circle",) * _BINS, (low, high))


def content(
    points: NDArray[np.float32], colouring: Colouring, score: NDArray[np.float64]
) -> dict[str, Any]:
    """What the browser draws; films have no name there but their number in the set.

    Args:
        points: (N, 2), NaN where there is no film; drawn as wide as high, y upwards.
        score: (N,) said under the pointer.
    """
    there = np.isfinite(points).all(axis=1)
    places = np.zeros((len(points), 2))
    if there.any():
        low, high = points[there].min(axis=0), points[there].max(axis=0)
        side = max(float((high - low).max()), 1e-12)
        places[there] = (points[there] - (low + high) / 2) / side + 0.5
    counts = np.bincount(colouring.group[there], minlength=len(colouring.names))
    return {
        "x": _packed(places[:, 0] * _STEPS, np.uint16),
        "y": _packed((1 - places[:, 1]) * _STEPS, np.uint16),
        "there": packed_rows(np.flatnonzero(there), len(points)),
        "group": _packed(colouring.group, np.uint16),
        "score": _packed(score, np.float32),
        "groups": [{"name": name, "tone": tone, "shape": shape, "films": int(films)}
                   for name, tone, shape, films in zip(colouring.names, colouring.tones,
                                                       colouring.shapes, counts, strict=True)],
        "ends": colouring.ends and [f"{end:.3f}" for end in colouring.ends],
    }  # fmt: skip


def _packed(values: NDArray[Any], kind: type[np.generic]) -> str:
    little = np.dtype(kind).newbyteorder("<")
    return base64.b64encode(np.asarray(values).astype(little).tobytes()).decode()


def packed_rows(rows: NDArray[np.int64], n: int) -> str:
    """Rows of n as bits, the first in the lowest; base64.

    >>> packed_rows(np.array([0, 9]), 10)
    'AQI='
    """
    bits = np.zeros(n, bool)
    bits[rows] = True
    return base64.b64encode(np.packbits(bits, bitorder="little").tobytes()).decode()


def unpacked_rows(sent: object, n: int) -> list[int]:
    """Rows that a browser sent as `packed_rows` packs them; none of what is anything else.

    >>> unpacked_rows("AQI=", 10), unpacked_rows("AQI=", 3), unpacked_rows("?", 10)
    ([0, 9], [], [])
    """
    if not isinstance(sent, str):
        return []
    try:
        told = np.frombuffer(base64.b64decode(sent, validate=True), np.uint8)
    except ValueError:
        return []
    if len(told) != -(-n // 8):
        return []
    return np.flatnonzero(np.unpackbits(told, bitorder="little")[:n]).tolist()
