"""Study sets from every source: one table, lazy images, refusals in one sentence."""

import io
import json
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.errors import ExplorerError
from core.films.loaded import unusual
from core.films.read import read_image
from core.labels import PATHOLOGIES, PHANTOM_FINDINGS
from core.specs import open_studies
from core.studies import UploadedSet, manifest
from core.studies.sentences import split_sentences

FILM = np.random.default_rng(0).integers(0, 255, (80, 120), dtype=np.uint8)


def _png(pixels: np.ndarray | Image.Image = FILM, kind: str = "PNG", **options: object) -> bytes:
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def _manifest(folder: Path, rows: list[dict[str, object]]) -> Path:
    (folder / "a.png").write_bytes(_png())
    (folder / "b.png").write_bytes(_png(FILM.T))
    pd.DataFrame(rows).to_csv(folder / "manifest.csv", index=False)
    return folder / "manifest.csv"


class TestImages:
    def test_png_and_jpeg_by_content_whatever_the_name(self) -> None:
        assert read_image(_png(), "film.dcm").kind == "PNG"
        np.testing.assert_array_equal(read_image(_png()).pixels, FILM)
        assert read_image(_png(kind="JPEG"), "x").kind == "JPEG"

    def test_sixteen_bits_fill_the_range(self) -> None:
        deep = np.tile(np.linspace(0, 65535, 100), (70, 1)).astype(np.uint16)
        pixels = read_image(_png(deep)).pixels
        assert pixels.min() == 0 and pixels.max() == pytest.approx(255)
        assert len(np.unique(pixels)) > 90

    def test_transparency_lies_on_black_and_colour_is_noted(self) -> None:
        clear = Image.new("RGBA", (70, 70), (255, 255, 255, 0))
        assert read_image(_png(clear)).pixels.max() == 0
        red = Image.new("RGB", (70, 70), (250, 20, 20))
        assert any("colour" in note for note in read_image(_png(red)).notes)

    def test_a_turned_photo_is_put_upright(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        data = _png(Image.fromarray(FILM), "JPEG", exif=exif)
        assert read_image(data).pixels.shape == (120, 80)

    def test_what_is_unlike_a_film_is_noted(self) -> None:
        assert "uniform" in unusual(np.full((100, 100), 7, np.float32))[0]
        assert "square" in unusual(np.random.default_rng(0).random((80, 400)) * 255)[0]
        assert "30 x 30" in unusual(np.random.default_rng(0).random((30, 30)) * 255)[0]
        assert not unusual(open_studies("phantom:n=1,seed=11").image(0))

    @pytest.mark.parametrize(
        ("data", "word"),
        [(b"", "empty"), (b"hello", "no PNG"), (_png()[:-400], "damaged"), (_png()[:40], "damaged"),
         (b"%PDF-1.7 ...", "no PNG"), (_png(kind="GIF"), "no PNG"), (_png(kind="TIFF"), "no PNG")],
    )  # fmt: skip
    def test_what_cannot_be_read_is_one_sentence(self, data: bytes, word: str) -> None:
        with pytest.raises(ExplorerError, match=word) as caught:
            read_image(data, "film.png")
        assert "film.png" in str(caught.value)

    @pytest.mark.parametrize("side", [10_001, 60_000])
    def test_over_a_hundred_megapixels_is_refused_before_decoding(self, side: int) -> None:
        header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
        data = b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
        )
        with pytest.raises(ExplorerError, match="100 megapixels"):
            read_image(data, "huge.png")

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ExplorerError, match="gone.png cannot be read"):
            read_image(tmp_path / "gone.png")


