"""Header values as they lie in the file, whatever their VR says and pydicom would refuse.

Optional fields may hold anything: `2048\\`, `2048,0`, `[2048, 2048]`, words under UN or SS. Nothing
here raises; what is no number is None, and the caller says what is left out.
"""

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import ExplicitVRBigEndian

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?")
_TEXT_VR = {"DS", "IS", "LO", "SH", "LT", "ST", "UT", "CS", "PN", "AS", "UI", "DA", "TM", "DT"}
_LAYOUTS = {"UL": "u4", "SL": "i4", "FL": "f4", "FD": "f8", "OF": "f4", "OD": "f8", "OL": "u4"}
_MOST = 2**17  # values read of one field: a table has at most 65,536
_TEXT_FIELDS = {
    "WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept", "NumberOfFrames",
    "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio",
}  # fmt: skip


def present(dataset: Dataset, keyword: str) -> bool:
    """Whether a field is there with anything in it."""
    element = _element(dataset, keyword)
    if element is None:
        return False
    value = element.value
    if isinstance(value, bytes | str):
        return bool(value.strip(b"\0 ") if isinstance(value, bytes) else value.strip("\0 "))
    return value is not None and not (hasattr(value, "__len__") and len(value) == 0)


def numbers(dataset: Dataset, keyword: str) -> list[float | None]:
    """The values of a field in order, None for each that is no finite number; [] without it."""
    element = _element(dataset, keyword)
    if element is None or element.value is None:
        return []
    value = element.value
    if isinstance(value, bytes):
        text = str(element.VR) in _TEXT_VR or (
            keyword in _TEXT_FIELDS and str(element.VR) not in (*_LAYOUTS, "US", "SS")
        )
        parts = _texts(value.decode("latin-1")) if text else _words(dataset, element).tolist()
    elif isinstance(value, str):
        parts = _texts(value)
    else:
        several = isinstance(value, MultiValue | list | tuple | np.ndarray)
        parts = list(value)[:_MOST] if several else [value]
    return [_number(part) for part in parts]


def words(dataset: Dataset, keyword: str) -> NDArray[np.uint16]:
    """A field of 16-bit words as their patterns (n,), signed or not; [] without it."""
    element = _element(dataset, keyword)
    if element is None or element.value is None:
        return np.zeros(0, np.uint16)
    if isinstance(element.value, bytes) and str(element.VR) not in _TEXT_VR:
        return _words(dataset, element).astype(np.int64).astype(np.uint16)
    usable = [value for value in numbers(dataset, keyword) if value is not None]
    usable = [value for value in usable if abs(value) < 2**31]
    return np.array(usable, dtype=np.float64).astype(np.int64).astype(np.uint16)


def octets(dataset: Dataset, keyword: str) -> bytes:
    """A field of words or bytes as bytes, words the low byte first; b"" without it."""
    element = _element(dataset, keyword)
    if element is None or element.value is None:
        return b""
    vr = str(element.VR)
    if not isinstance(element.value, bytes) or vr in _TEXT_VR or vr in _LAYOUTS:
        return words(dataset, keyword).astype("<u2").tobytes()
    if vr == "OB":
        return element.value
    return _words(dataset, element).astype("<u2").tobytes() + element.value[
        len(element.value) // 2 * 2 :
    ]


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; none where it is no sequence."""
    try:
        value = dataset.get(keyword)
        return [item for item in value or [] if isinstance(item, Dataset)]
    except Exception:  # of another VR or damaged; such a field is optional
        return []


def word(dataset: Dataset, keyword: str) -> str:
    """A field as one word in capitals; "" where it is absent or cannot be read."""
    try:
        value = dataset.get(keyword)
    except Exception:  # of another VR or damaged; such a field is optional
        return ""
    if isinstance(value, MultiValue | list | tuple):
        value = value[0] if value else ""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return str("" if value is None else value).strip("\0 ").upper()


def texts(dataset: Dataset, keyword: str) -> list[str]:
    """The values of a text field, in order; none where it is absent or cannot be read."""
    try:
        value = dataset.get(keyword)
    except Exception:  # of another VR or damaged; such a field is optional
        return []
    if value is None or value == "":
        return []
    several = isinstance(value, MultiValue | list | tuple)
    return [str(part).strip() for part in (value if several else [value])]


def signed(pattern: int, bits: int) -> int:
    """The low bits of a pattern as a number in two's complement.

    >>> signed(63536, 16), signed(0xFFF, 12), signed(5, 12)
    (-2000, -1, 5)
    """
    value = pattern & (2**bits - 1)
    return value - 2**bits if value >> (bits - 1) else value


def _element(dataset: Dataset, keyword: str) -> Any:
    """An element as it was read, not converted; None where there is none."""
    tag = tag_for_keyword(keyword)
    try:
        return dataset.get_item(tag) if tag is not None else None
    except Exception:  # deferred and gone
        return None


def _texts(text: str) -> list[str]:
    return text.rstrip("\0 ").split("\\")[:_MOST]


def _words(dataset: Dataset, element: Any) -> NDArray[Any]:
    """Bytes as numbers of their VR's size, of the file's order of bytes."""
    if isinstance(element, RawDataElement):
        order = "<" if element.is_little_endian else ">"
    else:  # a field of bytes keeps the file's order, see PS3.5 on OW
        order = ">" if _big_endian(dataset) else "<"
    layout = _LAYOUTS.get(str(element.VR), "i2" if element.VR == "SS" else "u2")
    size = int(layout[1])
    data = element.value[: _MOST * size]
    return np.frombuffer(data[: len(data) // size * size], dtype=order + layout)


def _big_endian(dataset: Dataset) -> bool:
    meta = getattr(dataset, "file_meta", None)
    if meta is not None and "TransferSyntaxUID" in meta:
        return bool(meta.TransferSyntaxUID == ExplicitVRBigEndian)
    return getattr(dataset, "original_encoding", (None, True))[1] is False


def _number(value: object) -> float | None:
    if isinstance(value, str):
        text = value.strip("\0 ")
        return _finite(float(text)) if _NUMBER.fullmatch(text) else None
    try:
        return _finite(float(value))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
