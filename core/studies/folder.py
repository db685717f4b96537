"""A folder of images as a study set without reports or labels."""

import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from core.errors import ExplorerError
from core.films.read import HEAD_BYTES, looks_like_image
from core.studies.manifest import ManifestSet, complete

_NAMED = (".png", ".jpg", ".jpeg", ".jfif", ".dcm", ".dicom", ".dic", ".ima")
_LEFT_BY_ARCHIVES = "__MACOSX"


def open_folder(path: Path) -> ManifestSet:
    """All PNG, JPEG and DICOM files of a folder and those below it, by content and in order.

    Files called like an image that are none are listed as problems.

    Raises:
        ExplorerError: the folder holds no such file.
    """
    root = path.resolve()
    files, problems = [], []
    for name in sorted(visible_files(root)):
        if _is_image(root / name):
            files.append(name)
        elif name.lower().endswith(_NAMED):
            problems.append(f"{name} is no PNG, JPEG or DICOM file, or an empty one.")
    if not files:
        raise ExplorerError(f"The folder {path.name} holds no PNG, JPEG or DICOM file.")
    table, _ = complete(pd.DataFrame({"id": files, "image": files}))
    studies = ManifestSet(root / "manifest.csv", table, tuple(problems))
    studies.spec = str(path)
    return studies


def visible_files(root: Path) -> Iterator[str]:
    """Files of a folder and those below it, relative to it, folder by folder in order.

    Hidden ones are not among them, nor what macOS puts into archives; links to folders are not
    followed.
    """
    for folder, folders, names in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if not _hidden(name))
        for name in sorted(names):
            if not _hidden(name):
                yield (Path(folder) / name).relative_to(root).as_posix()


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == _LEFT_BY_ARCHIVES


def _is_image(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return looks_like_image(file.read(HEAD_BYTES))
    except OSError:
        return False
