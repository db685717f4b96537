"""A DICOM file without what identifies: built anew from fields of an allow-list, and no others.

The Basic Application Level Confidentiality Profile (DICOM PS3.15, annex E) lists fields to remove
or replace; its table, from the package dicom-anonymizer, has the last word here: a field of the
allow-list that it names is left out. The allow-list goes further than the profile: what neither
names, private fields, overlays and free text among it, is not copied, and words must be of a known
vocabulary, since people write names wherever they fit. Pixels are decoded and written plain, so
that comments in compressed streams go too. Bits beside the stored ones can be an overlay with a
name in it: they are cleared (in signed pixels, filled with the sign).
"""

from collections.abc import Iterator

import numpy as np
from dicomanonymizer.dicom_anonymization_databases.dicomfields_2026c import ALL_TAGS
from numpy.typing import NDArray
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid
from pydicom.valuerep import DSfloat

from core.films.dicom.luts import plain_item
from core.films.dicom.pixels import stored_values
from core.films.dicom.values import items, numbers, signed, words

PROFILE = frozenset((tag[0] << 16) | tag[1] for tag in ALL_TAGS if len(tag) == 2)
"""Fields that the profile removes or replaces; ranges (overlays, curves) are not copied anyway."""

_NUMBERS = (
    "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio",
    "PixelPaddingValue", "PixelPaddingRangeLimit", "RescaleSlope", "RescaleIntercept",
    "WindowCenter", "WindowWidth", "ModalityLUTSequence", "VOILUTSequence", "LUTDescriptor",
    "LUTData", "PixelIntensityRelationshipSign",
)  # fmt: skip
_ENTRIES = ("LUTDescriptor", "LUTData")
_TABLES = ("ModalityLUTSequence", "VOILUTSequence")
_PATTERNS = ("PixelPaddingValue", "PixelPaddingRangeLimit")  # whose sign is that of the pixels
_WINDOWS = ("WindowCenter", "WindowWidth")
_RESCALING = ("RescaleSlope", "RescaleIntercept")
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
    try:
        stored = stored_values(source, "The file")
        photometric = source.PhotometricInterpretation
        if photometric not in ("MONOCHROME1", "MONOCHROME2"):
            raise ValueError("colours")
        made.update({element.tag: element for element in _copied(source)})
        _set_pixels(made, stored.values, photometric, stored.bits)
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


def _copied(source: Dataset) -> Iterator[DataElement]:
    """Elements of KEPT whose value can identify nobody: usable numbers and known words."""
    for keyword in KEPT:
        tag = tag_for_keyword(keyword)
        assert tag is not None
        if keyword in _ENTRIES:  # stand in the items of tables alone
            continue
        if keyword in _WORDS:
            yield from _copied_word(source, keyword)
        elif keyword in _TABLES:
            plain = [item for old in items(source, keyword) if (item := plain_item(old))]
            if plain:
                yield DataElement(tag, "SQ", Sequence(plain))
        elif keyword in _PATTERNS:
            patterns = set(words(source, keyword).tolist())
            if len(patterns) == 1:
                yield DataElement(tag, "US", patterns.pop())
        else:
            yield from _copied_numbers(source, keyword)


def _copied_numbers(source: Dataset, keyword: str) -> Iterator[DataElement]:
    """A field of numbers; of windows and rescalings those that are numbers in both their fields."""
    values = numbers(source, keyword)
    if keyword in _RESCALING:
        whole = None not in [v for other in _RESCALING for v in numbers(source, other)[:1]]
        values = values[:1] if whole else []
    if keyword in _WINDOWS:
        pairs = zip(*(numbers(source, other) for other in _WINDOWS), strict=False)
        values = [pair[_WINDOWS.index(keyword)] for pair in pairs if None not in pair]
    if values and None not in values:
        tag = tag_for_keyword(keyword)
        assert tag is not None
        vr = dictionary_VR(tag)
        written = [_as(vr, value) for value in values if value is not None]
        yield DataElement(tag, vr, written if len(written) > 1 else written[0])


def _as(vr: str, value: float) -> int | DSfloat:
    if vr == "DS":
        return DSfloat(value, auto_format=True)
    return signed(int(value), 16) if vr == "SS" else int(value)


def _copied_word(source: Dataset, keyword: str) -> Iterator[DataElement]:
    element = _element(source, keyword)
    if element is None:
        return
    if _known(keyword, element.value):
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