class TestManifest:
    def test_rows_images_labels_and_truth(self, tmp_path: Path) -> None:
        boxes = [{"label": "Edema", "x": 10, "y": 20, "w": 30, "h": 5}]
        mask = np.zeros((80, 120), np.uint8)
        mask[5:9, 7:11] = 255
        (tmp_path / "m.png").write_bytes(_png(mask))
        path = _manifest(tmp_path, [
            {"id": "one", "image": "a.png", "text": "Edema. No fracture.", "Edema": 1,
             "Fracture": 0, "boxes": json.dumps(boxes), "masks": json.dumps({"Fracture": "m.png"})},
            {"id": "two", "image": "b.png", "Edema": ""},
        ])  # fmt: skip
        studies = open_studies(str(path))
        assert studies.ids == ["one", "two"]
        assert studies.image(1).shape == (120, 80)
        assert studies.study(0).labels == {"Edema": 1, "Fracture": 0}
        assert studies.study(0).sentences == ("Edema.", "No fracture.")
        assert list(studies.labels.columns) == list(PATHOLOGIES)
        masks = studies.masks(0)
        assert masks["Edema"].sum() == 150 and masks["Edema"][20:25, 10:40].all()
        assert masks["Fracture"].sum() == 16
        assert studies.reports[1] == []

    def test_a_damaged_mask_is_left_out_and_its_study_stays(self, tmp_path: Path) -> None:
        (tmp_path / "mask.png").write_bytes(b"no picture")
        masks = json.dumps({"Edema": "mask.png"})
        studies = open_studies(str(_manifest(tmp_path, [{"id": 1, "image": "a.png",
                                                         "masks": masks}])))  # fmt: skip
        assert len(studies) == 1 and studies.masks(0) == {}

    def test_only_the_sentences_on_the_image_count(self, tmp_path: Path) -> None:
        path = _manifest(tmp_path, [
            {"id": "1", "image": "a.png", "text": "Fever. Edema.", "text_imaging": "Edema."},
            {"id": "2", "image": "b.png", "text": "Clear lungs.", "text_imaging": ""},
        ])  # fmt: skip
        assert open_studies(str(path)).reports == [["Edema."], ["Clear lungs."]]

    @pytest.mark.parametrize(
        "image",
        ["gone.png", "../a.png", "/etc/passwd", "\\\\host\\x.png", "//host/x.png", "", "a" * 300],
    )
    def test_a_row_without_a_usable_file_is_a_problem_not_an_end(
        self, tmp_path: Path, image: str
    ) -> None:
        path = _manifest(tmp_path, [{"id": "1", "image": "a.png"}, {"id": "2", "image": image}])
        studies = open_studies(str(path))
        assert studies.ids == ["1"]
        assert len(studies.problems) == 1 and studies.problems[0].startswith("Row 3: ")

    def test_what_is_no_manifest_is_one_sentence(self, tmp_path: Path) -> None:
        cases = {
            "empty.csv": (b"", "no readable CSV"),
            "binary.csv": (bytes(range(256)), "CSV|column"),
            "columns.csv": (b"name,file\n1,a.png\n", "no column id and no column image"),
            "rows.csv": (b"id,image\n", "no usable row"),
            "lost.csv": (b"id,image\n1,gone.png\n", "gone.png is not there"),
        }
        for name, (data, word) in cases.items():
            (tmp_path / name).write_bytes(data)
            with pytest.raises(ExplorerError, match=word):
                open_studies(str(tmp_path / name))
        with pytest.raises(ExplorerError, match="no manifest"):
            open_studies(str(tmp_path / "none.csv"))

    def test_a_changed_file_changes_the_fingerprint(self, tmp_path: Path) -> None:
        path = _manifest(tmp_path, [{"id": "1", "image": "a.png"}])
        before = open_studies(str(path)).fingerprint
        assert open_studies(str(path)).fingerprint == before
        (tmp_path / "a.png").write_bytes(_png(FILM[:70]))
        assert open_studies(str(path)).fingerprint != before

    def test_the_shared_radiographs_open_unchanged(self, cxr: Path) -> None:
        studies = open_studies(str(cxr / "manifest.csv"))
        assert len(studies) == 1162 and not studies.problems
        row = next(r for r in range(len(studies)) if studies.boxes(r))
        assert studies.masks(row)[studies.boxes(row)[0].label].any()
        assert studies.labels.notna().to_numpy().sum() > 5000


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("in/a.png", ""), ("in//a.png", ""), ("./in/a.png", ""), ("in/../in/a.png", ""),
        ("in\\a.png", ""), ("linked/a.png", ""), ("link.png", ""), ("in/b.png", "is not there"),
        ("in", "is not there"), ("in/", "is not there"), ("none/a.png", "is not there"),
        ("a\0.png", "leaves"), ("/in.png", "leaves"), ("\\in.png", "leaves"),
        ("../far/a.png", "leaves"), ("far/a.png", "leaves"), ("far.png", "leaves"),
        ("in/../../far/a.png", "leaves"), ("C:/in/a.png", "leaves"), ("C:a.png", "leaves"),
    ],
)  # fmt: skip
def test_a_manifest_names_files_below_it_alone(tmp_path: Path, image: str, why: str) -> None:
    root = tmp_path / "root"
    for folder in (root / "in", tmp_path / "far"):
        folder.mkdir(parents=True)
        Image.new("L", (8, 8)).save(folder / "a.png")
    for name in ("in.png", "C:a.png"):  # as "/in.png" is not, and a drive's "C:a.png"
        (root / name).write_bytes((root / "in" / "a.png").read_bytes())
    (root / "linked").symlink_to(root / "in")
    (root / "link.png").symlink_to(root / "in" / "a.png")
    (root / "far").symlink_to(tmp_path / "far")
    (root / "far.png").symlink_to(tmp_path / "far" / "a.png")
    files = manifest._Files(root)
    for _ in range(2):  # a folder that was looked at before, too
        said = files.problem(image)
        assert (why in said) if why else said is None, said


