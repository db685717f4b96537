"""Response curves: one value of the patient is moved over random anatomies, the model answers.

All curves of one sweep are of the same anatomies, and of the same noise: what moves is the value.
Bands are bootstrap intervals over anatomies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.attribution import attribute
from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.lab.answer import on_target, read
from core.lab.bench import Bench, DrawnPatient
from core.lab.frame import SIZE
from core.metrics.auc import roc_auc
from core.metrics.bootstrap import Interval, interval, mean_draws, resamples
from core.metrics.localisation import pointing_game
from core.phantom.patient import (
    CHOICES,
    NUMBERS,
    Patient,
    anatomies,
    check_index,
    finding_values,
    with_changed,
    with_value,
    without_finding,
)
from core.progress import Progress

Array = NDArray[np.float64]
SCORE, TARGET, DETECTED = "score", "weight on the finding", "AUC over patients"


@dataclass(frozen=True)
class ResponseCurve:
    """A measure at each value, with its band."""

    measure: str
    points: tuple[Interval, ...]


@dataclass(frozen=True)
class ResponseSweep:
    """What moves, and what follows."""

    name: str
    values: tuple[float, ...]
    n: int  # anatomies
    without: Interval  # score without the finding; NaN where there is none
    curves: tuple[ResponseCurve, ...]

    def to_json(self) -> dict[str, Any]:
        """name, values, n, without, and the points of each curve as [value, low, high]."""
        return {
            "name": self.name, "values": list(self.values), "n": self.n,
            "without": list(self.without),
            "curves": {curve.measure: [list(p) for p in curve.points] for curve in self.curves},
        }  # fmt: skip

    def table(self) -> str:
        """A line a value."""
        head = " ".join(f"{curve.measure:>26}" for curve in self.curves)
        lines = [f"{self.name:>10} {head}"]
        for number, value in enumerate(self.values):
            told = " ".join(f"{_told(curve.points[number]):>26}" for curve in self.curves)
            lines.append(f"{value:10.3g} {told}")
        lines.append(f"Without the finding the score is {_told(self.without)}; n = {self.n} "
                     "anatomies, 95 % bootstrap intervals over them.")  # fmt: skip
        return "\n".join(lines)


@dataclass(frozen=True)
class ResponseSquare:
    """A measure at each pair of two values: contrast and detail, or places over the lungs."""

    across: tuple[str, tuple[float, ...]]
    down: tuple[str, tuple[float, ...]]
    n: int
    auc: Array  # (rows, columns), NaN where the finding would not be in the lung
    target: Array  # (rows, columns), weight on the finding

    def to_json(self) -> dict[str, Any]:
        """across, down, n, auc and target."""
        return {
            "across": list(self.across), "down": list(self.down), "n": self.n,
            "auc": self.auc.tolist(), "target": self.target.tolist(),
        }  # fmt: skip

    def table(self) -> str:
        """AUC over patients; a line a value of `down`."""
        lines = [f"{self.down[0]:>8} \\ {self.across[0]:8}"
                 + " ".join(f"{value:6.3g}" for value in self.across[1])]  # fmt: skip
        for value, row in zip(self.down[1], self.auc, strict=True):
            told = " ".join("     ." if np.isnan(one) else f"{one:6.2f}" for one in row)
            lines.append(f"{value:19.3g}{told}")
        lines.append(f"AUC of the score, with the finding against without, over n = {self.n} "
                     "anatomies each; . where it would not be in the lung.")  # fmt: skip
        return "\n".join(lines)


def changed(patient: Patient, index: int, name: str, value: float) -> Patient:
    """The patient with a value of its own, or of the finding of that number, moved.

    Raises:
        ExplorerError: neither has such a value, or it is out of range.
    """
    if name in NUMBERS:
        return with_value(patient, name, value)
    known = finding_values(patient.findings[index]) if 0 <= index < len(patient.findings) else {}
    movable = {"x", "y"} if 0 <= index < len(patient.findings) else set()
    if name in CHOICES or name not in {*known, *movable} - {"side", "zone", "seed"}:
        offered = sorted({*NUMBERS, *known, *movable} - {"side", "zone", "seed"})
        raise ExplorerError(f"'{name[:30]}' cannot be moved; known: {', '.join(offered)}.")
    return with_changed(patient, index, **{name: value})


def sweep(
    predictor: Predictor, patient: Patient, index: int, name: str, values: Sequence[float],
    text: str, n: int = 8, methods: Sequence[str] = (), seed: int = 0,
    progress: Progress | None = None,
) -> ResponseSweep:  # fmt: skip
    """Move one value over n random anatomies.

    Args:
        methods: explanations whose maps are asked whether their maximum hits the finding.

    Raises:
        ExplorerError: no such value or method, a value out of range, or an empty text.
    """
    for value in values:  # refused before any work
        changed(patient, index, name, value)
    has_finding = 0 <= index < len(patient.findings)
    measures = [SCORE, *([TARGET, *(f"{m} hits" for m in methods)] if has_finding else [])]
    told = np.full((len(measures), n, len(values)), np.nan)
    without, bench = np.full(n, np.nan), Bench(SIZE)
    for row, one in enumerate(anatomies(patient, n, seed)):
        if has_finding:
            without[row] = _ask(predictor, bench.draw(without_finding(one, index).case), text)[0]
        for column, value in enumerate(values):
            drawn = bench.draw(changed(one, index, name, value).case)
            told[:, row, column] = _measured(
                predictor, drawn, index if has_finding else None, text, methods, seed
            )
        if progress:
            progress(row + 1, n)
    draws = resamples(n, 1000, seed)
    curves = [
        ResponseCurve(measure, tuple(mean_draws(told[m, :, v], draws).interval()
                             for v in range(len(values))))
        for m, measure in enumerate(measures)
    ]  # fmt: skip
    if has_finding:
        curves.insert(1, ResponseCurve(DETECTED, tuple(
            _auc(told[0, :, v], without, draws) for v in range(len(values)))))  # fmt: skip
    return ResponseSweep(
        name, tuple(values), n, mean_draws(without, draws).interval(), tuple(curves)
    )


def square(
    predictor: Predictor, patient: Patient, index: int, across: tuple[str, Sequence[float]],
    down: tuple[str, Sequence[float]], text: str, n: int = 6, seed: int = 0,
    progress: Progress | None = None,
) -> ResponseSquare:  # fmt: skip
    """Move two values of a finding over n random anatomies.

    Places that lie outside the lung of the patient as given are left out.

    Raises:
        ExplorerError: as `sweep`, or the patient has no such finding.
    """
    check_index(patient, index)
    places = [
        (row, column) for row in range(len(down[1])) for column in range(len(across[1]))
        if _is_in_lung(patient, index, (across[0], across[1][column]), (down[0], down[1][row]))
    ]  # fmt: skip
    shape = (len(down[1]), len(across[1]))
    scores, target = np.full((n, *shape), np.nan), np.full((n, *shape), np.nan)
    without, bench = np.zeros(n), Bench(SIZE)
    for number, one in enumerate(anatomies(patient, n, seed)):
        without[number] = _ask(predictor, bench.draw(without_finding(one, index).case), text)[0]
        for done, (row, column) in enumerate(places):
            placed = changed(one, index, across[0], across[1][column])
            drawn = bench.draw(changed(placed, index, down[0], down[1][row]).case)
            scores[number, row, column], target[number, row, column] = _ask(
                predictor, drawn, text, index
            )
            if progress:
                progress(number * len(places) + done + 1, n * len(places))
    auc = np.full(shape, np.nan)
    for row, column in places:
        auc[row, column] = _auc(scores[:, row, column], without).value
    mean = np.full(shape, np.nan)
    for row, column in places:
        mean[row, column] = target[:, row, column].mean()
    return ResponseSquare((across[0], tuple(across[1])), (down[0], tuple(down[1])), n, auc, mean)


def _is_in_lung(
    patient: Patient, index: int, across: tuple[str, float], down: tuple[str, float]
) -> bool:
    """Whether the place of a lesion, where it is moved, has lung that it can take the place of."""
    moved = changed(changed(patient, index, *across), index, *down)
    if "x" not in (across[0], down[0]) or moved.findings[index].name != "Lung Lesion":
        return True
    solid = with_changed(moved, index, contrast=1.0)
    bench = Bench(56)
    drawn = bench.draw(solid.case)
    added = (drawn.line - bench.draw(without_finding(solid, index).case).line)[drawn.mask_of(index)]
    return bool(len(added)) and float((added > 0.02).mean()) > 0.7


def _ask(
    predictor: Predictor, drawn: DrawnPatient, text: str, index: int | None = None
) -> tuple[float, float]:
    """Score, and weight on the finding."""
    encoding = predictor.encode_image(drawn.image.astype(np.float32))
    answer = read(predictor, encoding, drawn.image.shape, text)
    return answer.score, np.nan if index is None else on_target(answer, drawn.mask_of(index))


def _measured(
    predictor: Predictor, drawn: DrawnPatient, index: int | None, text: str,
    methods: Sequence[str], seed: int,
) -> list[float]:  # fmt: skip
    pixels = drawn.image.astype(np.float32)
    encoding = predictor.encode_image(pixels)
    answer = read(predictor, encoding, drawn.image.shape, text)
    if index is None:
        return [answer.score]
    mask = drawn.mask_of(index)
    hits = [
        pointing_game(attribute(method, predictor, pixels, [text], seed, encoding), mask)
        if mask.any() else float("nan")
        for method in methods
    ]  # fmt: skip
    return [answer.score, on_target(answer, mask), *hits]


def _auc(present: Array, absent: Array, draws: NDArray[np.int32] | None = None) -> Interval:
    """AUC of patients with a finding against the same without; resampled by anatomy."""

    def of(weights: NDArray[np.int32]) -> float:
        one, none = np.repeat(present, weights), np.repeat(absent, weights)
        truth = np.repeat([1.0, 0.0], [len(one), len(none)])
        return roc_auc(truth, np.concatenate([one, none]))

    value = of(np.ones(len(present), np.int32))
    if draws is None:
        return Interval(value, float("nan"), float("nan"))
    return interval(value, np.array([of(weights) for weights in draws]))


def _told(figure: Interval) -> str:
    return f"{figure.value:.3f} [{figure.low:.3f} {figure.high:.3f}]"
