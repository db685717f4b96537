"""A CT from the slices of a DICOM series: ordered by where they lie, never by file name or number.

Where a slice lies is in ImagePositionPatient and ImageOrientationPatient (PS3.3 C.7.6.2.1.1); the
tags of a gantry's tilt and of the slices' numbers, whose signs and orders differ between makers,
are not asked.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray

from core.ct.volume import CtVolume, Points, check_count, from_affine, limited
from core.errors import ExplorerError
from core.films.dicom.header import read_header
from core.films.dicom.pixels import stored_values
from core.films.dicom.values import numbers
from core.films.limits import MAX_BYTES

_WANTED = ["ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns",
           "SeriesInstanceUID", "Modality", "NumberOfFrames"]  # fmt: skip
_MOST_FILES = 5_000
_UNEVEN = 0.1  # of the distance between slices
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])


@dataclass(frozen=True)
class _Slice:
    path: Path
    position: tuple[float, ...]  # mm, of the middle of its first pixel
    orientation: tuple[float, ...]  # of a row, then of a column
    spacing: tuple[float, float]  # mm between rows, between columns
    shape: tuple[int, int]
    series: str  # which of the folder's it belongs to; held while the folder is read


def read_series(folder: Path) -> CtVolume:
    """The volume of the one CT series that a folder holds.

    Raises:
        ExplorerError: no series or several, slices missing or doubled, or one cannot be decoded.
    """
    slices = _one_series(folder)
    normal = np.cross(slices[0].orientation[:3], slices[0].orientation[3:])
    slices.sort(key=lambda one: float(np.dot(normal, one.position)))
    step = _step(slices, normal, folder.name)
    shape = (*slices[0].shape, len(slices))
    check_count(folder.name, shape)
    values = np.empty(shape[::-1], np.int16)  # (K, J... of a slice: rows, columns)
    values = values.reshape(len(slices), *slices[0].shape)
    for number, one in enumerate(slices):
        values[number] = _pixels(one)
    affine = np.eye(4)
    first = slices[0]
    # By (slice, row, column): a step down a column goes along the column's direction.
    affine[:3, 0] = _LPS_TO_RAS @ step
    affine[:3, 1] = _LPS_TO_RAS @ np.multiply(first.orientation[3:], first.spacing[0])
    affine[:3, 2] = _LPS_TO_RAS @ np.multiply(first.orientation[:3], first.spacing[1])
    return from_affine(values, affine, folder.name)


def _one_series(folder: Path) -> list[_Slice]:
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    if len(paths) > _MOST_FILES:
        raise ExplorerError(
            f"{folder.name} holds {len(paths)} files, over the limit of {_MOST_FILES}; give the "
            "folder of one CT series."
        )
    series: dict[str, list[_Slice]] = {}
    for path in paths:
        if one := _header(path):
            series.setdefault(one.series, []).append(one)
    long = {key: many for key, many in series.items() if len(many) >= 8}  # scouts have few
    if len(long) != 1:
        what = "no CT series of 8 slices or more" if not long else f"{len(long)} CT series"
        raise ExplorerError(
            f"{folder.name} holds {what}; give the folder of one DICOM series, or a NIfTI file."
        )
    slices = next(iter(long.values()))
    turned = {tuple(np.round(one.orientation, 3)) + one.spacing + one.shape for one in slices}
    if len(turned) > 1:
        raise ExplorerError(
            f"The slices in {folder.name} differ in size or direction; give one series of parallel "
            "slices."
        )
    return slices


def _header(path: Path) -> _Slice | None:
    """Where a slice lies; None of what is no CT slice."""
    try:
        told = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(_WANTED))
        if str(told.get("Modality", "CT")) != "CT":
            return None
        position = tuple(float(v) for v in told.ImagePositionPatient)
        orientation = tuple(float(v) for v in told.ImageOrientationPatient)
        spacing = tuple(float(v) for v in told.PixelSpacing)
        shape = (int(told.Rows), int(told.Columns))
    except Exception:  # a damaged header can fail anywhere; other files are not CT
        return None
    values = np.array([*position, *orientation, *spacing])
    if (
        len(values) != 11
        or not np.isfinite(values).all()
        or int(told.get("NumberOfFrames") or 1) > 1
    ):
        return None
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    if abs(np.linalg.norm(row) - 1) + abs(np.linalg.norm(column) - 1) + abs(row @ column) > 0.05:
        return None
    series = str(told.get("SeriesInstanceUID", ""))
    return _Slice(path, position, orientation, (spacing[0], spacing[1]), shape, series)


def _step(slices: list[_Slice], normal: Points, name: str) -> Points:
    """mm from one slice to the next (3,): not along the normal where the gantry was tilted.

    Raises:
        ExplorerError: the distances differ, so that slices are missing or doubled.
    """
    places = np.array([one.position for one in slices])
    along = np.diff(places @ normal)
    usual = float(np.median(along))
    if usual <= 0 or (abs(along - usual) > _UNEVEN * usual).any():
        worst = int(np.argmax(abs(along - usual)))
        raise ExplorerError(
            f"Slices of {name} are missing or doubled: {worst + 1} and {worst + 2} by place lie "
            f"{along[worst]:.2f} mm apart, the others {usual:.2f}; export the whole series."
        )
    step: Points = (places[-1] - places[0]) / (len(slices) - 1)
    return step


def _pixels(one: _Slice) -> NDArray[np.int16]:
    """Hounsfield units (rows, columns) of a slice."""
    name = one.path.name
    if one.path.stat().st_size > MAX_BYTES:
        raise ExplorerError(f"{name} has over 200 MB, which no slice has.")
    dataset = read_header(one.path.read_bytes(), name)
    try:
        stored = stored_values(dataset, name).values.astype(np.float32)
        slope = float((numbers(dataset, "RescaleSlope") or [1.0])[0] or 0.0)
        intercept = float((numbers(dataset, "RescaleIntercept") or [0.0])[0] or 0.0)
    except ExplorerError:
        raise
    except Exception:  # whatever a decoder raises on damaged data
        stored = np.empty(0, np.float32)
    if stored.shape != one.shape:
        raise ExplorerError(f"The pixels of the slice {name} cannot be decoded; export it again.")
    return limited(stored * slope + intercept)