def test_a_folder_of_a_manifest_is_resolved_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(5):
        (tmp_path / "in" / f"{number}.png").write_bytes(_png())
    looked: list[str] = []
    inside = manifest.inside
    monkeypatch.setattr(
        manifest, "inside", lambda root, name: looked.append(name) or inside(root, name)
    )
    files = manifest._Files(tmp_path)
    assert not any(files.problem(f"in{mark}{n}.png") for mark in "/\\" for n in range(5))
    assert looked == ["in"]


def test_a_film_that_was_written_anew_makes_another_set(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(_png())
    (tmp_path / "m.csv").write_text("id,image\n1,a.png\n")
    before = open_studies(str(tmp_path / "m.csv")).fingerprint
    assert open_studies(str(tmp_path / "m.csv")).fingerprint == before
    os.utime(tmp_path / "a.png", ns=(1, 1))  # as large as before
    assert open_studies(str(tmp_path / "m.csv")).fingerprint != before


def test_a_folder_is_a_set_by_name(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "z.png").write_bytes(_png())
    (tmp_path / "deep" / "a.JPG").write_bytes(_png(kind="JPEG"))
    (tmp_path / "notes.txt").write_text("no image")
    studies = open_studies(str(tmp_path))
    assert studies.ids == ["deep/a.JPG", "z.png"]
    assert studies.image(0).shape == (80, 120)
    (tmp_path / "void").mkdir()
    with pytest.raises(ExplorerError, match="no PNG, JPEG or DICOM"):
        open_studies(str(tmp_path / "void"))


class TestPhantomSets:
    def test_the_same_spec_is_the_same_set(self) -> None:
        first, again = open_studies("phantom:n=3,seed=7"), open_studies("phantom:seed=7,n=3")
        assert first.fingerprint == again.fingerprint and first.reports == again.reports
        np.testing.assert_array_equal(first.image(1), again.image(1))
        assert not np.array_equal(first.image(1), open_studies("phantom:n=3,seed=8").image(1))

    def test_presets_and_their_sizes(self) -> None:
        assert len(open_studies("phantom:test")) == 1000
        assert len(open_studies("phantom:val,n=20")) == 20
        assert open_studies("phantom:n=2").image(0).shape == (224, 224)
        assert open_studies("phantom:n=2,size=300").image(0).shape == (300, 300)

    def test_splits_never_share_a_patient(self) -> None:
        seeds = [
            {case.seed for case in open_studies(f"phantom:{split},n=300,seed=0").cases}  # type: ignore[attr-defined]
            for split in ("train", "val", "test")
        ]
        assert sum(map(len, seeds)) == len(set.union(*seeds)) == 900

    def test_labels_masks_and_display(self) -> None:
        studies = open_studies("phantom:n=6,seed=1")
        for row in range(6):
            positive = {n for n, v in studies.study(row).labels.items() if v} - {"No Finding"}
            assert set(studies.masks(row)) == positive
            assert {box.label for box in studies.boxes(row)} == positive
        assert set(studies.study(0).labels) == set(PHANTOM_FINDINGS)
        assert studies.display_image(0).shape == (512, 512)

    @pytest.mark.parametrize(
        "spec",
        ["phantom:n=0", "phantom:n=200000", "phantom:seed=-1", "phantom:size=9", "phantom:x=1",
         "phantom:nonsense", "phantom:n=1e3", "", "  ", "nonsense", "\\\\host\\share", "//host/x",
         "a" * 300, f"{'a' * 300}.csv", f"nih:{'a' * 300}", f"shards:{'a' * 300}"],
    )  # fmt: skip
    def test_what_is_no_spec_is_one_sentence(self, spec: str) -> None:
        with pytest.raises(ExplorerError):
            open_studies(spec)


def test_a_subset_keeps_rows_and_order() -> None:
    whole = open_studies("phantom:n=5,seed=2")
    part = whole.subset([3, 1])
    assert part.ids == [whole.ids[3], whole.ids[1]]
    assert part.reports == [whole.reports[3], whole.reports[1]]
    np.testing.assert_array_equal(part.image(0), whole.image(3))
    assert part.fingerprint != whole.fingerprint
    assert whole.subset(range(5)) is whole


def test_an_upload_is_a_set_of_one_without_its_name() -> None:
    upload = UploadedSet("DOE_JANE.png", _png())
    assert len(upload) == 1 and "DOE" not in repr((upload.spec, upload.ids, upload.fingerprint))
    np.testing.assert_array_equal(upload.display_image(0), FILM)
    assert upload.study(0).labels == {} and upload.reports == [[]]


def test_sentences_are_cut_at_full_stops_not_at_decimals() -> None:
    text = "A 1.5 cm nodule. No effusion.\nHeart is normal"
    assert split_sentences(text) == ["A 1.5 cm nodule.", "No effusion.", "Heart is normal"]
