"""A CT as films: which way up, how much of the beam is left, where a nodule's shadow lies."""

from dataclasses import replace
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from ct_files import BALL, VOXEL_MM, affine_of, at_affine, write_nifti, write_plain, write_series

from core.ct.nodule import Ellipsoid, Nodule, random_place, shadow
from core.ct.projection import MU_WATER, SOURCE_CM, Beam, for_pixels, line_integrals, pixel_places
from core.ct.scan import CtScan, Pose, open_scan, read_ct
from core.ct.volume import CtVolume, from_affine
from core.errors import ExplorerError
from core.phantom.primitives import Raster
from core.specs import open_studies
from core.studies.ct_set import CtSet


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> CtScan:
    return open_scan(write_plain(tmp_path_factory.mktemp("ct") / "plain.nii.gz"))


def brightest(scan: CtScan, size: int = 64) -> tuple[float, float]:
    """Row and column of what the ball's side has more of than the other, in pixels."""
    line = scan._line(Pose(), scan.raster(size, Pose()))
    more = np.clip(line - line[:, ::-1], 0, None)
    more[more < 0.5 * more.max()] = 0
    rows, columns = np.indices(line.shape)
    return float((more * rows).sum() / more.sum()), float((more * columns).sum() / more.sum())


def expected_place(scan: CtScan, size: int = 64) -> tuple[float, float]:
    """Where the beam takes the ball, by similar triangles and not by the volume's axes."""
    raster = scan.raster(size, Pose())
    beam = scan.beam(Pose())
    larger = SOURCE_CM / (SOURCE_CM - (-BALL[1] / 10 - beam.detector))
    down = (-BALL[2] / 10 - beam.centre[0]) * larger
    left = (BALL[0] / 10 - beam.centre[1]) * larger
    return tuple(value / raster.pixel + size / 2 - 0.5 for value in (down, left))  # type: ignore[return-value]


@pytest.mark.parametrize("order", [tuple(one) for one in permutations(range(3))])
def test_a_film_is_the_same_for_every_order_of_the_files_axes(order, tmp_path):
    told = []
    for number, signs in enumerate(product((1, -1), repeat=3)):
        steps = np.zeros((3, 3))
        for axis, (direction, sign) in enumerate(zip(order, signs, strict=True)):
            steps[direction, axis] = sign * VOXEL_MM
        sides = np.array([54, 38, 42])[list(order)]  # right, front, head
        affine = affine_of(steps, tuple(sides))
        path = write_nifti(tmp_path / f"{number}.nii", affine, at_affine(affine, tuple(sides)))
        told.append(open_scan(path))
    for one in told:
        assert brightest(one) == pytest.approx(expected_place(one), abs=0.5)
        assert expected_place(one)[1] > 40, "the patient's left is at the right"
        assert expected_place(one)[0] < 24, "the head is up"
        np.testing.assert_array_equal(one.chest.volume.hounsfield, told[0].chest.volume.hounsfield)


@pytest.mark.parametrize("tilt", [-20.0, 0.0, 20.0])
@pytest.mark.parametrize("flipped", [False, True])
def test_a_series_is_ordered_by_place_and_a_tilted_gantry_moves_nothing(tilt, flipped, tmp_path):
    one = open_scan(write_series(tmp_path / "series", tilt, flipped, seed=int(tilt) % 7))
    assert brightest(one) == pytest.approx(expected_place(one), abs=0.5)
    assert "Secret" not in repr(one.chest.volume.name)


def test_without_the_tilt_the_ball_would_lie_elsewhere(tmp_path):
    volume = read_ct(write_series(tmp_path / "series", 20.0))
    index = np.array([volume.index_of(np.array([-BALL[2], -BALL[1], BALL[0]]) / 10)])
    upright = CtVolume(volume.hounsfield, np.diag(np.diag(volume.matrix)))
    away = upright.place_of(index)[0] - np.array([-BALL[2], -BALL[1], BALL[0]]) / 10
    assert np.abs(away).max() > 0.8, "the test would not see a tilt that is forgotten"


def water(thickness: int = 20, side: int = 40) -> CtVolume:
    """A slab of water in air, a centimetre a voxel."""
    values = np.full((side, thickness + 10, side), -1000, np.int16)
    values[:, 5:-5] = 0
    return CtVolume(values, np.eye(3))


def test_a_slab_of_water_weakens_the_beam_by_its_thickness_along_the_ray():
    raster = Raster(16, 20)
    for source in (float("inf"), 100.0):
        line = line_integrals(water(), Beam((0.0, 0.0), -15.0, source), raster)
        down, left = pixel_places(raster)
        longer = np.sqrt(1 + (down**2 + left**2) / source**2)
        np.testing.assert_allclose(line, MU_WATER * 20 * longer, rtol=2e-3)


