"""A DICOM file as a radiologist sees it: decoded by pydicom, shown after PS3.3 C.11, described.

Nothing that identifies a person leaves this package.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import ExplorerError
from core.films.dicom.describe import header_notes, view
from core.films.dicom.header import read_header, transfer_syntax
from core.films.dicom.pixels import frames, stored_values
from core.films.dicom.present import make_film
from core.films.loaded import LoadedImage

# It logs odd values and tracebacks, which may name a person. For good, and not for each file: a
# change of level empties the caches of all loggers, and threads would undo each other's.
logging.getLogger("pydicom").propagate = False


def read_dicom(data: bytes, name: str) -> LoadedImage:
    """Decode a DICOM file.

    Raises:
        ExplorerError: no pixels, a DICOMDIR, too large, an unknown compression or damage.
    """
    with quiet():
        dataset = read_header(data, name)
        try:
            film, notes = make_film(stored_values(dataset, name), dataset)
            if (count := frames(dataset)) > 1:
                notes.insert(0, f"The file holds {count} frames; the first is shown.")
            notes += header_notes(dataset)
            return LoadedImage(film.show(), "DICOM", tuple(notes), film, view(dataset))
        except ExplorerError:
            raise
        except Exception:  # decoders raise what they like; the reader needs one sentence
            raise ExplorerError(
                f"{name} cannot be decoded (compression: {transfer_syntax(dataset)}); export it "
                "uncompressed or check that the file is whole."
            ) from None


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings from pydicom: it quotes odd values, a person's among them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
