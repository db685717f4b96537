"""Boxes and maps of a model that is not here, to be measured beside ours.

What a model found is handed over as a file: boxes as JSON, or a folder of maps. A study that it was
not run on is an error, not a miss; a study on which it found nothing is a miss.
"""

import json
from abc import ABC, abstractmethod
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from core.errors import ExplorerError
from core.films.limits import MAX_BYTES, refuse_size
from core.studies.study import Box

Map = NDArray[np.float32]
_PEAK = 1e-3  # of a score: the point of a box is its centre
_SUFFIXES = (".npy", ".png")


class GivenMaps(ABC):
    """Maps by study and finding."""

    name: str  # in tables, with what it was read from

    @abstractmethod
    def of(self, study: str, finding: str, shape: tuple[int, int]) -> Map:
        """A map (H, W) at `shape`, that of the study's image; all zero where nothing was found.

        Raises:
            ExplorerError: nothing is said of the study, or what is said cannot be read.
        """


class GivenBoxes(GivenMaps):
    """Scored boxes: a pixel has the score of the best box around it, most in that box's centre."""

    def __init__(self, path: Path, content: bytes | None = None, study: str = "") -> None:
        """Read `{study: [{"label", "x", "y", "w", "h", "score"}]}`, in pixels of the study's image.

        `score` is positive, by default 1; an empty list says that nothing was found.

        Args:
            content: of the file, where it was handed in and lies nowhere.
            study: whose boxes they are where the file is a list alone; "" refuses a list.

        Raises:
            ExplorerError: the file cannot be read or a box of it makes no sense; says which.
        """
        self.name = f"boxes:{path.stem}"
        self._path = path
        by_study = _by_study(path, _bytes(path) if content is None else content, study)
        self._boxes = {
            study: [self._box(study, box) for box in boxes] for study, boxes in by_study.items()
        }

    def _box(self, study: str, box: Any) -> tuple[Box, float]:
        try:
            x, y, w, h = (float(box[side]) for side in ("x", "y", "w", "h"))
            score = float(box.get("score", 1))
            label = box["label"]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ExplorerError(
                f"{self._path.name}, study {study}: a box is {{label, x, y, w, h}} with numbers in "
                f"pixels, and perhaps a score; this is {str(box)[:80]}."
            ) from None
        if not np.isfinite([x, y, w, h, score]).all() or min(w, h, score) <= 0:
            raise ExplorerError(
                f"{self._path.name}, study {study}: width, height and score of a box are finite "
                f"and above 0; this is {str(box)[:80]}."
            )
        return Box(str(label), x, y, w, h), score

    def of(self, study: str, finding: str, shape: tuple[int, int]) -> Map:
        """See `GivenMaps.of`."""
        if study not in self._boxes:
            raise _unsaid(self._path, study, "an empty list says that nothing was found there")
        drawn = np.zeros(shape, np.float32)
        for box, score in self._boxes[study]:
            if box.label == finding:
                self._draw(drawn, box, score, study)
        return drawn

    def _draw(self, drawn: Map, box: Box, score: float, study: str) -> None:
        height, width = drawn.shape
        left, top = max(round(box.x), 0), max(round(box.y), 0)
        right = min(max(round(box.x + box.w), left + 1), width)
        bottom = min(max(round(box.y + box.h), top + 1), height)
        if left >= width or top >= height or right <= left or bottom <= top:
            raise ExplorerError(
                f"{self._path.name}, study {study}: a box of {box.label} lies outside the image of "
                f"{width} x {height} pixels; boxes count in its pixels."
            )
        y = np.arange(top, bottom)[:, None] + 0.5 - (box.y + box.h / 2)
        x = np.arange(left, right)[None] + 0.5 - (box.x + box.w / 2)
        peak = np.float32(score) * (1 - _PEAK * np.hypot(x / box.w, y / box.h))
        np.maximum(drawn[top:bottom, left:right], peak, out=drawn[top:bottom, left:right])


