"""The few header fields that pixels need, read so that no file can make it long or large.

Fields are read by an allow-list: what identifies a person is never held, let alone shown.
"""

import zlib
from io import BytesIO

import pydicom
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset, read_partial
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from core.errors import ExplorerError

_KEYWORDS = (
    "Modality", "BodyPartExamined", "ViewPosition", "ViewCodeSequence",
    "PatientPosition", "PatientOrientation", "SeriesDescription", "ProtocolName",
    "DirectoryRecordSequence",
    "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames",
    "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
    "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio",
    "PixelPaddingValue", "PixelPaddingRangeLimit", "PresentationLUTShape",
    "ModalityLUTSequence", "RescaleSlope", "RescaleIntercept",
    "VOILUTSequence", "WindowCenter", "WindowWidth", "WindowCenterWidthExplanation",
    "VOILUTFunction",
    "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData", "BluePaletteColorLookupTableData",
    "SegmentedRedPaletteColorLookupTableData", "SegmentedGreenPaletteColorLookupTableData",
    "SegmentedBluePaletteColorLookupTableData",
    "ExtendedOffsetTable", "ExtendedOffsetTableLengths", "PixelData",
)  # fmt: skip
_TAGS: list[int | BaseTag] = [tag for word in _KEYWORDS if (tag := tag_for_keyword(word))]
_PIXEL_DATA = 0x7FE00010
_MAX_ELEMENTS = 20_000
_MAX_ITEMS = 20_000  # of a sequence whose length is stated, and fragments of pixel data
_MAX_READS = 200_000  # of tags and lengths, those inside of sequences too: about a second
_ITEM = b"\xfe\xff\x00\xe0"
_MAX_INFLATED = 300 * 2**20
_MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"


class _TooMany(Exception):
    """The file holds more elements than any radiograph."""


class _Counted(BytesIO):
    """Bytes that are read as a header only so often.

    What is parsed is counted, and not what looks like it: a search of the pixels took as long as
    reading them, and refused those whose values are those of an item's tag.
    """

    _left = _MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        """As BytesIO; a tag, a length or an item's start is read by 8 bytes or fewer."""
        if size is not None and 0 <= size <= 8:
            self._left -= 1
            if self._left < 0:
                raise _TooMany
        return super().read(size)


def read_header(data: bytes, name: str) -> Dataset:
    """Header fields and encoded pixels of a DICOM file.

    Raises:
        ExplorerError: no readable header, a DICOMDIR, a header beyond all measure, no pixels.
    """
    try:
        dataset = _read(data, name)
        if _items(dataset) > _MAX_ITEMS:
            raise _TooMany
        kind = str(dataset.file_meta.get("MediaStorageSOPClassUID", ""))  # decoded here
    except ExplorerError:
        raise
    except _TooMany:
        raise _excessive(name) from None
    except Exception:  # a damaged header can fail anywhere: struct, zlib, recursion, charset
        raise ExplorerError(
            f"{name} looks like DICOM but its header cannot be read; export it again."
        ) from None
    if kind == _MEDIA_DIRECTORY or "DirectoryRecordSequence" in dataset:
        raise ExplorerError(f"{name} is a DICOMDIR index without pictures; open an image it lists.")
    if "PixelData" not in dataset:
        raise ExplorerError(f"{name} is DICOM but holds no pixels; export the image itself.")
    return dataset


def _read(data: bytes, name: str) -> Dataset:
    seen = 0

    def stop(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        nonlocal seen
        seen += 1
        if seen > _MAX_ELEMENTS:
            raise _TooMany
        return int(tag) > _PIXEL_DATA

    meta, start = _meta(data)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return read_partial(_Counted(data), stop_when=stop, specific_tags=_TAGS)
    body = _Counted(_inflated(data[start:], name))
    dataset = Dataset(read_dataset(body, False, True, stop_when=stop, specific_tags=_TAGS))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta = meta
    return dataset


def _meta(data: bytes) -> tuple[FileMetaDataset, int]:
    """The file's meta information, and where the data set begins."""
    file = _Counted(data)
    start = 0

    def behind(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        return tag.group != 2

    file.seek(132)
    found = read_dataset(file, False, True, stop_when=behind)
    start = file.tell()
    return FileMetaDataset(found), start


def _items(dataset: Dataset) -> int:
    """Most items that a value may hold which is parsed later: of native pixels, none."""
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    native = syntax is None or (syntax.is_transfer_syntax and not syntax.is_encapsulated)
    starts = (_ITEM, _ITEM[1::-1] + _ITEM[:1:-1])  # by either order of bytes
    tags = set(dataset.keys()) - ({_PIXEL_DATA} if native else set())
    values = [dataset.get_item(tag).value for tag in tags]  # as they lie in the file
    return max((value.count(start) for value in values if isinstance(value, bytes)
                for start in starts), default=0)  # fmt: skip


def _inflated(data: bytes, name: str) -> bytes:
    """Deflated bytes as they were, as long as they stay within bounds."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    found = inflater.decompress(data, _MAX_INFLATED)
    if inflater.unconsumed_tail:
        raise ExplorerError(
            f"{name} unpacks to more than {_MAX_INFLATED // 2**20} MB; export it uncompressed."
        )
    return found


def _excessive(name: str) -> ExplorerError:
    return ExplorerError(
        f"{name} holds more header fields than any radiograph; export the image alone."
    )


def transfer_syntax(dataset: Dataset) -> str:
    """Name of how the pixels are encoded, for messages."""
    found = getattr(dataset, "file_meta", pydicom.Dataset()).get("TransferSyntaxUID", None)
    return found.name if found is not None and found.is_transfer_syntax else "unknown"
