"""A radiograph as it was read, and what is unusual about it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.films.film import Film
from core.films.view import look_notes


@dataclass(frozen=True)
class LoadedImage:
    """A radiograph as read: dense is bright."""

    pixels: NDArray[np.float32]  # (H, W), 0..255
    kind: str  # "PNG", "JPEG" or "DICOM"
    remarks: tuple[str, ...]  # what was done in reading, and what its header says
    film: Film  # the same before its window
    view: str = ""  # as the header says it; see core.films.dicom.describe

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done or is unusual, one sentence each; looked for when asked."""
        return (*self.remarks, *unusual(self.pixels, self.view))


def unusual(pixels: NDArray[np.float32], view: str = "") -> tuple[str, ...]:
    """What makes an image unlike a chest radiograph, one sentence each; empty for a usual one.

    Args:
        view: of the header, which the picture may contradict.
    """
    notes = []
    height, width = pixels.shape
    if min(height, width) < 64:
        notes.append(f"The image is only {width} x {height} pixels; findings cannot be seen.")
    if max(height, width) > 2.5 * min(height, width):
        notes.append("The image is far from square, unlike a frontal chest radiograph.")
    if float(pixels.std()) < 4:
        notes.append("The image is almost uniform: there is nothing to see in it.")
    return tuple(notes) or look_notes(pixels, view)
