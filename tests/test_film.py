"""Windows, tables, inversion, padding and pixels made square: the answers are computed by hand."""

from typing import Any

import numpy as np
import pytest
from dicom_files import NAME, RAMP, dicom
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels import apply_windowing

from core.errors import ExplorerError
from core.films.film import OPENED, RANGE, Film
from core.films.loaded import LoadedImage
from core.films.read import read_image
from core.films.window import FUNCTIONS, Window, between, parse_window


def _read(**fields: Any) -> LoadedImage:
    return read_image(dicom(**fields), "film.dcm")


def _steps(*values: int) -> np.ndarray:
    """A picture of upright bars of these values."""
    return np.repeat(np.tile(np.array(values, np.uint16), (80, 1)), 80 // len(values), axis=1)


@pytest.mark.parametrize(
    ("function", "shares"),
    [
        # C.11.2.1.2.1: ((x - (c - 0.5)) / (w - 1) + 0.5) with c = 100, w = 101
        ("LINEAR", [0, 0.005, 0.505, 1]),
        # C.11.2.1.3.2: (x - c) / w + 0.5
        ("LINEAR_EXACT", [0, 1 / 202, 0.5, 1]),
        # C.11.2.1.3.1: 1 / (1 + exp(-4 (x - c) / w))
        ("SIGMOID", [1 / (1 + np.exp(4 * 60 / 101)), 1 / (1 + np.exp(200 / 101)), 0.5,
                     1 / (1 + np.exp(-4 * 200 / 101))]),
    ],
)  # fmt: skip
def test_the_three_functions(function: str, shares: list[float]) -> None:
    values = np.array([40, 50, 100, 300], np.float32)
    np.testing.assert_allclose(Window(100, 101, function)(values), shares, atol=1e-6)


@given(
    st.floats(-2000, 6000), st.floats(2, 9000), st.sampled_from(FUNCTIONS),
    st.lists(st.integers(0, 4095), min_size=1, max_size=30),
)  # fmt: skip
def test_windows_are_those_of_pydicom(
    center: float, width: float, function: str, values: list[int]
) -> None:
    dataset = Dataset()
    dataset.PhotometricInterpretation, dataset.PixelRepresentation = "MONOCHROME2", 0
    dataset.BitsStored, dataset.VOILUTFunction = 12, function
    dataset.WindowCenter, dataset.WindowWidth = round(center, 3), round(width, 3)
    array = np.array(values)
    with np.errstate(over="ignore"):  # pydicom's sigmoid, far from the centre
        expected = apply_windowing(array, dataset) / 4095
    found = Window(round(center, 3), round(width, 3), function)(array.astype(np.float32))
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_a_linear_window_of_one_is_a_step() -> None:
    values = np.array([99, 99.5, 100], np.float32)
    assert Window(100, 1)(values).tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("center", "width", "function"),
    [(0, 0.5, "LINEAR"), (0, 0, "SIGMOID"), (0, -4, "LINEAR_EXACT"), (float("nan"), 4, "LINEAR"),
     (0, float("inf"), "LINEAR"), (0, 4, "CUBIC")],
)  # fmt: skip
def test_what_is_no_window(center: float, width: float, function: str) -> None:
    with pytest.raises(ExplorerError):
        Window(center, width, function)


def test_a_window_in_words() -> None:
    assert parse_window(" 40, 400.5 ") == Window(40, 400.5, "LINEAR_EXACT")
    for text in ("", "40", "40,400,1", "a,b", "1e9,4", "40,0"):
        with pytest.raises(ExplorerError):
            parse_window(text)


def test_a_header_function_is_followed() -> None:
    bars = _steps(0, 1000, 2000, 4000)
    shown = _read(pixels=bars, WindowCenter=2000, WindowWidth=2000, VOILUTFunction="SIGMOID")
    expected = 255 / (1 + np.exp(-4 * (np.array([0, 1000, 2000, 4000]) - 2000) / 2000))
    np.testing.assert_allclose(shown.pixels[0, 10::20], expected, atol=1e-3)


def test_of_several_windows_the_first_is_shown_and_all_can_be_chosen() -> None:
    loaded = _read(
        WindowCenter=[1000, 3000], WindowWidth=[1001, 501],
        WindowCenterWidthExplanation=["NORMAL", NAME],
    )  # fmt: skip
    film = loaded.film
    assert list(film.windows) == ["Window 1 (normal)", "Window 2"]  # a name is no known word
    np.testing.assert_array_equal(loaded.pixels, film.show(Window(1000, 1001)))
    assert film.presets["Window 2"] == Window(3000, 501)
    assert list(film.presets)[0] == OPENED


def test_a_window_that_makes_no_sense_is_left_out() -> None:
    loaded = _read(WindowCenter=[1000, 2000], WindowWidth=[0, 4000])
    assert list(loaded.film.windows) == ["Window 2"]
    assert any("makes no sense" in note for note in loaded.notes)


