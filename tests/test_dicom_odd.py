"""Headers of real files that are wrong: what is left is shown, and what was ignored is said.

Optional display fields never block sound pixels; a LUT's depth is its entries'; values follow the
pixels' sign and not a field's VR; bits above the stored ones never reach the picture.
"""

import io
from typing import Any

import numpy as np
import pydicom
import pytest
from dicom_files import LOSSLESS, NATIVE, dicom, encapsulated, lossless_jpeg_dicom, written
from pydicom import uid
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from core.films.loaded import LoadedImage
from core.films.read import read_image
from core.intake.dicom_copy import deidentified

RAMP = np.linspace(0, 4095, 96 * 80).round().astype(np.uint16).reshape(96, 80)
WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}
SHARES = RAMP * (255 / 4095)


def _read(data: bytes) -> LoadedImage:
    return read_image(data, "film.dcm")


def _item(descriptor: Any, data: Any, vr: str = "US", data_vr: str = "OW") -> Dataset:
    item = Dataset()
    if descriptor is not None:
        item.add_new("LUTDescriptor", vr, descriptor)
    if data is not None:
        item.add_new("LUTData", data_vr, data)
    return item


def _raw(keyword: str, vr: str, value: bytes, pixels: np.ndarray = RAMP, bits: int = 12,
         **fields: Any) -> bytes:  # fmt: skip
    """A file in explicit little endian with a field of any VR and any bytes."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(pixels, bits, **fields)))
    tag = pydicom.tag.Tag(keyword)
    value += b"\0" * (len(value) % 2)
    dataset[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)
    return written(dataset)


def _words(*values: int) -> bytes:
    return np.array(values).astype("<u2").tobytes()


def _whole(loaded: LoadedImage, note: str = "") -> None:
    """The whole ramp is there, from black to white, and the note too."""
    np.testing.assert_allclose(loaded.pixels, SHARES, atol=255 * 0.011)
    assert not note or any(note in remark for remark in loaded.remarks), loaded.remarks


class TestWindows:
    @pytest.mark.parametrize("vr", ["DS", "LO", "UN", "UT", "SH"])
    @pytest.mark.parametrize(
        "text", ["2048,0", "[2048, 2048]", "normal", "nan", "inf", "1e999", "--3", "0x800", "\\"]
    )
    def test_what_is_no_number_is_left_out(self, text: str, vr: str) -> None:
        data = _raw("WindowCenter", vr, text.encode(), WindowWidth=4096)
        _whole(_read(data), "window of the header makes no sense")

    @pytest.mark.parametrize("text", ["2048\\", "2048\\ ", "2048\\wide", "2048\\nan"])
    def test_the_first_that_is_a_number_is_used(self, text: str) -> None:
        loaded = _read(_raw("WindowCenter", "DS", text.encode(), WindowWidth=[4096, 100]))
        np.testing.assert_allclose(loaded.pixels, SHARES, atol=1e-2)
        assert list(loaded.film.windows) == ["Window 1"]
        assert any("makes no sense" in note for note in loaded.remarks)

    def test_a_later_one_is_used_where_the_first_is_none(self) -> None:
        loaded = _read(_raw("WindowCenter", "DS", b"x\\2048", WindowWidth=[100, 4096]))
        np.testing.assert_allclose(loaded.pixels, SHARES, atol=1e-2)
        assert list(loaded.film.windows) == ["Window 2"]

    @pytest.mark.parametrize(
        ("vr", "value"),
        [("US", _words(2048)), ("UN", b"2048 "), ("LO", b" 2048"), ("IS", b"2048"),
         ("FD", np.array([2048.0]).tobytes()), ("FL", np.array([2048], "<f4").tobytes()),
         ("UL", (2048).to_bytes(4, "little"))],
    )  # fmt: skip
    def test_a_number_is_read_under_any_vr(self, vr: str, value: bytes) -> None:
        loaded = _read(_raw("WindowCenter", vr, value, WindowWidth=2001))
        np.testing.assert_allclose(
            loaded.pixels, np.clip((RAMP - 2047.5) / 2000 + 0.5, 0, 1) * 255, atol=1e-2
        )

    def test_of_a_centre_without_its_width_nothing_is_used(self) -> None:
        _whole(_read(dicom(RAMP, WindowCenter=2048)), "makes no sense")

    def test_an_unknown_function_is_taken_for_the_usual_one(self) -> None:
        _whole(_read(dicom(RAMP, VOILUTFunction="CUBIC", **WINDOW)), "function that is not known")

    def test_where_the_first_shows_nothing_another_is_used(self) -> None:
        loaded = _read(dicom(RAMP, WindowCenter=[60000, 2048], WindowWidth=[10, 4096]))
        _whole(loaded, "another of it is used")


class TestTables:
    """`RAMP` is shown whole by the window, the table or its own range, whichever is sound."""

    @pytest.mark.parametrize("vr", ["US", "SS", "UN", "OW"])
    @pytest.mark.parametrize(
        "values",
        [(4096, 0), (4096,), (), (0, 0, 16), (32767, 0, 12), (4096, 0, 12, 7)],
        ids=str,
    )
    @pytest.mark.parametrize("keyword", ["VOILUTSequence", "ModalityLUTSequence"])
    def test_a_descriptor_without_sense(
        self, keyword: str, values: tuple[int, ...], vr: str
    ) -> None:
        data = np.arange(4096, dtype="<u2").tobytes()
        numbers: Any = list(np.array(values).astype(np.int16 if vr == "SS" else np.uint16).tolist())
        item = _item(numbers if vr in ("US", "SS") else _words(*values), data, vr)
        loaded = _read(dicom(RAMP, **{keyword: Sequence([item])}, **WINDOW))
        note = "" if len(values) == 4 else "cannot be used"
        _whole(loaded, note) if note else np.testing.assert_allclose(
            loaded.pixels, SHARES, atol=1e-1
        )

    @pytest.mark.parametrize("n", [0, 1, 100, 2048, 4095])
    @pytest.mark.parametrize("keyword", ["VOILUTSequence", "ModalityLUTSequence"])
    @pytest.mark.parametrize("windowed", [True, False])
    def test_fewer_entries_than_it_says(self, keyword: str, n: int, windowed: bool) -> None:
        item = _item([4096, 0, 12], np.arange(n, dtype="<u2").tobytes())
        fields = {keyword: Sequence([item]), **(WINDOW if windowed else {})}
        _whole(_read(dicom(RAMP, **fields)), "cannot be used")

    @pytest.mark.parametrize("item", [_item([4096, 0, 12], None), _item(None, b"12"), Dataset()])
    @pytest.mark.parametrize("keyword", ["VOILUTSequence", "ModalityLUTSequence"])
    def test_without_descriptor_or_entries(self, keyword: str, item: Dataset) -> None:
        _whole(_read(dicom(RAMP, **{keyword: Sequence([item])})), "cannot be used")

    @pytest.mark.parametrize("vr", ["UN", "OB", "LO"])
    @pytest.mark.parametrize("keyword", ["VOILUTSequence", "ModalityLUTSequence"])
    def test_no_sequence_at_all(self, keyword: str, vr: str) -> None:
        _whole(_read(_raw(keyword, vr, b"\1\2\3\4", **WINDOW)), "cannot be used")

    def test_another_item_is_used(self) -> None:
        short = _item([4096, 0, 12], _words(1, 2, 3))
        good = _item([4096, 0, 12], np.arange(4095, -1, -1, dtype="<u2").tobytes())
        loaded = _read(dicom(RAMP, VOILUTSequence=Sequence([short, good]), **WINDOW))
        assert list(loaded.film.windows) == ["VOI LUT 2", "Window 1"]
        np.testing.assert_allclose(loaded.pixels, 255 - SHARES, atol=1e-2)

    def test_a_bad_modality_table_leaves_the_rescaling(self) -> None:
        item = _item([4096, 0, 16], _words(5))
        fields = {"ModalityLUTSequence": Sequence([item]), "RescaleSlope": 2}
        values = _read(dicom(RAMP, RescaleIntercept=-1000, **fields)).film.values
        np.testing.assert_array_equal(values, RAMP * 2.0 - 1000)

    @pytest.mark.parametrize("keyword", ["VOILUTSequence", "ModalityLUTSequence"])
    def test_one_that_makes_all_equal(self, keyword: str) -> None:
        item = _item([4096, 0, 12], np.full(4096, 7, "<u2").tobytes())
        _whole(_read(dicom(RAMP, **{keyword: Sequence([item])}, **WINDOW)))

    @pytest.mark.parametrize("stated", [8, 10, 12, 13, 14, 16, 0, 9, 32])
    @pytest.mark.parametrize("depth", [8, 10, 12, 14, 15, 16])
    def test_its_depth_is_that_of_its_entries(self, depth: int, stated: int) -> None:
        entries = np.linspace(0, 2**depth - 1, 4096).round().astype("<u2")
        item = _item([4096, 0, stated], entries.tobytes())
        loaded = _read(dicom(RAMP, VOILUTSequence=Sequence([item])))
        np.testing.assert_allclose(
            loaded.pixels, entries[RAMP] * (255 / (2**depth - 1)), atol=1e-3
        )
        assert any("bits" in note for note in loaded.remarks) == (stated != depth)

    @pytest.mark.parametrize("stated", [8, 16])
    @pytest.mark.parametrize("vr", ["US", "OW", "OB", "UN"])
    @pytest.mark.parametrize("syntax", NATIVE, ids=lambda s: s.name)
    def test_entries_packed_as_bytes(self, syntax: uid.UID, vr: str, stated: int) -> None:
        """Big endian files swap words, in which the first entry is the low byte (PS3.5 7.3)."""
        entries = (255 - np.arange(4096) // 16).astype(np.uint8)
        words = entries.view("<u2")
        big = syntax == uid.ExplicitVRBigEndian
        data: Any = {"US": words.tolist(), "OB": entries.tobytes()}.get(
            vr, words.astype(">u2" if big else "<u2").tobytes()
        )
        item = _item([4096, 0, stated], data, "US", vr)
        loaded = _read(dicom(RAMP, 12, syntax, VOILUTSequence=Sequence([item])))
        np.testing.assert_array_equal(loaded.pixels, entries[RAMP])

    @pytest.mark.parametrize("vr", ["US", "SS", "OW", "UN"])
    @pytest.mark.parametrize("syntax", NATIVE, ids=lambda s: s.name)
    def test_entries_under_any_vr(self, syntax: uid.UID, vr: str) -> None:
        entries = (65535 - 16 * np.arange(4096)).astype(np.uint16)
        order = ">" if syntax == uid.ExplicitVRBigEndian else "<"
        data: Any = {"US": entries.tolist(), "SS": entries.view(np.int16).tolist()}.get(
            vr, entries.astype(f"{order}u2").tobytes()
        )
        item = _item([4096, 0, 16], data, "US", vr)
        loaded = _read(dicom(RAMP, 12, syntax, VOILUTSequence=Sequence([item])))
        np.testing.assert_allclose(loaded.pixels, entries[RAMP] * (255 / 65535), atol=1e-3)

    @pytest.mark.parametrize("vr", ["US", "SS"])
    @pytest.mark.parametrize("keyword", ["VOILUTSequence", "ModalityLUTSequence"])
    def test_the_first_value_is_signed_where_the_pixels_are(self, keyword: str, vr: str) -> None:
        signed = RAMP.astype(np.int16) - 2048
        first = -2048 if vr == "SS" else 65536 - 2048
        item = _item([4096, first, 12], np.arange(4095, -1, -1, dtype="<u2").tobytes(), vr)
        loaded = _read(dicom(signed, 12, **{keyword: Sequence([item])}))
        np.testing.assert_allclose(loaded.pixels, 255 - SHARES, atol=255 * 0.011)

    @pytest.mark.parametrize("vr", ["US", "SS"])
    def test_and_unsigned_where_they_are_not(self, vr: str) -> None:
        pixels = RAMP + np.uint16(40000)
        first = 40000 if vr == "US" else 40000 - 65536
        item = _item([4096, first, 12], np.arange(4095, -1, -1, dtype="<u2").tobytes(), vr)
        loaded = _read(dicom(pixels, 16, VOILUTSequence=Sequence([item])))
        np.testing.assert_allclose(loaded.pixels, 255 - SHARES, atol=1e-2)

    def test_a_first_value_of_rescaled_pixels(self) -> None:
        """Unsigned pixels that a rescaling makes negative."""
        item = _item([4096, 65536 - 1024, 12], np.arange(4095, -1, -1, dtype="<u2").tobytes())
        fields = {"RescaleSlope": 1, "RescaleIntercept": -1024}
        loaded = _read(dicom(RAMP, VOILUTSequence=Sequence([item]), **fields))
        np.testing.assert_allclose(loaded.pixels, 255 - SHARES, atol=1e-2)

    def test_a_modality_table_says_that_its_entries_are_deeper(self) -> None:
        item = _item([4096, 0, 9], np.arange(4096, dtype="<u2").tobytes())
        _whole(_read(dicom(RAMP, ModalityLUTSequence=Sequence([item]))), "9 bits; they have 12")


class TestRescaling:
    @pytest.mark.parametrize("text", ["1,0", "one", "[1]", "nan", "0", "1e300", "1e-300", "inf"])
    @pytest.mark.parametrize("keyword", ["RescaleSlope"])
    def test_one_without_sense_is_left_out(self, keyword: str, text: str) -> None:
        data = _raw(keyword, "DS", text.encode(), RescaleIntercept=3, **WINDOW)
        _whole(_read(data), "rescaling")

    @pytest.mark.parametrize("text", ["-1,024", "none", "1e300"])
    def test_nor_its_intercept(self, text: str) -> None:
        _whole(_read(_raw("RescaleIntercept", "DS", text.encode(), RescaleSlope=2)), "rescaling")

    def test_several_slopes(self) -> None:
        loaded = _read(_raw("RescaleSlope", "DS", b"2\\2", RescaleIntercept=0))
        np.testing.assert_array_equal(loaded.film.values, RAMP * 2.0)
        assert any("several rescalings" in note for note in loaded.remarks)


class TestPadding:
    @pytest.mark.parametrize("vr", ["US", "SS", "UN", "OW"])
    @pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
    @pytest.mark.parametrize(("bits", "value"), [(16, -2000), (12, -2000), (16, -32768), (12, -1)])
    def test_signed_pixels(self, bits: int, value: int, photometric: str, vr: str) -> None:
        pixels = np.clip(RAMP.astype(np.int16) - 1000, 0, 2000)
        pixels[:40] = value
        data = _raw("PixelPaddingValue", vr, _words(value & 0xFFFF), pixels, bits,
                    PhotometricInterpretation=photometric)  # fmt: skip
        shown = _read(data).pixels
        assert (shown[:40] == 0).all() and shown[40:].max() > 200

    @pytest.mark.parametrize("vr", ["US", "SS", "UN"])
    @pytest.mark.parametrize(("bits", "value"), [(16, 63536), (16, 65535), (12, 4095), (16, 2000)])
    def test_unsigned_pixels(self, bits: int, value: int, vr: str) -> None:
        pixels = np.clip(RAMP, 2100, 3000)
        pixels[:30] = value
        data = _raw("PixelPaddingValue", vr, _words(value), pixels, bits,
                    PhotometricInterpretation="MONOCHROME1")  # fmt: skip
        shown = _read(data).pixels
        assert (shown[:30] == 0).all() and shown[30:].max() > 200

    def test_a_pattern_of_the_stored_bits_alone(self) -> None:
        """-2000 as its twelve bits, 2096, which no signed pixel of twelve bits can have."""
        pixels = np.clip(RAMP.astype(np.int16) - 1000, 0, 2000)
        pixels[:40] = -2000
        assert (_read(_raw("PixelPaddingValue", "US", _words(2096), pixels)).pixels[:40] == 0).all()

    def test_all_ones_of_fewer_bits(self) -> None:
        pixels = np.clip(RAMP, 1000, 3000)
        pixels[:30] = 4095
        shown = _read(_raw("PixelPaddingValue", "SS", _words(0xFFFF), pixels)).pixels
        assert (shown[:30] == 0).all()

    def test_a_range_with_a_limit_of_another_sign(self) -> None:
        pixels = np.clip(RAMP.astype(np.int16) - 1000, 0, 2000)
        pixels[:20], pixels[20:40] = -2000, -1990
        data = _raw("PixelPaddingValue", "US", _words(63536), pixels, 16)
        dataset = pydicom.dcmread(io.BytesIO(data))
        dataset.add_new("PixelPaddingRangeLimit", "US", 65536 - 1980)
        assert (_read(written(dataset)).pixels[:40] == 0).all()

    @pytest.mark.parametrize("vr", ["US", "SS", "UN", "DS"])
    @pytest.mark.parametrize("values", [(0, 4095), (100, 200, 300), (2000, 63536)])
    def test_several_values_are_none(self, values: tuple[int, ...], vr: str) -> None:
        said = b"\\".join(str(v).encode() for v in values) if vr == "DS" else _words(*values)
        _whole(_read(_raw("PixelPaddingValue", vr, said)), "padding value makes no sense")

    @pytest.mark.parametrize(("vr", "value"), [("LO", b"none"), ("US", _words(9000))])
    def test_one_that_no_pixel_can_have(self, vr: str, value: bytes) -> None:
        _whole(_read(_raw("PixelPaddingValue", vr, value)), "padding")

    def test_the_same_value_twice_is_one(self) -> None:
        pixels = np.clip(RAMP, 1000, 2000)
        pixels[:30] = 4095
        shown = _read(_raw("PixelPaddingValue", "US", _words(4095, 4095), pixels)).pixels
        assert (shown[:30] == 0).all()


class TestOtherFields:
    @pytest.mark.parametrize("text", ["one", "1,0", "1\\1", "[1]", "nan", "1 of 1"])
    def test_a_count_of_frames_that_is_no_number(self, text: str) -> None:
        _whole(_read(_raw("NumberOfFrames", "IS", text.encode())), "number of frames")

    @pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda s: s.name)
    def test_nor_of_compressed_ones(self, syntax: uid.UID) -> None:
        dataset = pydicom.dcmread(io.BytesIO(dicom(RAMP, 12, syntax, NumberOfFrames=1)))
        data = written(dataset).replace(b"\x28\0\x08\0IS\2\0001 ", b"\x28\0\x08\0IS\2\0x ")
        _whole(_read(data), "number of frames")

    @pytest.mark.parametrize(
        "keyword",
        ["PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio"],
    )
    @pytest.mark.parametrize("text", ["0,14\\0,14", "0.1", "a\\b", "[0.1, 0.1]", "0\\0", "-1\\1"])
    def test_a_shape_of_pixels(self, text: str, keyword: str) -> None:
        _whole(_read(_raw(keyword, "DS", text.encode())), "shape of a pixel")

    @pytest.mark.parametrize(
        "keyword",
        ["Modality", "BodyPartExamined", "ViewPosition", "PatientPosition", "PatientOrientation",
         "SeriesDescription", "ProtocolName", "ViewCodeSequence", "PresentationLUTShape",
         "VOILUTFunction", "WindowCenterWidthExplanation"],
    )  # fmt: skip
    @pytest.mark.parametrize("vr", ["UN", "US", "FD", "OB", "SQ"])
    def test_words_under_any_vr(self, keyword: str, vr: str) -> None:
        _whole(_read(_raw(keyword, vr, b"\1\2\3\4\5\6", **WINDOW)))

    @pytest.mark.parametrize(
        "keyword", ["SamplesPerPixel", "PixelRepresentation", "BitsStored", "HighBit",
                    "PhotometricInterpretation"],
    )  # fmt: skip
    def test_what_most_files_say_needs_no_saying(self, keyword: str) -> None:
        dataset = pydicom.dcmread(io.BytesIO(dicom(RAMP)))
        del dataset[keyword]
        _whole(_read(written(dataset)))

    @pytest.mark.parametrize(("stored", "high"), [(20, 19), (0, 0), (12, 20), (12, 3)])
    def test_bits_that_cannot_be(self, stored: int, high: int) -> None:
        _whole(_read(dicom(RAMP, BitsStored=stored, HighBit=high)), "bits")


class TestBitsAboveTheStored:
    OVERLAY = np.zeros_like(RAMP)
    OVERLAY[20:60, 10:70] = 0xA000
    WORDS = RAMP | OVERLAY

    @pytest.mark.parametrize("syntax", [*NATIVE, *LOSSLESS], ids=lambda s: s.name)
    @pytest.mark.parametrize("signed", [False, True])
    def test_they_never_reach_the_picture(self, syntax: uid.UID, signed: bool) -> None:
        """Compressed with all 16 bits, as archives do that don't look at the header."""
        words = self.WORDS.view(np.int16) if signed else self.WORDS
        dataset = pydicom.dcmread(io.BytesIO(dicom(words, 16, syntax)))
        dataset.BitsStored, dataset.HighBit = 12, 11
        data = written(dataset)
        expected = np.where(RAMP > 2047, RAMP.astype(int) - 4096, RAMP) if signed else RAMP
        np.testing.assert_array_equal(_read(data).film.values, expected)
        self._no_trace(data)

    def test_nor_in_lossless_jpeg(self) -> None:
        data = lossless_jpeg_dicom(self.WORDS, 16, BitsStored=12, HighBit=11)
        np.testing.assert_array_equal(_read(data).film.values, RAMP)
        self._no_trace(data)

    @pytest.mark.parametrize("syntax", [*NATIVE, *LOSSLESS], ids=lambda s: s.name)
    def test_nor_those_below(self, syntax: uid.UID) -> None:
        """Twelve bits at the top of their word, compressed as they were."""
        words = (RAMP << 4) | (self.OVERLAY >> 13)
        dataset = pydicom.dcmread(io.BytesIO(dicom(words, 16, syntax)))
        dataset.BitsStored, dataset.HighBit = 12, 15
        data = written(dataset)
        np.testing.assert_array_equal(_read(data).film.values, RAMP)
        self._no_trace(data)

    def test_a_lossy_codec_may_overshoot_white(self) -> None:
        """Values a little above the largest are noise of the codec: white, and not black."""
        words = RAMP.copy()
        words[-20:] = 4095 + np.arange(20 * 80, dtype=np.uint16).reshape(20, 80) % 5
        dataset = pydicom.dcmread(io.BytesIO(dicom(words, 16, uid.JPEG2000Lossless)))
        stream = pydicom.encaps.get_frame(dataset.PixelData, 0, number_of_frames=1)
        data = encapsulated(dataset, stream, uid.JPEG2000, BitsStored=12, HighBit=11)
        np.testing.assert_array_equal(_read(data).film.values, np.minimum(words, 4095))

    def test_nor_in_colour_or_through_a_palette(self) -> None:
        grey = np.repeat((self.WORDS)[..., None], 3, axis=2)
        loaded = _read(dicom(grey, 12, SamplesPerPixel=3, PlanarConfiguration=0,
                             PhotometricInterpretation="RGB"))  # fmt: skip
        np.testing.assert_allclose(loaded.pixels, RAMP >> 4, atol=1e-3)
        palette = _read(_palette(12, 16, self.WORDS)).pixels
        np.testing.assert_allclose(palette, RAMP >> 4, atol=1e-3)

    @staticmethod
    def _no_trace(data: bytes) -> None:
        """A de-identified copy shows the same and holds no bit beside the pixel's own."""
        source, shown = pydicom.dcmread(io.BytesIO(data)), _read(data)
        copy = deidentified(source, shown.pixels)
        words = np.frombuffer(copy.PixelData, "<u2").reshape(RAMP.shape)
        assert copy.BitsStored == 12 and copy.HighBit == 11
        sign = words & 0x800 if copy.PixelRepresentation else words & 0
        np.testing.assert_array_equal(words >> 12, np.where(sign > 0, 0xF, 0))
        np.testing.assert_array_equal(_read(written(copy)).pixels, shown.pixels)


