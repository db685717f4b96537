"""Pixels of one radiograph from PNG, JPEG or DICOM, decided by content and never by the suffix."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from core.errors import ExplorerError
from core.studies.film import Film
from core.studies.view import look_notes
from core.studies.window import between

MAX_BYTES = 200 * 2**20
MAX_PIXELS = 100_000_000


@dataclass(frozen=True)
class LoadedImage:
    """A radiograph as read: dense is bright."""

    pixels: NDArray[np.float32]  # (H, W), 0..255
    kind: str  # "PNG", "JPEG" or "DICOM"
    remarks: tuple[str, ...]  # what was done in reading, and what its header says
    film: Film  # the same before its window
    view: str = ""  # as the header says it; see core.studies.dicom.describe

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done or is unusual, one sentence each; looked for when asked."""
        return (*self.remarks, *unusual(self.pixels, self.view))


def read_image(source: Path | bytes, name: str | None = None) -> LoadedImage:
    """Read one image.

    Args:
        source: a file or its bytes.
        name: what to call it in messages; the file's own name by default.

    Raises:
        ExplorerError: empty, over 200 MB or 100 megapixels, damaged, or of another kind.
    """
    name = name or (source.name if isinstance(source, Path) else "the upload")
    data = _bytes(source, name)
    if data[128:132] == b"DICM" or data[:4] in (b"\x08\x00\x00\x00", b"\x08\x00\x05\x00"):
        from core.studies.dicom import read_dicom

        return read_dicom(data, name)
    return _read_picture(data, name)


def refuse_size(name: str, rows: int, columns: int, frames: int = 1) -> None:
    """Refuse what would not fit before anything is decoded.

    Raises:
        ExplorerError: over 100 megapixels, or no pixels at all.
    """
    if rows * columns * frames > MAX_PIXELS:
        shape = f"{columns} x {rows}" + (f" x {frames} frames" if frames > 1 else "")
        raise ExplorerError(
            f"{name} holds {shape} pixels, over the limit of {MAX_PIXELS // 10**6} megapixels; "
            "make it smaller and try again."
        )
    if rows < 1 or columns < 1:
        raise ExplorerError(f"{name} says it is {columns} x {rows} pixels; there is no picture.")


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


def _bytes(source: Path | bytes, name: str) -> bytes:
    try:
        size = source.stat().st_size if isinstance(source, Path) else len(source)
        if size > MAX_BYTES:
            raise ExplorerError(
                f"{name} has {size / 2**20:.0f} MB, over the limit of {MAX_BYTES // 2**20} MB."
            )
        data = source.read_bytes() if isinstance(source, Path) else source
    except OSError:
        raise ExplorerError(f"{name} cannot be read; check that the file is there.") from None
    if not data:
        raise ExplorerError(f"{name} is empty; export or copy it again.")
    return data


def _read_picture(data: bytes, name: str) -> LoadedImage:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
        refuse_size(name, picture.height, picture.width)
        kind = str(picture.format)
        picture.load()
        turned = ImageOps.exif_transpose(picture)
    except ExplorerError:
        raise
    except Image.DecompressionBombError:
        limit = MAX_PIXELS // 10**6
        raise ExplorerError(f"{name} is over the limit of {limit} megapixels.") from None
    except UnidentifiedImageError:
        if data.startswith((b"\x89PNG", b"\xff\xd8\xff")):
            raise _damaged(name) from None
        raise ExplorerError(
            f"{name} is no PNG, JPEG or DICOM file; export the radiograph as one of these."
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError):
        raise _damaged(name) from None
    values, top, notes = _grey(turned)
    pixels = values * np.float32(255 / top)  # exact for 8 bits, which a window would not be
    return LoadedImage(pixels, kind, notes, Film(values, between(0, top)))


def _damaged(name: str) -> ExplorerError:
    return ExplorerError(
        f"{name} is damaged or cut short and cannot be decoded; export or copy it again."
    )


def _grey(picture: Image.Image) -> tuple[NDArray[np.float32], float, tuple[str, ...]]:
    """(H, W) values, what white is, and notes; transparency lies on black, 16 bits are kept."""
    if picture.mode.startswith("I") or picture.mode == "F":
        values = np.asarray(picture, dtype=np.float32)
        return values, 65535.0 if values.max(initial=0) > 255 else 255.0, ()
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
        picture = Image.alpha_composite(black, picture.convert("RGBA")).convert("RGB")
    if picture.mode in ("L", "1"):
        return np.asarray(picture.convert("L"), dtype=np.float32), 255.0, ()
    grey, notes = grey_of_colours(np.asarray(picture.convert("RGB")))
    return grey, 255.0, notes


def grey_of_colours(
    colours: NDArray[np.uint8],
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Luminance (ITU-R 601) of (H, W, 3) as (H, W) in 0..255, and a word where they are no grey."""
    spread = np.ptp(colours, axis=2)
    notes = ("The image is in colour, unlike a radiograph.",) if spread.mean() > 12 else ()
    return np.asarray(Image.fromarray(colours).convert("L"), dtype=np.float32), notes