def test_the_order_is_rescale_window_inversion() -> None:
    """Stored 1000, 2000 become 500, 1500 by slope 1, intercept -500; the window runs 0 to 2000."""
    bars = _steps(1000, 2000)
    fields: dict[str, Any] = {
        "pixels": bars, "RescaleSlope": 1, "RescaleIntercept": -500,
        "WindowCenter": 1000, "WindowWidth": 2000, "VOILUTFunction": "LINEAR_EXACT",
    }  # fmt: skip
    np.testing.assert_allclose(_read(**fields).pixels[0, [0, 79]], [63.75, 191.25], atol=1e-3)
    inverted = _read(PhotometricInterpretation="MONOCHROME1", **fields)
    np.testing.assert_allclose(inverted.pixels[0, [0, 79]], [191.25, 63.75], atol=1e-3)


def test_a_modality_table_comes_before_the_window() -> None:
    """Entry v of the table is 3 v: stored 100 is 300, at 0.3 of a window from 0 to 1000."""
    table = Dataset()
    table.LUTDescriptor, table.ModalityLUTType = [1000, 0, 16], "US"
    table.LUTData = (3 * np.arange(1000)).astype(np.uint16).tobytes()
    table["LUTData"].VR = "OW"
    shown = _read(
        pixels=_steps(100, 200), ModalityLUTSequence=[table], WindowCenter=500, WindowWidth=1000,
        VOILUTFunction="LINEAR_EXACT",
    ).pixels  # fmt: skip
    np.testing.assert_allclose(shown[0, [0, 79]], [0.3 * 255, 0.6 * 255], atol=1e-3)


def test_a_table_of_the_header_comes_before_its_window() -> None:
    """The table starts at value 1000; below it counts its first entry, above it its last."""
    table = Dataset()
    table.LUTDescriptor = [4, 1000, 8]
    table.LUTData = np.array([10, 20, 40, 80], np.uint16).tobytes()
    table["LUTData"].VR = "OW"
    loaded = _read(
        pixels=_steps(0, 1001, 1002, 4000), VOILUTSequence=[table], WindowCenter=9, WindowWidth=9
    )
    assert loaded.pixels[0, 10::20].tolist() == [10, 20, 40, 80]
    assert list(loaded.film.windows) == ["VOI LUT", "Window 1"]


@pytest.mark.parametrize(
    ("photometric", "shape", "inverted", "noted"),
    [
        ("MONOCHROME2", "IDENTITY", False, False),
        ("MONOCHROME1", "INVERSE", True, False),
        ("MONOCHROME2", "INVERSE", True, True),
        ("MONOCHROME1", "IDENTITY", True, True),
    ],
)
def test_a_presentation_shape_never_inverts_twice(
    photometric: str, shape: str, inverted: bool, noted: bool
) -> None:
    loaded = _read(PhotometricInterpretation=photometric, PresentationLUTShape=shape)
    assert (loaded.pixels[0, 0] > loaded.pixels[0, -1]) == inverted
    assert any("contradicts itself" in note for note in loaded.notes) == noted


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_a_range_of_padding_is_black_either_way(photometric: str) -> None:
    bars = _steps(0, 3, 1000, 2000)
    shown = _read(
        pixels=bars, PixelPaddingValue=3, PixelPaddingRangeLimit=0,
        PhotometricInterpretation=photometric,
    ).pixels  # fmt: skip
    assert (shown[:, :40] == 0).all()
    assert {float(shown[0, 50]), float(shown[0, 70])} == {0.0, 255.0}


@pytest.mark.parametrize(
    ("fields", "shape"),
    [
        ({"PixelSpacing": [0.2, 0.1]}, (192, 128)),
        ({"ImagerPixelSpacing": [0.1, 0.2]}, (96, 256)),
        ({"PixelAspectRatio": [3, 2]}, (144, 128)),
        ({"PixelSpacing": [0.14, 0.14], "PixelAspectRatio": [3, 2]}, (96, 128)),
        ({"PixelSpacing": [0.1, 0.0]}, (96, 128)),
        ({"PixelSpacing": [9, 0.1]}, (96, 128)),
    ],
)
def test_oblong_pixels_are_made_square(fields: dict[str, Any], shape: tuple[int, int]) -> None:
    loaded = _read(**fields)
    assert loaded.pixels.shape == shape
    np.testing.assert_allclose(loaded.pixels[0, :: shape[1] // 128], _read().pixels[0], atol=1.1)


def test_presets_run_between_the_values_they_name() -> None:
    film = _read(pixels=np.clip(RAMP, 100, 3000)).film
    assert film.presets[RANGE] == between(100, 3000)
    low, high = np.percentile(film.values, [2, 98])
    assert film.presets["Percentiles 2 to 98"] == between(float(low), float(high))


def test_percentiles_leave_padding_out() -> None:
    values = np.array([[0, 0, 10, 20]], np.float32)
    film = Film(values, between(0, 1), outside=values == 0)
    assert film.percentiles(0, 100) == (10, 20)


def test_a_sixteen_bit_png_keeps_its_values() -> None:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(RAMP * 16).save(buffer, "PNG")
    film = read_image(buffer.getvalue(), "film.png").film
    np.testing.assert_array_equal(film.values, RAMP * 16)
    assert film.presets[RANGE] == between(0, 4095 * 16)
