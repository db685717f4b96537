"""A CT from a NIfTI file, read slab by slab, and not before its size is known."""

import gzip
import logging
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.ct.volume import CtVolume, check_count, from_affine, limited
from core.errors import ExplorerError

SUFFIXES = (".nii", ".nii.gz")
_SLAB = 16  # slices
_MILLIMETRES = {"meter": 1000.0, "micron": 0.001}


def read_nifti(path: Path) -> CtVolume:
    """The volume of a .nii or .nii.gz file.

    Raises:
        ExplorerError: it cannot be read, says not where it lies, or is too large.
    """
    import nibabel

    logging.getLogger("nibabel.global").setLevel(logging.CRITICAL)  # ours is the one sentence
    name = path.name
    try:
        image = nibabel.Nifti1Image.from_filename(path, mmap=False, keep_file_open=True)
    except Exception as error:  # a damaged header fails anywhere, by errors of many modules
        return _second(path, error)
    return _volume(image, name)


def _second(path: Path, error: Exception) -> CtVolume:
    """NIfTI-2 has a header of its own; what is neither is refused."""
    import nibabel

    try:
        image = nibabel.Nifti2Image.from_filename(path, mmap=False, keep_file_open=True)
    except Exception:  # whatever a broken header breaks
        raise _unreadable(path.name) from error
    return _volume(image, path.name)


def _volume(image, name: str) -> CtVolume:  # type: ignore[no-untyped-def]  # nibabel has no types
    header = image.header
    shape = tuple(int(n) for n in header.get_data_shape())
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    check_count(name, shape)
    if int(header["sform_code"]) == 0 and int(header["qform_code"]) == 0:
        raise ExplorerError(
            f"{name} does not say which way the patient lies (neither sform nor qform is set); "
            "convert it again from the DICOM series."
        )
    affine = np.array(image.affine, float)
    affine[:3] *= _MILLIMETRES.get(header.get_xyzt_units()[0], 1.0)
    return from_affine(_values(image, shape, name), affine, name)


def _values(image, shape: tuple[int, ...], name: str) -> NDArray[np.int16]:  # type: ignore[no-untyped-def]
    """Hounsfield units (I, J, K); slices lie one behind the other in the file, and are read so."""
    values = np.empty(shape[::-1], np.int16)
    try:
        for first in range(0, shape[2], _SLAB):
            slab = np.asanyarray(image.dataobj[..., first : first + _SLAB] if image.ndim == 3
                                 else image.dataobj[..., first : first + _SLAB, 0])  # fmt: skip
            if slab.dtype.kind not in "iuf":
                raise ExplorerError(f"{name} holds colours or complex numbers, which no CT has.")
            values[first : first + _SLAB] = limited(slab).T
    except (OSError, ValueError, EOFError, zlib.error, gzip.BadGzipFile, MemoryError):
        raise _unreadable(name) from None
    return values.T


def _unreadable(name: str) -> ExplorerError:
    return ExplorerError(
        f"{name} cannot be read as NIfTI: it is damaged, cut off or of another format; give a .nii "
        "or .nii.gz file, or the folder of a DICOM series."
    )
