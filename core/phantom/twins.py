"""Twins: phantom patients who are the same but for one thing, which no archive of films has.

Picture and report are functions of a `Case`, whose seed draws the anatomy and each finding's own
shape. With one field changed everything else is drawn as before, so that whatever a score does
between twins is due to that field alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.phantom.case import Case
from core.phantom.cooccurrence import sample_devices

_DEVICE = "Support Devices"


@dataclass(frozen=True)
class Change:
    """One thing that twins differ in.

    Attributes:
        about: what it is.
        low, high: the two sides in words.
        of: a case's value; of what has two sides 0 or 1.
        put: a case with another value.
        usual: values of the two sides where no set is there to take them from.
    """

    about: str
    low: str
    high: str
    of: Callable[[Case], float]
    put: Callable[[Case, float], Case]
    usual: tuple[float, float] = (0.0, 1.0)

    @property
    def graded(self) -> bool:
        """Whether it has more values than two."""
        return self.usual != (0.0, 1.0)


def _number(about: str, field: str, low: str, high: str, usual: tuple[float, float]) -> Change:
    def of(case: Case) -> float:
        return float(getattr(case, field))

    def put(case: Case, value: float) -> Case:
        changed: dict[str, Any] = {field: value}
        return replace(case, **changed)

    return Change(about, low, high, of, put, usual)


def _word(about: str, field: str, low: str, high: str) -> Change:
    def of(case: Case) -> float:
        return float(getattr(case, field) == high)

    def put(case: Case, value: float) -> Case:
        changed: dict[str, Any] = {field: high if value else low}
        return replace(case, **changed)

    return Change(about, low, high, of, put)


def _with_device(case: Case, value: float) -> Case:
    """Without a device, or with those it has, or with some drawn from the case's own seed."""
    others = tuple(finding for finding in case.findings if finding.name != _DEVICE)
    if not value:
        return replace(case, findings=others)
    devices = case.of(_DEVICE) or tuple(sample_devices(np.random.default_rng([case.seed, 17])))
    return replace(case, findings=(*others, *devices))


def _age(case: Case, value: float) -> Case:
    return replace(case, age=round(value))


CHANGES: dict[str, Change] = {
    "device": Change(
        "a support device", "without", "with", lambda case: float(bool(case.of(_DEVICE))),
        _with_device,
    ),
    "exposure": _number("exposure", "exposure", "under", "over", (-0.45, 0.45)),
    "size": _number("size of the thorax on the film", "scale", "small", "large", (0.935, 1.035)),
    "vessels": _number("calibre of the lung's vessels", "vessels", "thin", "thick", (0.8, 1.2)),
    "habitus": _number("build", "habitus", "thin", "obese", (0.25, 0.75)),
    "inspiration": _number("depth of inspiration", "inspiration", "poor", "full", (0.5, 0.95)),
    "view": _word("view", "view", "PA", "AP"),
    "sex": _word("sex", "sex", "F", "M"),
    "age": Change(
        "age, which is told in the table and not drawn", "young", "old",
        lambda case: float(case.age), _age, (35.0, 75.0),
    ),
}  # fmt: skip
"""What twins can differ in."""


def twins(
    change: Change, cases: list[Case], low: float, high: float
) -> tuple[list[Case], list[Case]]:
    """Each case twice: with the low and with the high value, and otherwise as it was."""
    return [change.put(case, low) for case in cases], [change.put(case, high) for case in cases]