class GivenFolder(GivenMaps):
    """Maps as files: FOLDER/STUDY/FINDING.npy or .png, over the whole image, of any size."""

    def __init__(self, folder: Path) -> None:
        """Of a folder; its files are read when they are asked for.

        Raises:
            ExplorerError: there is no such folder.
        """
        if not folder.is_dir():
            raise ExplorerError(
                f"There is no folder {folder}; maps lie in FOLDER/STUDY/FINDING.npy or .png."
            )
        self.name = f"maps:{folder.resolve().name}"
        self._folder = folder.resolve()

    def of(self, study: str, finding: str, shape: tuple[int, int]) -> Map:
        """See `GivenMaps.of`; stretched to `shape` by bilinear interpolation."""
        place = (self._folder / study).resolve()
        if not place.is_relative_to(self._folder) or not place.is_dir():
            raise _unsaid(self._folder, study, "an empty folder says that nothing was found there")
        files = [place / f"{finding}{suffix}" for suffix in _SUFFIXES]
        path = next((file for file in files if file.is_file()), None)
        if path is None:
            return np.zeros(shape, np.float32)
        try:
            with path.open("rb") as stream:
                return _stretched(str(path), _values(str(path), stream), shape)
        except OSError as error:
            raise ExplorerError(f"{path} cannot be read as a map ({error}).") from None


class GivenFilmMap(GivenMaps):
    """One map of one film, as .npy or PNG, that was handed in: whatever study and finding."""

    def __init__(self, name: str, content: bytes) -> None:
        """Read it.

        Args:
            name: of the file.

        Raises:
            ExplorerError: it is no map.
        """
        self.name = f"maps:{Path(name).stem}"
        self._file, self._values = name, _values(name, BytesIO(content))
        _stretched(name, self._values, (1, 1))

    def of(self, study: str, finding: str, shape: tuple[int, int]) -> Map:
        """See `GivenMaps.of`; stretched to `shape` by bilinear interpolation."""
        return _stretched(self._file, self._values, shape)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ExplorerError(f"{path} has more than {MAX_BYTES // 2**20} MB; split the set.")
        return path.read_bytes()
    except OSError as error:
        raise ExplorerError(f"{path} cannot be read as JSON ({error}).") from None


def _by_study(path: Path, raw: bytes, study: str) -> dict[str, list[Any]]:
    try:
        content = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ExplorerError(f"{path} cannot be read as JSON ({error}).") from None
    if study and isinstance(content, list):
        content = {study: content}
    if not isinstance(content, dict) or not all(isinstance(v, list) for v in content.values()):
        raise ExplorerError(
            f'{path} holds no boxes by study: {{"study": [{{"label", "x", "y", "w", "h"}}]}}.'
        )
    return content


def _values(name: str, stream: BinaryIO) -> NDArray[Any]:
    try:
        if name.endswith(".npy"):
            return _npy(name, stream)
        with Image.open(stream, formats=("PNG",)) as picture:
            refuse_size(name, picture.height, picture.width)
            return np.asarray(picture if picture.mode.startswith("I") else picture.convert("L"))
    except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ExplorerError(f"{name} cannot be read as a map ({error}).") from None


def _npy(name: str, stream: BinaryIO) -> NDArray[Any]:
    """An array, whose header is looked at before memory is taken for what it promises."""
    first = np.lib.format.read_magic(stream) == (1, 0)
    header = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    shape, _, dtype = header(stream)
    if len(shape) != 2 or dtype.kind not in "fiub":
        return np.empty(0)
    refuse_size(name, *shape)
    stream.seek(0)
    return np.asarray(np.load(stream, allow_pickle=False))


def _stretched(name: str, values: NDArray[Any], shape: tuple[int, int]) -> Map:
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise ExplorerError(f"{name} is no map: it is (H, W) of finite numbers.")
    stretched = Image.fromarray(values.astype(np.float32)).resize(
        shape[::-1], Image.Resampling.BILINEAR
    )
    return np.asarray(stretched)


def _unsaid(place: Path, study: str, instead: str) -> ExplorerError:
    return ExplorerError(f"{place} says nothing of study {study}, which has truth; {instead}.")