@pytest.mark.parametrize("source", [float("inf"), 120.0])
def test_a_balls_shadow_is_its_chord_and_its_outline_that_of_similar_triangles(source):
    volume = water()
    volume = replace(volume, hounsfield=np.full_like(volume.hounsfield, -800))
    beam, raster = Beam((0.5, -0.5), -15.0, source), Raster(80, 16)
    place, radius = (2.0, 4.0, 3.0), 1.2
    added, mask = shadow(volume, beam, raster, Nodule(place, Ellipsoid((radius,) * 3), 40.0))
    down, left = pixel_places(raster)
    ends = beam.at(down, left, np.array([[19.0]])), beam.at(down, left, np.array([[18.0]]))
    along = (ends[0] - ends[1]) / np.linalg.norm(ends[0] - ends[1], axis=-1, keepdims=True)
    away = ends[0] - np.array(place)
    passing = (away**2).sum(-1) - (away * along).sum(-1) ** 2
    chord = 2 * np.sqrt(np.maximum(radius**2 - passing, 0))
    inner = passing < (0.8 * radius) ** 2
    np.testing.assert_allclose(added[inner], 0.84 * MU_WATER * chord[inner], rtol=0.05)
    assert (mask != (passing < radius**2)).mean() < 0.005
    assert added[~mask].max() < 0.2 * added.max()


def test_a_nodule_adds_what_the_volume_with_it_would_have():
    """Two ways to the same rays: the nodule apart, or burnt into finer voxels."""
    values = np.full((70, 70, 70), -800, np.int16)
    volume = CtVolume(values, np.eye(3) * 0.1)
    solid, place = Ellipsoid((1.5, 1.0, 2.0), seed=4), (1.0, -0.7, 0.4)
    burnt = values.copy()
    places = volume.place_of(np.moveaxis(np.indices(values.shape), 0, -1))
    burnt[solid.holds(places - np.array(place))] = 40
    beam, raster = Beam((0.0, 0.0), -7.0, 60.0, turn_deg=12.0), Raster(40, 8)
    lines = [line_integrals(for_pixels(CtVolume(v, volume.matrix), raster), beam, raster)
             for v in (values, burnt)]  # fmt: skip
    added, mask = shadow(volume, beam, raster, Nodule(place, solid, 40.0))
    difference = lines[1] - lines[0]
    assert added.sum() == pytest.approx(difference.sum(), rel=0.02)
    assert float(np.abs(added - difference).max()) < 0.12 * float(added.max())
    assert mask[difference > 0.3 * difference.max()].all() and not mask[difference == 0].any()


def test_denser_tissue_stays_where_a_nodule_is_put():
    volume = replace(water(), hounsfield=np.full((40, 30, 40), 100, np.int16))
    raster = Raster(40, 10)
    nodule = Nodule((0, 0, 0), Ellipsoid((1, 1, 1)))
    added, mask = shadow(volume, Beam((0, 0), -15.0), raster, nodule)
    assert not added.any() and mask.any()


def test_a_couch_is_left_out_and_lungs_are_found(tmp_path):
    shape = (54, 48, 42)
    affine = affine_of(np.diag([-VOXEL_MM, VOXEL_MM, VOXEL_MM]), shape)
    values = at_affine(affine, shape)
    values[8:-8, 3:5] = 200  # behind the back
    chest = open_scan(write_nifti(tmp_path / "couch.nii", affine, values)).chest
    assert chest.volume.hounsfield.max() == 900
    behind = chest.volume.hounsfield[:, -6:]
    assert (behind == -1000).all()
    litres = chest.lungs.sum() * abs(np.linalg.det(chest.coarse.matrix)) / 1000
    whole = 2 * 4 / 3 * np.pi * 5.8 * 7.5 * 11.5 / 1000
    assert 0.6 * whole < litres < whole, "all but their rim"


def test_a_front_nodule_moves_to_the_left_of_a_patient_who_turns_left(scan):
    solid = Ellipsoid((1.0, 1.0, 1.0))
    nodule = Nodule((0.0, -5.0, 6.0), solid)

    def column(turn: float) -> float:
        drawn = scan.draw(Pose(turn_deg=turn), [nodule], 96)
        return float(np.argwhere(drawn.masks["Lung Lesion"])[:, 1].mean())

    assert column(5) > column(0) + 1 > column(-5) + 2


def test_twins_differ_in_the_nodule_alone(scan):
    place, side, zone = random_place(scan.chest, 1.0, np.random.default_rng(0))
    nodule = Nodule(place, Ellipsoid((1.0, 0.9, 0.8)), side=side, zone=zone)
    plain = scan.draw(Pose(seed=5), (), 128)
    drawn = scan.draw(Pose(seed=5), (nodule,), 128)
    more = drawn.image.astype(int) - plain.image.astype(int)
    mask = drawn.masks["Lung Lesion"]
    assert more[mask].mean() > 5 * abs(more[~mask]).mean()
    assert not plain.masks and not plain.boxes
    np.testing.assert_array_equal(plain.image, scan.draw(Pose(seed=5), (), 128).image)


