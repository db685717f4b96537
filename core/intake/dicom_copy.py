"""A DICOM file without what identifies: built anew from fields of an allow-list, and no others.

The Basic Application Level Confidentiality Profile (DICOM PS3.15, annex E) lists fields to remove
or replace; its table, from the package dicom-anonymizer, has the last word here: a field of the
allow-list that it names is left out. The allow-list goes further than the profile: what neither
names, private fields, overlays and free text among it, is not copied, and words must be of a known
vocabulary, since people write names wherever they fit. Pixels are decoded and written plain, so
that comments in compressed streams go too; bits beside the pixel's own are cleared.
"""

from collections.abc import Iterator

import numpy as np
from dicomanonymizer.dicom_anonymization_databases.dicomfields_2026c import ALL_TAGS
from numpy.typing import NDArray
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import pixel_array
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

PROFILE = frozenset((tag[0] << 16) | tag[1] for tag in ALL_TAGS if len(tag) == 2)
"""Fields that the profile removes or replaces; ranges (overlays, curves) are not copied anyway."""

_NUMBERS = (
    "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio",
    "PixelPaddingValue", "PixelPaddingRangeLimit", "RescaleSlope", "RescaleIntercept",
    "WindowCenter", "WindowWidth", "ModalityLUTSequence", "VOILUTSequence", "LUTDescriptor",
    "LUTData", "PixelIntensityRelationshipSign",
)  # fmt: skip
_CHEST = ("CHEST", "THORAX", "LUNG", "RIB", "HEART")
_BODY_PARTS = (
    *_CHEST, "RIBS", "ABDOMEN", "ARM", "BREAST", "CLAVICLE",
    "CSPINE", "ELBOW", "EXTREMITY", "FEMUR", "FOOT", "HAND", "HEAD", "HIP", "KNEE", "LEG",
    "LSPINE", "NECK", "PELVIS", "SHOULDER", "SKULL", "SPINE", "TSPINE", "WRIST",
)  # fmt: skip
_WORDS: dict[str, tuple[str, ...]] = {
    "Modality": ("CR", "DX", "DR", "RF", "XA", "RG", "CT", "MR", "MG", "US", "OT", "SC", "PX"),
    "BodyPartExamined": _BODY_PARTS,
    "ViewPosition": ("PA", "AP", "LL", "RL", "LLD", "RLD", "LLO", "RLO", "LAT", "LATERAL", "L"),
    "ImageLaterality": ("R", "L", "U", "B"),
    "Laterality": ("R", "L"),
    "PatientOrientation": ("A", "P", "R", "L", "H", "F"),
    "PresentationLUTShape": ("IDENTITY", "INVERSE"),
    "VOILUTFunction": ("LINEAR", "LINEAR_EXACT", "SIGMOID"),
    "PixelIntensityRelationship": ("LIN", "LOG", "OTHER"),
    "BurnedInAnnotation": ("YES", "NO"),
    "LossyImageCompression": ("00", "01"),
}
KEPT = tuple(w for w in (*_NUMBERS, *_WORDS) if tag_for_keyword(w) not in PROFILE)
"""Keywords that are copied where their value can be nothing but a number or a known word."""


def deidentified(source: Dataset, fallback: NDArray[np.float32]) -> Dataset:
    """The first frame of a radiograph with the header fields of KEPT, under new UIDs.

    Args:
        source: a data set as pydicom reads it, with its pixels.
        fallback: the film (H, W) in 0..255; stands in for stored values that are colours or of a
            layout that cannot be written plain.
    """
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    made.StudyInstanceUID, made.SeriesInstanceUID = generate_uid(), generate_uid()
    inverted = str(source.get("PhotometricInterpretation", "")) == "MONOCHROME1"
    try:
        values, stored = _stored(source)
        made.update({element.tag: element for element in _copied(source)})
        _set_pixels(made, values, "MONOCHROME1" if inverted else "MONOCHROME2", stored)
    except Exception:  # a layout that cannot be written plain; as a film it could be read
        shown = {"Modality", "BodyPartExamined", "ViewPosition", "BurnedInAnnotation"}
        made.update({e.tag: e for e in _copied(source) if e.keyword in shown})
        _set_pixels(made, np.rint(fallback * 257).astype(np.uint16), "MONOCHROME2", 16)
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = generate_uid()
    made.PatientName = made.PatientID = ""
    made.PatientIdentityRemoved = "YES"
    made.DeidentificationMethod = "Header fields of an allow-list; pixels as they were"
    return made


def _set_pixels(made: Dataset, values: NDArray[np.generic], shown: str, stored: int) -> None:
    made.set_pixel_data(values, shown, 8 * values.dtype.itemsize, generate_instance_uid=False)
    # Beyond what set_pixel_data allows: 15 bits of 16 with values that need not fill them.
    made.BitsStored, made.HighBit = stored, stored - 1


def _stored(source: Dataset) -> tuple[NDArray[np.generic], int]:
    """Values of the first frame (H, W) and how many of their bits count."""
    if int(source.get("SamplesPerPixel", 1)) != 1 or "PALETTE" in source.PhotometricInterpretation:
        raise ValueError("colours")
    allocated = int(source.BitsAllocated)
    stored = int(source.get("BitsStored", allocated))
    high = int(source.get("HighBit", stored - 1))
    odd = high != stored - 1 and not source.file_meta.TransferSyntaxUID.is_encapsulated
    values = pixel_array(source, index=0, correct_unused_bits=not odd)
    if odd:  # the pixel's bits are not at the bottom of their word
        width = 8 * values.dtype.itemsize
        if not 0 < stored <= high + 1 <= width:
            raise ValueError("bits outside the word")
        values = np.right_shift(np.left_shift(values, width - 1 - high), width - stored)
    return values, stored


def _copied(source: Dataset) -> Iterator[DataElement]:
    """Elements of KEPT, alone and in sequences, whose value can identify nobody."""
    for keyword in KEPT:
        element = _element(source, keyword)
        if element is None:
            continue
        if element.VR == "SQ":
            items = [Dataset({e.tag: e for e in _copied(item)}) for item in element.value]
            yield DataElement(element.tag, "SQ", Sequence(items))
        elif keyword not in _WORDS or _known(keyword, element.value):
            yield DataElement(element.tag, element.VR, element.value)
        elif keyword == "BodyPartExamined":  # whether it is the chest must not be lost
            chest = any(word in str(element.value).upper() for word in _CHEST)
            yield DataElement(element.tag, "CS", "CHEST" if chest else "OTHER")


def _element(source: Dataset, keyword: str) -> DataElement | None:
    try:
        found = source[keyword]
        return None if found.is_empty else found
    except Exception:  # absent, or not of its kind, such as a name in place of a number
        return None


def _known(keyword: str, value: object) -> bool:
    parts = [value] if isinstance(value, str) else list(value or [])  # type: ignore[call-overload]
    words = _WORDS[keyword]
    if keyword == "PatientOrientation":  # letters can be combined, as in "LF"
        return all(set(str(part)) <= set(words) and len(str(part)) <= 3 for part in parts)
    return all(str(part).strip().upper() in words for part in parts)
