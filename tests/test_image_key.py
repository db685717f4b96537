"""A film's identity: by its pixels alone, wherever it lies, and without a second decoding."""

import os
import shutil
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from planted import dicom, film
from tiny_archive import make
from tiny_model import TinySet

from core.films.recent import RecentFilms
from core.specs import open_studies
from core.studies import UploadedSet, manifest, study
from core.studies.joined import JoinedSet
from core.studies.keys import image_keys


@pytest.fixture
def folder(tmp_path):
    """Three films: two PNG of 8 and 16 bits, and a DICOM."""
    root = tmp_path / "first"
    root.mkdir()
    Image.fromarray(film(1)).save(root / "a.png")
    Image.fromarray(film(2).astype(np.uint16) * 200).save(root / "b.png")
    dicom(root / "c.dcm", film(3))
    return root


@pytest.fixture
def decodings(monkeypatch) -> Counter[str]:
    """Counts files that are read."""
    counts: Counter[str] = Counter()
    plain = manifest.read_image

    def counting(path):
        counts[path.name] += 1
        return plain(path)

    monkeypatch.setattr(manifest, "read_image", counting)
    return counts


def keys(studies) -> list[str]:
    return [studies.image_key(row) for row in range(len(studies))]


def test_a_film_keeps_its_key_under_another_name_time_and_kind_of_set(folder, tmp_path):
    before = keys(open_studies(str(folder)))
    assert len({*before}) == 3 and all(len(key) == 40 for key in before)
    moved = tmp_path / "elsewhere" / "deep"
    shutil.copytree(folder, moved)
    os.rename(moved / "a.png", moved / "z.png")
    os.utime(moved / "b.png", (1, 1))
    table = pd.DataFrame({"id": ["q", "r", "s"], "image": ["z.png", "b.png", "c.dcm"]})
    table.to_csv(moved / "m.csv", index=False)
    studies = open_studies(str(moved / "m.csv"))
    assert keys(studies) == before == image_keys(studies)
    assert keys(studies.subset([2, 0])) == [before[2], before[0]]
    assert keys(JoinedSet([studies.subset([1]), studies])) == [before[1], *before]
    uploaded = UploadedSet("x.png", (folder / "a.png").read_bytes())
    assert uploaded.image_key(0) == before[0]


def test_one_grey_value_a_shape_or_the_sign_of_the_scale_make_another_film(tmp_path):
    plain = film(1)
    other = plain.copy()
    other[5, 7] += 1
    shapes = {"plain": plain, "other": other, "shape": plain.reshape(80, 96)}
    for name, values in shapes.items():
        Image.fromarray(values).save(tmp_path / f"{name}.png")
    dicom(tmp_path / "mono1.dcm", plain, PhotometricInterpretation="MONOCHROME1")
    dicom(tmp_path / "mono2.dcm", plain)
    assert len({*keys(open_studies(str(tmp_path)))}) == 4  # mono2 is the plain picture
    Image.fromarray(plain).save(tmp_path / "again.png", compress_level=0)
    assert len({*keys(open_studies(str(tmp_path)))}) == 4


def test_another_window_in_the_header_is_the_same_film(tmp_path):
    dicom(tmp_path / "a.dcm", film(1))
    dicom(tmp_path / "b.dcm", film(1), WindowCenter=90, WindowWidth=40)
    studies = open_studies(str(tmp_path))
    assert not np.array_equal(studies.image(0), studies.image(1))
    assert len({*keys(studies)}) == 1


def test_looking_at_a_film_and_asking_for_its_key_decodes_it_once(folder, decodings):
    studies = open_studies(str(folder))
    studies.image(0), studies.image_key(0), studies.film(0), studies.image_key(0)
    part = studies.subset([0])
    part.image_key(0), part.image(0)
    assert decodings == {"a.png": 1}


def test_a_key_outlives_the_film_in_memory_until_the_file_changes(folder, decodings, monkeypatch):
    monkeypatch.setattr(study, "_recent", RecentFilms(1))
    studies = open_studies(str(folder))
    first = keys(studies)
    assert keys(studies) == first
    assert decodings == {"a.png": 1, "b.png": 1, "c.dcm": 1}
    Image.fromarray(film(9)).save(folder / "a.png")
    os.utime(folder / "a.png", (5, 5))
    assert studies.image_key(0) not in first and decodings["a.png"] == 2


def test_keys_of_a_set_are_kept_by_its_fingerprint(folder, decodings):
    (folder / "d.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")
    studies, steps = open_studies(str(folder)), []
    first = image_keys(studies, lambda done, total: steps.append((done, total)))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)] and first[3] == ""
    assert image_keys(open_studies(str(folder))) == first
    assert decodings == {"a.png": 1, "b.png": 1, "c.dcm": 1, "d.png": 1}
    Image.fromarray(film(9)).save(folder / "a.png")
    os.utime(folder / "a.png", (5, 5))
    assert image_keys(open_studies(str(folder)))[0] not in first


def test_phantoms_and_archives_have_the_keys_of_their_pictures(tmp_path):
    phantoms = open_studies("phantom:n=3,seed=5")
    again = open_studies("phantom:n=5,seed=5")
    assert keys(phantoms) == keys(again)[:3] and len({*keys(again)}) == 5
    _, studies, _ = make(tmp_path, TinySet(4))
    from core.archive.embedded_set import open_embedded

    archive = open_embedded(tmp_path / "a", lambda spec: studies)
    assert keys(archive) == keys(studies) == image_keys(archive)


def test_processes_give_the_same_keys(tmp_path):
    for seed in range(50):
        Image.fromarray(film(seed)).save(tmp_path / f"{seed:02}.png")
    studies = open_studies(str(tmp_path))
    assert image_keys(studies, workers=2) == keys(studies)