def test_a_spec_is_a_set_like_any_other(tmp_path):
    path = write_plain(tmp_path / "chest.nii.gz")
    studies = open_studies(f"ct:{path},n=6,seed=3,mm=20,size=96")
    again = open_studies(f"ct:{path},n=6,seed=3,mm=20,size=96")
    assert isinstance(studies, CtSet) and len(studies) == 6
    assert studies.labels["Lung Lesion"].tolist() == [0, 1, 0, 1, 0, 1]
    assert len(set(studies.patients)) == 3, "twins are not independent"
    assert studies.fingerprint == again.fingerprint
    np.testing.assert_array_equal(studies.image(1), again.image(1))
    assert studies.masks(1)["Lung Lesion"].shape == studies.image(1).shape == (96, 96)
    assert studies.display_image(1).shape == (512, 512)
    box = studies.boxes(1)[0]
    assert box.label == "Lung Lesion" and 4 < box.w < 14
    sides = {"left": box.x + box.w / 2 > 48, "right": box.x + box.w / 2 < 48}
    assert sides[next(word for word in sides if word in studies.report(1)[0])]
    assert studies.report(0) == ["No pulmonary nodule."]
    assert not open_studies(f"ct:{path},n=4,nodules=0,size=96").labels["Lung Lesion"].any()


@pytest.mark.parametrize(
    ("spec", "words"),
    [("ct:nowhere.nii.gz", "no CT at"), ("ct:x.nii,n=1", "from 2 to"), ("ct:x.nii,mm=0", "mm in"),
     ("ct:x.nii,shape=cube", "ellipsoid or lidc"), ("ct:x.nii,colour=2", "known: n="),
     ("ct:", "names no CT"), ("ct:\\\\host\\x.nii", "Network paths")],
)  # fmt: skip
def test_a_spec_that_cannot_be_is_one_sentence(spec, words):
    with pytest.raises(ExplorerError, match=words):
        open_studies(spec)


def test_the_demo_that_is_not_fetched_says_how(tmp_path, monkeypatch):
    monkeypatch.setenv("LRCLR_CT", str(tmp_path))
    with pytest.raises(ExplorerError, match="core fetch ct"):
        open_studies("ct:demo")


def _bad_files(folder: Path) -> dict[str, tuple[Path, str]]:
    import nibabel

    good = write_plain(folder / "good.nii.gz")
    cut = folder / "cut.nii.gz"
    cut.write_bytes(good.read_bytes()[:-3000])
    text = folder / "text.nii"
    text.write_text("not a volume" * 100)
    picture = folder / "film.png"
    picture.write_bytes(b"\x89PNG")
    nowhere = nibabel.Nifti1Image(np.zeros((20, 20, 20), np.int16), None)
    nibabel.save(nowhere, folder / "nowhere.nii")
    mask = write_nifti(folder / "mask.nii", affine_of(np.eye(3) * 7, (20, 20, 20)),
                       np.ones((20, 20, 20), np.int16))  # fmt: skip
    flat = write_nifti(folder / "flat.nii", affine_of(np.eye(3) * 7, (20, 20, 2)),
                       np.ones((20, 20, 2), np.int16))  # fmt: skip
    metres = write_nifti(folder / "metres.nii", affine_of(np.eye(3) * 700, (20, 20, 20)),
                         np.ones((20, 20, 20), np.int16))  # fmt: skip
    large = nibabel.Nifti1Image(np.zeros((8, 8, 8), np.int16), np.eye(4))
    large.header.set_sform(np.eye(4), 1)
    head = bytearray(large.to_bytes())
    head[42:48] = np.array([2000, 2000, 2000], "<i2").tobytes()
    (folder / "large.nii").write_bytes(bytes(head))
    water_only = np.full((20, 20, 20), -1000, np.int16)
    water_only[3:-3, 3:-3] = 0
    lungless = write_nifti(folder / "lungless.nii", affine_of(np.eye(3) * 7, (20, 20, 20)),
                           water_only)  # fmt: skip
    gap = write_series(folder / "gap")
    sorted(gap.iterdir(), key=lambda p: pydicom_place(p))[10].unlink()
    (folder / "empty").mkdir()
    return {
        "cut": (cut, "cannot be read as NIfTI"), "text": (text, "cannot be read as NIfTI"),
        "picture": (picture, "no CT that can be opened"),
        "nowhere": (folder / "nowhere.nii", "which way the patient lies"),
        "mask": (mask, "no Hounsfield units"), "flat": (flat, "three axes of 8"),
        "metres": (metres, "between 0.1 and 20"), "large": (folder / "large.nii", "over the limit"),
        "lungless": (lungless, "no lungs"), "gap": (gap, "missing or doubled"),
        "empty": (folder / "empty", "no CT series of 8"),
    }  # fmt: skip


def pydicom_place(path: Path) -> float:
    import pydicom

    return float(pydicom.dcmread(path).ImagePositionPatient[2])


def test_what_is_no_ct_is_refused_in_one_sentence(tmp_path):
    for what, (path, words) in _bad_files(tmp_path).items():
        with pytest.raises(ExplorerError, match=words) as caught:
            open_scan(path)
        assert str(caught.value).count(". ") <= 1, what


def test_an_affine_without_directions_is_refused():
    flat = np.eye(4)
    flat[:3, 1] = flat[:3, 0]
    with pytest.raises(ExplorerError, match="degenerate"):
        from_affine(np.zeros((9, 9, 9), np.int16), flat * 5, "x.nii")
