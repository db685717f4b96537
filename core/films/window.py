"""Windows: which values of a film are shown, from black to white (DICOM PS3.3 C.11.2.1)."""

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplorerError

_IN_CACHE = 2**16  # values
FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


@dataclass(frozen=True)
class Window:
    """A centre and a width in the film's own values.

    Raises:
        ExplorerError: a centre that is no number, a width of 0 or less, an unknown function.
    """

    center: float
    width: float
    function: str = "LINEAR"  # one of FUNCTIONS

    def __post_init__(self) -> None:
        least = 1 if self.function == "LINEAR" else 0
        usable = math.isfinite(self.center) and math.isfinite(self.width)
        if not usable or self.width < least or self.width <= 0:
            raise ExplorerError(
                f"A window needs a centre and a width above {least}; got centre {self.center:g} "
                f"and width {self.width:g}."
            )
        if self.function not in FUNCTIONS:
            raise ExplorerError(
                f"Unknown window function '{self.function}'; known: {', '.join(FUNCTIONS)}."
            )

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values, any shape, as shares of the whole brightness, 0..1."""
        if self.function == "SIGMOID":
            steps = np.clip(-4 * (values - np.float32(self.center)) / self.width, -80, 80)
            return (1 / (1 + np.exp(steps))).astype(np.float32)
        center, width = self.center, self.width
        if self.function == "LINEAR":  # its edges lie in the middle of a value: C.11.2.1.2.1
            center, width = center - 0.5, width - 1
        if width == 0:
            return (values > center).astype(np.float32)
        values = np.asarray(values, np.float32)
        shares = np.empty_like(values, order="C")
        flat, written = values.reshape(-1), shares.reshape(-1)
        for start in range(0, values.size, _IN_CACHE):  # four passes, of which one leaves the cache
            part = written[start : start + _IN_CACHE]
            np.subtract(flat[start : start + _IN_CACHE], np.float32(center), out=part)
            part *= np.float32(1 / width)
            part += np.float32(0.5)
            np.clip(part, 0, 1, out=part)
        return shares


@dataclass(frozen=True)
class Table:
    """A lookup table in place of a window: the share of brightness of each value from `first`."""

    first: int
    shares: NDArray[np.float32]  # (n,), 0..1

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values, any shape, as shares of the whole brightness, 0..1."""
        places = np.clip(np.rint(values) - self.first, 0, len(self.shares) - 1)
        return self.shares[places.astype(np.int64)]


def between(low: float, high: float) -> Window:
    """The window from black at `low` to white at `high`."""
    return Window((low + high) / 2, max(high - low, 1e-6), "LINEAR_EXACT")


def parse_window(text: str) -> Window:
    """A window written as `CENTRE,WIDTH`.

    Raises:
        ExplorerError: not two numbers, or a width of 0.
    """
    number = r"\s*([-+]?\d{1,9}(?:\.\d{1,6})?)\s*"
    found = re.fullmatch(f"{number},{number}", text)
    if not found:
        raise ExplorerError(
            f"'{text[:40]}' is no window; write its centre and width, such as 2048,1500."
        )
    return Window(float(found[1]), float(found[2]), "LINEAR_EXACT")
