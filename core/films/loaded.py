"""A radiograph as it was read, and what is unusual about it."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.films.film import Film
from core.films.view import look_notes
from core.films.window import between


@dataclass(frozen=True)
class LoadedImage:
    """A radiograph as read: dense is bright."""

    pixels: NDArray[np.float32]  # (H, W), 0..255
    kind: str  # "PNG", "JPEG", "DICOM" or "drawn"
    remarks: tuple[str, ...]  # what was done in reading, and what its header says
    film: Film  # the same before its window
    view: str = ""  # as the header says it; see core.films.dicom.describe

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What was done or is unusual, one sentence each; looked for when first asked."""
        return (*self.remarks, *unusual(self.pixels, self.view))

    @cached_property
    def key(self) -> str:
        """Identity of the film by its pixels alone, 40 hexadecimal digits.

        Of the values before the window, so that another choice of window leaves it as it is.
        """
        height, width = self.film.values.shape
        digest = sha256(f"film 1|{height}|{width}|{self.film.inverted}|".encode())
        digest.update(np.ascontiguousarray(self.film.values, dtype="<f4").data)
        return digest.hexdigest()[:40]

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """Whatever of it takes memory."""
        outside = self.film.outside
        return (self.pixels, self.film.values, *(() if outside is None else (outside,)))

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return sum({id(array): array.nbytes for array in self.arrays}.values())


def drawn_image(pixels: NDArray[np.float32]) -> LoadedImage:
    """A picture (H, W) in 0..255 that was drawn and not read from a file."""
    return LoadedImage(pixels, "drawn", (), Film(pixels, between(0, 255)))


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
