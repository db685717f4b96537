"""Every transfer syntax and layout of pixels gives the values that were written, by hand."""

import io
import time
import zlib

import numpy as np
import pydicom
import pytest
from dicom_files import (
    LOSSLESS,
    LOSSY,
    NATIVE,
    dicom,
    encapsulated,
    jpeg_dicom,
    lossless_jpeg_dicom,
)
from pydicom import uid
from pydicom.dataset import Dataset

from core.errors import ExplorerError
from core.films.loaded import LoadedImage
from core.films.read import read_image

WHOLE = {"WindowCenter": 2048, "WindowWidth": 4096}
"""Black at 0, white at 4095 (PS3.3 C.11.2.1.2.1): value v is shown at 255 v / 4095."""


def _read(data: bytes) -> LoadedImage:
    return read_image(data, "film.dcm")


def _chequered(shape: tuple[int, int] = (70, 90), top: int = 4095) -> np.ndarray:
    """Values that no two neighbours share, the ends of the range among them."""
    height, width = shape
    values = (np.arange(height)[:, None] * 131 + np.arange(width) * 37) % (top + 1)
    values[0, :2] = 0, top
    return values.astype(np.uint16)


@pytest.mark.parametrize("syntax", [*NATIVE, *LOSSLESS], ids=lambda s: s.name)
def test_lossless_syntaxes_give_every_value_back(syntax: uid.UID) -> None:
    pixels = _chequered()
    loaded = _read(dicom(pixels, 12, syntax, **WHOLE))
    np.testing.assert_array_equal(loaded.film.values, pixels)
    np.testing.assert_allclose(loaded.pixels, pixels * (255 / 4095), atol=1e-2)


@pytest.mark.parametrize("syntax", [*NATIVE, *LOSSLESS], ids=lambda s: s.name)
@pytest.mark.parametrize("bits", [8, 10, 16])
def test_depths_in_every_syntax(syntax: uid.UID, bits: int) -> None:
    pixels = _chequered(top=2**bits - 1).astype(np.uint8 if bits == 8 else np.uint16)
    np.testing.assert_array_equal(_read(dicom(pixels, bits, syntax)).film.values, pixels)


@pytest.mark.parametrize("syntax", [*NATIVE, *LOSSLESS], ids=lambda s: s.name)
def test_signed_values_in_every_syntax(syntax: uid.UID) -> None:
    signed = (_chequered().astype(int) - 2048).astype(np.int16)
    np.testing.assert_array_equal(_read(dicom(signed, 12, syntax)).film.values, signed)


@pytest.mark.parametrize("syntax", LOSSY, ids=lambda s: s.name)
def test_lossy_syntaxes_stay_close(syntax: uid.UID) -> None:
    ramp = np.tile(np.arange(0, 4096, 32), (64, 1)).astype(np.uint16)
    values = _read(dicom(ramp, 12, syntax)).film.values
    assert np.abs(values - ramp).max() <= 64


def test_baseline_jpeg() -> None:
    ramp = np.tile(np.arange(0, 256, 2), (64, 1)).astype(np.uint8)
    assert np.abs(_read(jpeg_dicom(ramp)).film.values - ramp).max() <= 3


def test_lossless_jpeg_of_twelve_and_sixteen_bits() -> None:
    for bits in (12, 16):
        pixels = _chequered((40, 50), 2**bits - 1)
        loaded = _read(lossless_jpeg_dicom(pixels, bits))
        np.testing.assert_array_equal(loaded.film.values, pixels)


def test_extended_jpeg_of_twelve_bits() -> None:
    """pydicom's own sample of Process 4; the two values are those of its test suite."""
    path = pydicom.data.get_testdata_file("JPGExtended.dcm", download=False)
    assert isinstance(path, str)
    with open(path, "rb") as file:
        values = _read(file.read()).film.values
    assert values.shape == (1024, 256)
    assert (values[420, 140], values[230, 120]) == (244, 95)


def test_bits_above_those_stored_are_overlays_and_ignored() -> None:
    pixels = _chequered()
    np.testing.assert_array_equal(_read(dicom(pixels | 0xF000, 12)).film.values, pixels)


@pytest.mark.parametrize("syntax", NATIVE, ids=lambda s: s.name)
def test_values_at_the_top_of_their_word(syntax: uid.UID) -> None:
    """HighBit 15 of 12 stored bits; the low four bits hold overlays."""
    pixels = _chequered()
    raised = ((pixels << 4) | 0x5).astype(np.uint16)
    np.testing.assert_array_equal(
        _read(dicom(raised, 12, syntax, HighBit=15)).film.values, pixels
    )
    signed = ((pixels << 4).astype(np.uint16) | 0x5).view(np.int16)
    expected = np.where(pixels > 2047, pixels.astype(int) - 4096, pixels)
    np.testing.assert_array_equal(
        _read(dicom(signed, 12, syntax, HighBit=15)).film.values, expected
    )


GREY = np.repeat(_chequered(top=255).astype(np.uint8)[..., None], 3, axis=2)


def test_rgb_that_is_grey_is_read_as_grey() -> None:
    loaded = _read(dicom(GREY, 8, SamplesPerPixel=3, PlanarConfiguration=0,
                         PhotometricInterpretation="RGB"))  # fmt: skip
    np.testing.assert_allclose(loaded.pixels, GREY[..., 0], atol=1e-3)
    assert not any("colour" in note for note in loaded.notes)


