"""Alternative texts: what a picture of the pages shows, for those who hear it instead."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from core.preprocessing import Rectangle


def place(x: float, y: float) -> str:
    """Where a point lies in a picture; x and y are shares of its width and height.

    >>> place(0.1, 0.9), place(0.5, 0.5), place(0.5, 0.1)
    ('bottom left', 'middle', 'top middle')
    """
    down = ("top", "", "bottom")[min(int(3 * y), 2)]
    across = ("left", "middle", "right")[min(int(3 * x), 2)]
    return f"{down} {across}".strip()


def brightest(heat: NDArray[np.floating]) -> str:
    """Where a map (H, W) is highest; a constant one has no such place."""
    if not heat.size or float(heat.max()) <= float(heat.min()):
        return "the same everywhere"
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    return f"highest at the {place((column + 0.5) / heat.shape[1], (row + 0.5) / heat.shape[0])}"


def mapped(film: str, method: str, text: str, heat: NDArray[np.floating], truth: str = "") -> str:
    """A film under a map; `truth` is the finding that is outlined."""
    said = f"{film} under the map of {method} for “{text}”, {brightest(heat)} of the picture"
    return f"{said}{outlined([truth] if truth else [])}."


def boxed(
    film: str,
    text: str,
    boxes: "Sequence[Rectangle]",
    shape: tuple[int, int],
    truth: Iterable[str] = (),
) -> str:
    """A film with its regions, heaviest first."""
    if not boxes:
        return f"{film}. No region is marked for “{text}”{outlined(truth)}."
    x, y, w, h = boxes[0]
    where = place((x + w / 2) / shape[1], (y + h / 2) / shape[0])
    return (
        f"{film} with {len(boxes)} boxes for “{text}”, the heaviest at the {where} of the "
        f"picture{outlined(truth)}."
    )


def outlined(truth: Iterable[str]) -> str:
    """What is outlined besides."""
    names = ", ".join(truth)
    return f"; outlined: {names}" if names else ""
