"""DICOM as a radiologist sees it: LUTs, windows, inversion; and refusals in one sentence."""

import csv
from pathlib import Path

import numpy as np
import pytest
from dicom_files import NAME, RAMP
from dicom_files import dicom as _dicom
from pydicom.dataset import Dataset

from core.errors import ExplorerError
from core.films.loaded import LoadedImage
from core.films.read import read_image


def _read(data: bytes) -> LoadedImage:
    return read_image(data, "film.dcm")


def test_without_a_window_the_range_of_the_picture_is_shown() -> None:
    loaded = _read(_dicom())
    assert loaded.kind == "DICOM" and loaded.pixels.shape == (96, 128)
    assert loaded.pixels[0, 0] == 0 and loaded.pixels[0, -1] == 255


def test_monochrome1_is_inverted() -> None:
    plain = _read(_dicom()).pixels
    inverted = _read(_dicom(PhotometricInterpretation="MONOCHROME1")).pixels
    np.testing.assert_allclose(inverted, 255 - plain, atol=1e-3)


def test_a_window_cuts_both_ends() -> None:
    """PS3.3 C.11.2.1.2: centre 2048, width 1025 runs from 1536 to 2560."""
    pixels = _read(_dicom(WindowCenter=2048, WindowWidth=1025)).pixels[0]
    values = RAMP[0].astype(float)
    assert (pixels[values < 1530] == 0).all() and (pixels[values > 2570] == 255).all()
    middle = float(np.interp(2048, values, pixels))
    assert middle == pytest.approx(127.5, abs=1.5)


def test_rescale_comes_before_the_window() -> None:
    plain = _read(_dicom(WindowCenter=2048, WindowWidth=1025)).pixels
    rescaled = _read(
        _dicom(RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=3096, WindowWidth=2049)
    ).pixels
    np.testing.assert_allclose(rescaled, plain, atol=1.0)


def test_a_window_that_does_not_fit_is_put_aside_with_a_note() -> None:
    loaded = _read(_dicom(WindowCenter=60000, WindowWidth=100))
    assert loaded.pixels.std() > 50
    assert any("window does not fit" in note for note in loaded.notes)


def test_a_voi_lut_is_applied() -> None:
    lut = Dataset()
    lut.LUTDescriptor = [4096, 0, 16]
    lut.LUTData = (65535 - 16 * np.arange(4096)).astype(np.uint16).tobytes()
    lut["LUTData"].VR = "OW"
    pixels = _read(_dicom(VOILUTSequence=[lut])).pixels[0]
    assert pixels[0] == 255 and pixels[-1] < 1


def test_signed_values_keep_their_order() -> None:
    signed = (RAMP.astype(np.int32) - 2048).astype(np.int16)
    np.testing.assert_allclose(_read(_dicom(signed)).pixels, _read(_dicom()).pixels, atol=1e-3)


@pytest.mark.parametrize("bits", [8, 10, 12, 15, 16])
def test_every_depth_fills_the_range(bits: int) -> None:
    kind = np.uint8 if bits == 8 else np.uint16
    ramp = np.tile(np.linspace(0, 2**bits - 1, 128), (80, 1)).astype(kind)
    pixels = _read(_dicom(ramp, bits)).pixels
    assert pixels.min() == 0 and pixels.max() == 255


def test_padding_is_black_and_does_not_stretch_the_range() -> None:
    ramp = np.clip(RAMP, 1000, 2000)
    ramp[:, :20] = 4095
    pixels = _read(_dicom(ramp, PixelPaddingValue=4095)).pixels
    assert (pixels[:, :20] == 0).all()
    assert pixels[0, 70] > 120


def test_of_several_frames_the_first_is_shown() -> None:
    frames = np.stack([RAMP, RAMP[:, ::-1], RAMP])
    loaded = _read(_dicom(frames, NumberOfFrames=3))
    assert loaded.pixels[0, -1] == 255
    assert any("3 frames" in note for note in loaded.notes)


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [("Modality", "CT", "modality CT"), ("BodyPartExamined", "KNEE", "KNEE"),
     ("ViewPosition", "LL", "lateral")],
)  # fmt: skip
def test_what_is_off_domain_is_noted(field: str, value: str, word: str) -> None:
    assert any(word in note for note in _read(_dicom(**{field: value})).notes)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (_dicom(None), "no pixels"),
        (_dicom()[:-500], "decoded"),
        (_dicom()[:300], "film.dcm"),
        (_dicom(Rows=60000, Columns=60000), "megapixels"),
        (_dicom(SamplesPerPixel=2), "decoded"),
        (b"", "empty"),
        (b"\0" * 128 + b"DICM", "film.dcm"),
        (b"\0" * 128 + b"DICM" + bytes(range(256)), "film.dcm"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(data: bytes, word: str) -> None:
    with pytest.raises(ExplorerError, match=word) as caught:
        _read(data)
    assert "Traceback" not in str(caught.value) and NAME not in str(caught.value)


def test_nothing_that_identifies_leaves_the_reader() -> None:
    loaded = _read(_dicom(Modality=NAME[:4], BodyPartExamined="HAND", PatientComments=NAME))
    assert not any("JANE" in note or "4711" in note for note in loaded.notes)


def test_the_shared_films_open_right_or_say_why_not(cxr: Path) -> None:
    with (cxr / "dicom" / "manifest.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == 10
    opened: dict[str, LoadedImage] = {}
    for row in rows:
        path = cxr / "dicom" / row["file"]
        if row["decode_pydicom"].startswith("ok"):
            opened[row["file"]] = loaded = read_image(path)
            assert loaded.pixels.shape == (int(row["rows"]), int(row["cols"]))
            assert loaded.pixels.std() > 20, row["file"]
        else:
            with pytest.raises(ExplorerError, match="cannot be decoded"):
                read_image(path)
    # The same film as MONOCHROME1 by its tag alone comes out inverted.
    plain = opened["RSNA_chest_PA_mono2_8bit_JPEGbaseline.dcm"].pixels
    flipped = opened["RSNA_chest_mono1tag_8bit_JPEGbaseline_xrvfake.dcm"].pixels
    np.testing.assert_allclose(flipped, 255 - plain, atol=1e-3)
    # Lungs are dark, the spine is bright: in the upper half, beside the midline against on it.
    for name in (
        "RG1_chest_PA_mono1_15bit_J2Klossy.dcm",
        "RG1_jpegls_lossless.dcm",
        "RG1_8bit.dcm",
    ):
        film = opened[name].pixels
        height, width = film.shape
        band = film[height // 3 : height // 2]
        lung = np.median(band[:, int(0.28 * width) : int(0.36 * width)])
        spine = np.median(band[:, int(0.48 * width) : int(0.54 * width)])
        assert spine > lung + 20, name