def test_planes_of_colour_are_put_together_and_noted() -> None:
    red = np.zeros((70, 90, 3), np.uint8)
    red[:, 45:, 0] = 200
    planes = np.ascontiguousarray(red.transpose(2, 0, 1)).reshape(70, 90, 3)
    loaded = _read(dicom(planes, 8, SamplesPerPixel=3, PlanarConfiguration=1,
                         PhotometricInterpretation="RGB"))  # fmt: skip
    assert loaded.pixels[0, 0] == 0
    assert loaded.pixels[0, 89] == pytest.approx(0.299 * 200, abs=1)
    assert any("colour" in note for note in loaded.notes)


def test_ybr_is_its_luminance() -> None:
    """Without colour (Cb = Cr = 128) the grey is Y (PS3.3 C.7.6.3.1.2)."""
    ybr = GREY.copy()
    ybr[..., 1:] = 128
    loaded = _read(dicom(ybr, 8, SamplesPerPixel=3, PlanarConfiguration=0,
                         PhotometricInterpretation="YBR_FULL"))  # fmt: skip
    assert np.abs(loaded.pixels - GREY[..., 0]).max() <= 1


def test_a_jpeg_in_ybr_is_grey_again() -> None:
    smooth = np.repeat(np.tile(np.arange(0, 256, 4), (64, 1))[..., None], 3, 2).astype(np.uint8)
    loaded = _read(jpeg_dicom(smooth, SamplesPerPixel=3, PlanarConfiguration=0,
                              PhotometricInterpretation="YBR_FULL_422"))  # fmt: skip
    assert np.abs(loaded.pixels - smooth[..., 0]).max() <= 3


def test_a_palette_is_looked_up() -> None:
    """Indices 0..3 through a grey palette of 16-bit entries 0, 0x4000, 0x8000, 0xFF00."""
    indices = np.tile(np.arange(4, dtype=np.uint8), (64, 16))
    entries = np.array([0, 0x4000, 0x8000, 0xFF00], "<u2").tobytes()
    fields = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name in ("Red", "Green", "Blue"):
        fields[f"{name}PaletteColorLookupTableDescriptor"] = [4, 0, 16]
        fields[f"{name}PaletteColorLookupTableData"] = entries
    loaded = _read(dicom(indices, 8, **fields))
    np.testing.assert_allclose(loaded.pixels[0, :4], [0, 0x40, 0x80, 0xFF], atol=1e-3)


def test_a_stream_larger_than_its_header_is_refused_before_it_is_decoded() -> None:
    """A JPEG 2000 stream of a few bytes that says it is 60,000 x 60,000 pixels."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(_chequered(), 12, uid.JPEG2000Lossless)))
    stream = bytearray(pydicom.encaps.get_frame(dataset.PixelData, 0, number_of_frames=1))
    at = stream.index(b"\xff\x51") + 6
    stream[at : at + 8] = (60000).to_bytes(4, "big") * 2
    with pytest.raises(ExplorerError, match="megapixels"):
        _read(encapsulated(dataset, bytes(stream), uid.JPEG2000Lossless))


def test_a_deflate_bomb_is_refused() -> None:
    data = dicom(np.zeros((64, 64), np.uint16), 12, uid.DeflatedExplicitVRLittleEndian)
    bomb = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    start = _meta_end(data)
    packed = b"".join(bomb.compress(bytes(2**24)) for _ in range(40)) + bomb.flush()
    with pytest.raises(ExplorerError, match="unpacks to more than"):
        _read(data[:start] + packed)


def _meta_end(data: bytes) -> int:
    return 144 + int.from_bytes(data[140:144], "little")


def test_a_header_without_end_is_refused() -> None:
    many = b"".join(
        (0x0009).to_bytes(2, "little") + n.to_bytes(2, "little") + b"LO\x00\x00"
        for n in range(0x1000, 0x9000)
    )
    data = dicom()
    at = _meta_end(data)
    with pytest.raises(ExplorerError, match="more header fields"):
        _read(data[:at] + many + data[at:])


_ITEM = b"\xfe\xff\x00\xe0\x00\x00\x00\x00"
_END = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"


@pytest.mark.parametrize(
    "start",
    [b"\x09\x00\x01\x10SQ\x00\x00\xff\xff\xff\xff",  # of no field that is read
     b"\x28\x00\x10\x30SQ\x00\x00" + (8 * 300_000).to_bytes(4, "little")],  # the VOI LUTs
    ids=["without a length", "with its length"],
)  # fmt: skip
def test_a_sequence_of_very_many_items_is_refused(start: bytes) -> None:
    many = start + _ITEM * 300_000 + (_END if start.endswith(b"\xff" * 4) else b"")
    data = dicom()
    at = _meta_end(data)
    began = time.process_time()
    with pytest.raises(ExplorerError, match="more header fields"):
        _read(data[:at] + many + data[at:])
    assert time.process_time() - began < 5


def test_very_many_fragments_are_refused() -> None:
    dataset = pydicom.dcmread(io.BytesIO(dicom()))
    data = encapsulated(dataset, b"\0" * 8, uid.JPEG2000Lossless)
    at = data.rindex(_END)
    with pytest.raises(ExplorerError, match="more header fields"):
        _read(data[:at] + _ITEM * 30_000 + data[at:])


def test_native_pixels_may_look_like_items() -> None:
    pixels = np.tile(np.array([[0xFFFE, 0xE000]], np.uint16), (200, 200))
    assert dicom(pixels, 16).count(_ITEM[:4]) == 40_000
    assert _read(dicom(pixels, 16)).pixels.shape == (200, 400)


def test_sequences_nested_past_all_reason_are_refused() -> None:
    item = Dataset()
    item.CodeValue = "x"
    deep = b"".join(
        b"\x40\x00\x60\xa7SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
        for _ in range(5000)
    )
    data = dicom()
    at = _meta_end(data)
    with pytest.raises(ExplorerError, match="cannot be read"):
        _read(data[:at] + deep + data[at:])
