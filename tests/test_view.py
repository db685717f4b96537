"""The check of the picture: frontal or not, upright or not, against its header or not."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dicom_files import dicom
from PIL import Image

from core.films.loaded import unusual
from core.films.read import read_image
from core.films.view import look_at
from core.specs import open_studies


@pytest.fixture(scope="module")
def chest() -> np.ndarray:
    """A phantom that is not among those of the template."""
    return open_studies("phantom:n=1,seed=11").image(0)


def _skull(side: int = 160) -> np.ndarray:
    """A bright round with a darker middle on black."""
    y, x = np.mgrid[:side, :side] - side / 2
    radius = np.hypot(x, y)
    return np.where(radius < 40, 140, np.where(radius < 60, 200, 0)).astype(np.float32)


def _lateral(chest: np.ndarray) -> np.ndarray:
    """One lung field before a bright spine at the edge: half a chest, stretched."""
    half = Image.fromarray(chest[:, : chest.shape[1] // 2])
    return np.asarray(half.resize((224, 224)))


def test_a_frontal_chest_passes(chest: np.ndarray) -> None:
    look = look_at(chest)
    assert look.frontal and not look.turned
    bordered = np.pad(chest, 30)
    assert look_at(bordered).frontal
    assert look_at(40 + chest / 4).likeness == pytest.approx(look.likeness, abs=1e-3)


@pytest.mark.parametrize("picture", ["skull", "lateral", "noise"])
def test_what_is_no_frontal_chest_does_not(picture: str, chest: np.ndarray) -> None:
    pixels = {
        "skull": _skull(), "lateral": _lateral(chest),
        "noise": np.random.default_rng(0).uniform(0, 255, (128, 128)).astype(np.float32),
    }[picture]  # fmt: skip
    assert not look_at(pixels).frontal
    assert any("does not look like a frontal" in note for note in unusual(pixels))


@pytest.mark.parametrize(
    ("turned", "name"),
    [
        (lambda film: film[::-1], "upside down"),
        (lambda film: np.rot90(film, 1), "turned to the left"),
        (lambda film: np.rot90(film, -1), "turned to the right"),
        (lambda film: 255 - film, "a negative"),
    ],
)
def test_a_turned_chest_is_named(turned: Any, name: str, chest: np.ndarray) -> None:
    assert look_at(np.ascontiguousarray(turned(chest))).turned == name


def _dicom_notes(chest: np.ndarray, view: str) -> str:
    pixels = (chest * 16).astype(np.uint16)
    return " ".join(read_image(dicom(pixels, ViewPosition=view), "film.dcm").notes)


def test_the_picture_is_checked_against_the_header(chest: np.ndarray) -> None:
    assert _dicom_notes(chest, "PA") == ""
    assert "against its header" in _dicom_notes(chest, "LL")
    assert "though the header says PA" in _dicom_notes(_skull(), "PA")
    assert "though" not in _dicom_notes(_skull(), "LL")


def test_png_is_checked_too(chest: np.ndarray) -> None:
    def notes(pixels: np.ndarray) -> str:
        buffer = io.BytesIO()
        Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG")
        return " ".join(read_image(buffer.getvalue()).notes)

    assert notes(chest) == ""
    assert "does not look like" in notes(_skull())


def test_laterals_of_the_shared_set_are_mostly_flagged(cxr: Path) -> None:
    """All 27 laterals and 60 frontals; benchmarks/picture_check.py measures the whole set."""
    table = pd.read_csv(cxr / "manifest.csv", dtype={"frontal": str})
    laterals = table.loc[table["frontal"] == "0", "image"]
    frontals = table.loc[table["frontal"] == "1", "image"].iloc[::19]
    found = [not look_at(read_image(cxr / image).pixels).frontal for image in laterals]
    alarms = [not look_at(read_image(cxr / image).pixels).frontal for image in frontals]
    assert len(found) == 27 and np.mean(found) >= 0.8
    assert np.mean(alarms) <= 0.08
