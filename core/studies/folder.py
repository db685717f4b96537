"""A folder of images as a study set without reports or labels."""

from pathlib import Path

import pandas as pd

from core.errors import ExplorerError
from core.studies.manifest import ManifestSet, _complete

_SUFFIXES = {".png", ".jpg", ".jpeg", ".dcm", ".dicom"}


def open_folder(path: Path) -> ManifestSet:
    """All PNG, JPEG and DICOM files of a folder and those below it, by name.

    Raises:
        ExplorerError: the folder holds no such file.
    """
    root = path.resolve()
    files = sorted(
        file.relative_to(root).as_posix()
        for file in root.rglob("*")
        if file.suffix.lower() in _SUFFIXES and file.is_file()
    )
    if not files:
        raise ExplorerError(f"The folder {path.name} holds no PNG, JPEG or DICOM file.")
    found = ManifestSet(root / "manifest.csv", _complete(pd.DataFrame({"id": files,
                                                                       "image": files})), ())
    found.spec = str(path)
    return found
