"""One uploaded image as a study set, so that pages treat it like any other."""

from hashlib import sha256

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.films.film import Film
from core.films.read import read_image
from core.studies.study import StudySet


class UploadedSet(StudySet):
    """A set of one; its id is a hash, since file names can hold names of people."""

    def __init__(self, name: str, data: bytes) -> None:
        """Read the upload.

        Raises:
            ExplorerError: as `read_image`.
        """
        loaded = read_image(data, name)
        digest = sha256(data).hexdigest()
        self.spec = f"upload:{digest[:8]}"
        self._pixels, self._notes, self._film = loaded.pixels, loaded.notes, loaded.film
        self._fingerprint = f"upload:{digest}"
        row = {"id": f"upload-{digest[:8]}", "text": "", "view": loaded.view, "patient_id": ""}
        self.table = pd.DataFrame([row])

    def image(self, row: int) -> NDArray[np.float32]:
        """See `StudySet.image`."""
        return self._pixels

    def film(self, row: int) -> Film:
        """See `StudySet.film`."""
        return self._film

    def notes(self, row: int) -> tuple[str, ...]:
        """See `StudySet.notes`."""
        return self._notes

    @property
    def fingerprint(self) -> str:
        """See `StudySet.fingerprint`."""
        return self._fingerprint