def _palette(index_bits: int, depth: int, indices: np.ndarray, stated: int | None = None,
             packed: bool = False, vr: str = "OW") -> bytes:  # fmt: skip
    """Grey from black to white, one entry an index."""
    count = 2**index_bits
    entries = (np.arange(count) * (2**depth - 1) // (count - 1)).astype("u1" if packed else "<u2")
    dataset = pydicom.dcmread(
        io.BytesIO(dicom(indices, index_bits, PhotometricInterpretation="PALETTE COLOR"))
    )
    for colour in ("Red", "Green", "Blue"):
        name = f"{colour}PaletteColorLookupTable"
        dataset.add_new(f"{name}Descriptor", "US", [count % 2**16, 0, stated or depth])
        dataset.add_new(f"{name}Data", vr, entries.tobytes())
    return written(dataset)


class TestPalettes:
    @pytest.mark.parametrize("index_bits", [8, 10, 12, 16])
    @pytest.mark.parametrize("depth", [8, 10, 12, 16])
    @pytest.mark.parametrize("stated", [None, 16])
    def test_of_any_depth(self, index_bits: int, depth: int, stated: int | None) -> None:
        top = 2**index_bits - 1
        indices = np.linspace(0, top, RAMP.size).round().astype(np.uint16).reshape(RAMP.shape)
        pixels = indices.astype(np.uint8) if index_bits == 8 else indices
        loaded = _read(_palette(index_bits, depth, pixels, stated))
        np.testing.assert_allclose(loaded.pixels, indices * (255 / top), atol=1)
        assert loaded.pixels.min() == 0 and loaded.pixels.max() == 255

    @pytest.mark.parametrize("stated", [8, 16])
    def test_packed_as_bytes(self, stated: int) -> None:
        indices = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
        loaded = _read(_palette(8, 8, indices, stated, packed=True))
        np.testing.assert_allclose(loaded.pixels, indices, atol=1e-3)

    def test_without_entries_the_indices_are_shown(self) -> None:
        data = dicom(RAMP, 12, PhotometricInterpretation="PALETTE COLOR")
        _whole(_read(data), "palette cannot be used")


def test_a_copy_shows_the_same_through_odd_fields() -> None:
    """What the reader makes of an odd header, its de-identified copy has in plain."""
    signed = RAMP.astype(np.int16) - 2048
    signed[:10] = -2000
    entries = (4095 - np.arange(4096)).astype("<u2").tobytes()
    table = _item([4096, 65536 - 2048, 16], entries)
    table.LUTExplanation = "DOE^JANE"
    for fields in (
        {"VOILUTSequence": Sequence([table])},
        {"VOILUTSequence": Sequence([_item([9, 0, 8], None), table])},
        {"ModalityLUTSequence": Sequence([table]), "RescaleSlope": 2, "RescaleIntercept": 1},
        {"WindowCenter": [0, 100], "WindowWidth": [4096, 200], "RescaleSlope": 0.143,
         "RescaleIntercept": -7.5},
    ):  # fmt: skip
        data = _raw("PixelPaddingValue", "US", _words(63536), signed, **fields)
        copy = written(deidentified(pydicom.dcmread(io.BytesIO(data)), _read(data).pixels))
        assert b"DOE" not in copy
        np.testing.assert_array_equal(_read(copy).pixels, _read(data).pixels)
        assert (_read(copy).pixels[:10] == 0).all()
