"""A radiograph before its window, so that it can be shown through any."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import ExplorerError
from core.films.window import Table, Window, between, parse_window

Voi = Window | Table
OPENED, RANGE = "As opened", "Full range"
_SHARES = ((0.5, 99.5), (2.0, 98.0), (10.0, 90.0))  # percentiles that presets run between
_SAMPLE = 1_000_000  # pixels that percentiles are read from


@dataclass(frozen=True)
class Film:
    """Values as the file means them, and how to show them.

    Attributes:
        values: (H, W) in the file's own unit, for DICOM after the modality LUT.
        opened: how it is shown, and read by models, unless somebody asks for another window.
        windows: those of the file's header, by name.
        inverted: small values are dense (MONOCHROME1).
        outside: (H, W), pixels that are no part of the picture; None where all are.
        aspect: height of a pixel over its width.
    """

    values: NDArray[np.float32]
    opened: Voi
    windows: dict[str, Voi] = field(default_factory=dict)
    inverted: bool = False
    outside: NDArray[np.bool_] | None = None
    aspect: float = 1.0

    def show(self, voi: Voi | None = None) -> NDArray[np.float32]:
        """Square pixels (H', W') in 0..255, dense is bright; through `opened` by default.

        The order is that of PS3.4 N.2: the window first, then inversion.
        """
        shares = (voi or self.opened)(self.values)
        if self.inverted:
            np.subtract(1, shares, out=shares)
        if self.outside is not None:
            shares[self.outside] = 0
        shares *= 255
        return squared(shares, self.aspect)

    @cached_property
    def presets(self) -> dict[str, Voi]:
        """Windows to choose from by name: as opened, the header's, the range, percentiles."""
        found: dict[str, Voi] = {OPENED: self.opened, **self.windows}
        found[RANGE] = between(*self.percentiles(0, 100))
        for low, high in _SHARES:
            found[f"Percentiles {low:g} to {high:g}"] = between(*self.percentiles(low, high))
        return found

    def find(self, text: str) -> Voi:
        """A window by the name of a preset, or written as `CENTRE,WIDTH`.

        Raises:
            ExplorerError: neither.
        """
        for name, voi in self.presets.items():
            if text.strip().lower() == name.lower():
                return voi
        if "," not in text:
            raise ExplorerError(
                f"This film has no window '{text[:40]}'; write CENTRE,WIDTH or one of: "
                f"{', '.join(self.presets)}."
            )
        return parse_window(text)

    def percentiles(self, low: float, high: float) -> tuple[float, float]:
        """Two percentiles of the values inside the picture."""
        values = self.values.ravel() if self.outside is None else self.values[~self.outside]
        if not values.size:
            values = self.values.ravel()
        if (low, high) == (0, 100):
            return float(values.min()), float(values.max())
        sample = values[:: -(-values.size // _SAMPLE)]
        first, last = np.percentile(sample, [low, high])
        return float(first), float(last)


def squared(pixels: NDArray[np.float32], aspect: float) -> NDArray[np.float32]:
    """Pixels made square by enlarging their coarser side.

    Args:
        pixels: (H, W).
        aspect: height of a pixel over its width.
    """
    if aspect == 1:
        return pixels
    height, width = pixels.shape
    size = (width, round(height * aspect)) if aspect > 1 else (round(width / aspect), height)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))
