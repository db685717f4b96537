"""Small DICOM files that tests write, in every transfer syntax that can be encoded here."""

import io
import struct
from typing import Any

import numpy as np
import pydicom
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

NAME = "DOE^JANE"
RAMP = np.tile(np.linspace(0, 4095, 128), (96, 1)).astype(np.uint16)
NATIVE = (
    uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
)  # fmt: skip
LOSSLESS = (uid.RLELossless, uid.JPEG2000Lossless, uid.JPEGLSLossless)
LOSSY = (uid.JPEG2000, uid.JPEGLSNearLossless)


def dicom(
    pixels: np.ndarray | None = RAMP,
    bits: int = 12,
    syntax: uid.UID = uid.ExplicitVRLittleEndian,
    **fields: Any,
) -> bytes:
    """A file of (H, W), (frames, H, W) or, with SamplesPerPixel=3, (H, W, 3) pixels."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = (
        syntax if syntax in NATIVE else uid.ExplicitVRLittleEndian
    )
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = (
        uid.SecondaryCaptureImageStorage
    )
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid.generate_uid()
    dataset.PatientName, dataset.PatientID = NAME, "MRN-4711"
    dataset.Modality, dataset.BodyPartExamined = "DX", "CHEST"
    dataset.PhotometricInterpretation = "MONOCHROME2"
    if pixels is not None:
        colours = fields.get("SamplesPerPixel") == 3
        dataset.Rows, dataset.Columns = pixels.shape[:2] if colours else pixels.shape[-2:]
        dataset.BitsAllocated = 8 * pixels.dtype.itemsize
        dataset.BitsStored, dataset.HighBit = bits, bits - 1
        dataset.SamplesPerPixel = 1
        dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
        big = syntax == uid.ExplicitVRBigEndian
        stored = pixels.astype(pixels.dtype.newbyteorder(">" if big else "<")).tobytes()
        dataset.PixelData = stored + b"\0" * (len(stored) % 2)
        dataset["PixelData"].VR = "OW" if pixels.dtype.itemsize > 1 else "OB"
    for name, value in fields.items():
        setattr(dataset, name, value)
    if syntax not in NATIVE:
        dataset.compress(syntax, jls_error=3, j2k_cr=[2], generate_instance_uid=False) if (
            syntax in LOSSY
        ) else dataset.compress(syntax, generate_instance_uid=False)
    return written(dataset)


def jpeg_dicom(pixels: np.ndarray, **fields: Any) -> bytes:
    """Baseline JPEG, encoded by Pillow: (H, W) or, as YBR_FULL_422, (H, W, 3) of 8 bits."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(pixels[..., 0] if pixels.ndim == 3 else pixels, 8)))
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95)
    return encapsulated(dataset, stream.getvalue(), uid.JPEGBaseline8Bit, **fields)


def lossless_jpeg_dicom(pixels: np.ndarray, bits: int, **fields: Any) -> bytes:
    """Lossless JPEG (Process 14, selection value 1) of (H, W), by the encoder below."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(pixels, bits)))
    return encapsulated(dataset, _lossless_jpeg(pixels, bits), uid.JPEGLosslessSV1, **fields)


def encapsulated(dataset: Dataset, stream: bytes, syntax: uid.UID, **fields: Any) -> bytes:
    """A file around one compressed frame."""
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    for name, value in fields.items():
        setattr(dataset, name, value)
    return written(dataset)


def written(dataset: Dataset) -> bytes:
    """The bytes of a file."""
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def _lossless_jpeg(pixels: np.ndarray, bits: int) -> bytes:
    """ITU-T T.81 annex H with predictor 1 and one Huffman table of 5-bit codes for all classes."""
    height, width = pixels.shape
    values = pixels.astype(int)
    predicted = np.empty_like(values)
    predicted[:, 1:] = values[:, :-1]
    predicted[1:, 0] = values[:-1, 0]
    predicted[0, 0] = 2 ** (bits - 1)
    code = []
    for difference in ((values - predicted + 32768) % 65536 - 32768).ravel():
        size = int(abs(difference)).bit_length()
        code.append(f"{size:05b}")
        if 0 < size < 16:
            code.append(f"{difference if difference > 0 else difference + 2**size - 1:0{size}b}")
    text = "".join(code)
    text += "1" * (-len(text) % 8)
    scan = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\x00")
    counts = bytes([0, 0, 0, 0, 17, *[0] * 11])
    return b"".join([
        b"\xff\xd8",
        b"\xff\xc3", struct.pack(">HBHHB", 11, bits, height, width, 1), b"\x01\x11\x00",
        b"\xff\xc4", struct.pack(">HB", 19 + 17, 0), counts, bytes(range(17)),
        b"\xff\xda", struct.pack(">HB", 8, 1), b"\x01\x00\x01\x00\x00", scan, b"\xff\xd9",
    ])  # fmt: skip
