"""How large a file and a picture may be; asked before anything is decoded."""

from core.errors import ExplorerError

MAX_BYTES = 200 * 2**20
MAX_PIXELS = 100_000_000
MAX_SAMPLES = 200_000_000
"""Numbers of a picture, pixels times channels: each channel takes memory before it becomes grey,
and the films that are large are grey."""


def refuse_size(name: str, rows: int, columns: int, frames: int = 1, channels: int = 1) -> None:
    """Refuse what would not fit before anything is decoded.

    Raises:
        ExplorerError: over 100 megapixels, over 200 million numbers, or no pixels at all.
    """
    if rows * columns * frames > MAX_PIXELS:
        shape = f"{columns} x {rows}" + (f" x {frames} frames" if frames > 1 else "")
        raise ExplorerError(
            f"{name} holds {shape} pixels, over the limit of {MAX_PIXELS // 10**6} megapixels; "
            "make it smaller and try again."
        )
    if rows * columns * channels > MAX_SAMPLES:
        raise ExplorerError(
            f"{name} holds {columns} x {rows} pixels of {channels} channels, over the limit of "
            f"{MAX_SAMPLES // channels // 10**6} megapixels for such; save it in grey."
        )
    if rows < 1 or columns < 1:
        raise ExplorerError(f"{name} says it is {columns} x {rows} pixels; there is no picture.")
