"""One uploaded image as a study set, so that pages treat it like any other."""

from hashlib import sha256

import pandas as pd

from core.films.loaded import LoadedImage
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
        self._loaded = loaded
        self._fingerprint = f"upload:{digest}"
        row = {"id": f"upload-{digest[:8]}", "text": "", "view": loaded.view, "patient_id": ""}
        self.table = pd.DataFrame([row])

    def loaded(self, row: int) -> LoadedImage:
        """See `StudySet.loaded`; read when it was uploaded."""
        return self._loaded

    def recalled(self, row: int) -> LoadedImage:
        """See `StudySet.recalled`; it stays with the set alone, and goes with it."""
        return self._loaded

    @property
    def fingerprint(self) -> str:
        """See `StudySet.fingerprint`."""
        return self._fingerprint
