"""Pixels of a DICOM file as a radiologist sees them (DICOM PS3.3 C.11, PS3.14).

Order: modality LUT or rescale, then VOI LUT or window, then inversion for MONOCHROME1. Header
fields are read by an allow-list; nothing that identifies a person leaves this module.
"""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError
from pydicom.pixels import apply_modality_lut, apply_voi_lut, pixel_array

from core.errors import ExplorerError
from core.studies.images import LoadedImage, refuse_size

_PROJECTION = ("CR", "DX", "DR", "RF", "XA", "RG")
_CHEST = ("CHEST", "THORAX", "LUNG", "RIB", "HEART", "")
_FLAT = 10  # grey levels; a window that leaves less than this of the picture does not fit it
_MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"


def read_dicom(data: bytes, name: str) -> LoadedImage:
    """Decode a DICOM file.

    Raises:
        ExplorerError: no pixels, a DICOMDIR, colour, an unknown compression or damage.
    """
    with _quiet():
        try:
            dataset = pydicom.dcmread(io.BytesIO(data))
        except (InvalidDicomError, OSError, ValueError, KeyError, EOFError, AttributeError,
                NotImplementedError, TypeError):  # fmt: skip
            raise ExplorerError(
                f"{name} looks like DICOM but its header cannot be read; export it again."
            ) from None
        return _decode(dataset, name)


@contextmanager
def _quiet() -> Iterator[None]:
    """No words from pydicom: it warns of odd values, a person's among them, and logs tracebacks."""
    logger = logging.getLogger("pydicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _decode(dataset: pydicom.Dataset, name: str) -> LoadedImage:
    if str(dataset.get("MediaStorageSOPClassUID", "")) == _MEDIA_DIRECTORY or (
        "DirectoryRecordSequence" in dataset
    ):
        raise ExplorerError(f"{name} is a DICOMDIR index without pictures; open an image it lists.")
    if "PixelData" not in dataset:
        raise ExplorerError(f"{name} is DICOM but holds no pixels; export the image itself.")
    try:
        frames = int(dataset.get("NumberOfFrames", 1) or 1)
        rows, columns = int(dataset.Rows), int(dataset.Columns)
        refuse_size(name, rows, columns, frames)
        if int(dataset.get("SamplesPerPixel", 1)) != 1:
            raise ExplorerError(f"{name} is a colour DICOM; a radiograph has one grey channel.")
        stored = pixel_array(dataset, index=0)
        shown = _present(stored, dataset, windowed=True)
        notes = _notes(dataset, frames)
        if float(np.ptp(np.percentile(shown, [5, 95]))) < _FLAT:
            shown = _present(stored, dataset, windowed=False)
            notes.append("The header's window does not fit the picture; its own range is shown.")
    except ExplorerError:
        raise
    except Exception:  # decoders raise what they like; the reader needs one sentence
        syntax = getattr(dataset, "file_meta", pydicom.Dataset()).get("TransferSyntaxUID", None)
        kind = syntax.name if syntax is not None else "unknown"
        raise ExplorerError(
            f"{name} cannot be decoded (compression: {kind}); export it uncompressed or check "
            "that the file is whole."
        ) from None
    return LoadedImage(shown, "DICOM", tuple(notes))


def _present(
    stored: NDArray[np.number], dataset: pydicom.Dataset, windowed: bool
) -> NDArray[np.float32]:
    """Stored values (H, W) to 0..255 with dense bright, by window or by percentiles."""
    values = np.asarray(apply_modality_lut(stored, dataset))
    padding = _padding(stored, dataset)
    inverted = str(dataset.get("PhotometricInterpretation", "")) == "MONOCHROME1"
    has_window = "VOILUTSequence" in dataset or dataset.get("WindowWidth") not in (None, "")
    if windowed and has_window:
        values = np.asarray(apply_voi_lut(values, dataset), dtype=np.float64)
        low, high = _output_range(values, dataset)
    else:
        values = values.astype(np.float64)
        body = values[~padding] if padding.any() and not padding.all() else values
        low, high = np.percentile(body, [0.5, 99.5])
    scaled = np.clip((values - low) / max(high - low, 1e-6), 0, 1)
    scaled = 1 - scaled if inverted else scaled
    scaled[padding] = 0
    return (255 * scaled).astype(np.float32)


def _output_range(values: NDArray[np.float64], dataset: pydicom.Dataset) -> tuple[float, float]:
    """What a window or VOI LUT maps to; the picture's own range where that is unknown.

    A window maps to the whole range of the stored values, which the picture need not reach.
    """
    if "VOILUTSequence" in dataset:
        bits = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
        return 0.0, float(2**bits - 1)
    bits = int(dataset.get("BitsStored", 16))
    low, high = 0.0, float(2**bits - 1)
    if int(dataset.get("PixelRepresentation", 0)):
        low, high = -float(2 ** (bits - 1)), float(2 ** (bits - 1) - 1)
    if "ModalityLUTSequence" not in dataset and "RescaleSlope" in dataset:
        slope, intercept = float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
        low, high = low * slope + intercept, high * slope + intercept
    if values.min() < low - 1 or values.max() > high + 1:
        return float(values.min()), float(values.max())
    return low, high


def _padding(stored: NDArray[np.number], dataset: pydicom.Dataset) -> NDArray[np.bool_]:
    """Pixels outside the picture (PS3.3 C.7.5.1.1.2)."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, bool)
    limit = dataset.get("PixelPaddingRangeLimit", value)
    low, high = sorted((int(value), int(limit)))
    return np.asarray((stored >= low) & (stored <= high))


def _notes(dataset: pydicom.Dataset, frames: int) -> list[str]:
    notes = []
    if frames > 1:
        notes.append(f"The file holds {frames} frames; the first is shown.")
    modality = str(dataset.get("Modality", "")).upper()[:8]
    if modality and modality not in _PROJECTION:
        notes.append(f"The header says modality {modality}, not a projection radiograph.")
    part = str(dataset.get("BodyPartExamined", "")).upper()[:24]
    if not any(known and known in part for known in _CHEST) and part:
        notes.append(f"The header says body part {part}, not the chest.")
    view = str(dataset.get("ViewPosition", "")).upper()
    if view in ("LL", "RL", "LATERAL", "LAT", "L"):
        notes.append("The header says a lateral view; the models know frontal views only.")
    return notes
