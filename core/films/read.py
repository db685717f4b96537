"""Pixels of one radiograph from PNG, JPEG or DICOM, decided by content and never by the suffix."""

import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from core.errors import ExplorerError
from core.films.film import Film
from core.films.grey import grey_of_picture
from core.films.limits import MAX_BYTES, MAX_PIXELS, refuse_size
from core.films.loaded import LoadedImage
from core.films.window import between

HEAD_BYTES = 512
"""How much of a file `looks_like_image` wants."""
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_MEDIA_DIRECTORY = b"1.2.840.10008.1.3.10\0"


def looks_like_image(head: bytes) -> bool:
    """Whether a file that begins so is PNG, JPEG or DICOM, and no DICOMDIR."""
    return head.startswith(_SIGNATURES) or (_is_dicom(head) and _MEDIA_DIRECTORY not in head)


def _is_dicom(head: bytes) -> bool:
    """With a preamble, or without, as old archives write it: group 8 and its length or charset."""
    return head[128:132] == b"DICM" or head[:4] in (b"\x08\x00\x00\x00", b"\x08\x00\x05\x00")


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
    if _is_dicom(data):
        from core.films.dicom import read_dicom  # pydicom takes its time; pictures do without

        return read_dicom(data, name)
    return _read_picture(data, name)


def file_version(path: Path) -> tuple[int, int] | None:
    """Size and time of a file, which change with its content; None where there is no such file."""
    try:
        seen = path.stat()
    except (OSError, ValueError):
        return None
    return seen.st_size, seen.st_mtime_ns


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
        channels = len(picture.getbands())
        refuse_size(name, picture.height, picture.width, channels=channels)
        kind = str(picture.format)
        picture.load()
        ImageOps.exif_transpose(picture, in_place=True)  # which copies none that stands upright
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
    values, top, notes = _grey(picture)
    # Exact for 8 bits, which a window would not be; and one array, not two, for most films.
    pixels = values if top == 255 else values * np.float32(255 / top)
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
    if picture.mode in ("L", "1") and "transparency" not in picture.info:
        return np.asarray(picture.convert("L"), dtype=np.float32), 255.0, ()
    grey, notes = grey_of_picture(picture)
    return grey, 255.0, notes
