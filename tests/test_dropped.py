"""Files dropped into the browser: a folder, a ZIP, and what a ZIP must not do."""

import gc
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import ExplorerError
from core.intake import dropped as module
from core.intake.dropped import Dropped, only_table, open_zip
from core.intake.target import proposed_target
from core.intake.thumbnail import thumbnail


def _png(shape: tuple[int, int] = (60, 40)) -> bytes:
    film = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(film).save(buffer, "PNG")
    return buffer.getvalue()


def _zip(**files: bytes) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer


def _drop(*files: tuple[str, bytes]) -> Dropped:
    return Dropped((name, io.BytesIO(content)) for name, content in files)


def _names(dropped: Dropped) -> set[str]:
    paths = (path for path in dropped.folder.rglob("*") if path.is_file())
    return {path.relative_to(dropped.folder).as_posix() for path in paths}


def test_a_folder_keeps_its_shape_and_its_bytes():
    dropped = _drop(("set/a.png", _png()), ("set/more/b.png", b"b"), ("set/table.csv", b"image\n"))
    assert _names(dropped) == {"set/a.png", "set/more/b.png", "set/table.csv"}
    assert (dropped.folder / "set" / "a.png").read_bytes() == _png()
    assert dropped.count == 3
    assert dropped.tables == ["set/table.csv"] and dropped.folders == ["set", "set/more"]


def test_a_zip_is_what_is_in_it():
    content = _zip(films__a=_png(), films__b=b"b", table=b"x").getvalue()
    dropped = _drop(("set.zip", content), ("c.png", _png()))
    assert _names(dropped) == {"films/a", "films/b", "table", "c.png"}


@pytest.mark.parametrize(
    "name",
    ["../out.png", "/etc/out.png", "a/../../out.png", "..\\out.png", "C:\\out.png",
     "\\\\host\\out.png"],
)  # fmt: skip
def test_no_name_leaves_the_folder(name, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inner.png", _png())
        archive.writestr(name, b"out")
    dropped = _drop(("set.zip", buffer.getvalue()), (name, b"out"))
    assert all(path.is_relative_to(dropped.folder) for path in dropped.folder.rglob("*"))
    assert not (dropped.folder.parent / "out.png").exists() and not Path("/etc/out.png").exists()
    assert "inner.png" in _names(dropped)


def test_links_hidden_files_and_apple_s_doubles_are_left_out():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("link.png")
        link.create_system, link.external_attr = 3, (0xA1FF << 16)
        archive.writestr(link, "/etc/passwd")
        for name in (".DS_Store", "__MACOSX/._a.png", "a.png", "folder/.hidden/b.png"):
            archive.writestr(name, b"x")
    assert _names(_drop(("s.zip", buffer.getvalue()))) == {"a.png"}


def test_two_films_of_one_name_are_two_films():
    dropped = _drop(("a.png", b"1"), ("a.png", b"2"), ("s.zip", _zip(**{"a.png": b"3"}).getvalue()))
    contents = {path.read_bytes() for path in dropped.folder.iterdir()}
    assert contents == {b"1", b"2", b"3"}


def test_more_than_the_header_says_is_not_unpacked(monkeypatch):
    """A bomb that lies about its size fills no disk."""
    content = bytearray(_zip(a=b"\0" * 1_000_000).getvalue())
    size = (1_000_000).to_bytes(4, "little")
    assert content.count(size) >= 2
    lying = bytes(content).replace(size, (10).to_bytes(4, "little"))
    try:
        dropped = _drop(("s.zip", lying))
    except ExplorerError as error:
        assert "no ZIP that can be read" in str(error)
    else:
        assert sum((dropped.folder / name).stat().st_size for name in _names(dropped)) <= 10


@pytest.mark.parametrize(("limit", "value"), [("MAX_FILES", 2), ("MAX_BYTES", 25)])
def test_too_much_is_refused_before_it_is_written(monkeypatch, limit, value):
    monkeypatch.setattr(module, limit, value)
    with pytest.raises(ExplorerError, match="were dropped; import them by their path"):
        _drop(("s.zip", _zip(a=b"x" * 10, b=b"x" * 10, c=b"x" * 10).getvalue()))


@pytest.mark.parametrize(
    ("content", "words"), [(b"PK\x03\x04 rest", "no ZIP"), (b"", "no ZIP")]
)
def test_a_damaged_zip_is_one_sentence(content, words):
    with pytest.raises(ExplorerError, match=words):
        _drop(("s.zip", content))


def test_an_encrypted_zip_is_one_sentence():
    content = bytearray(_zip(a=b"secret").getvalue())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    with pytest.raises(ExplorerError, match="encrypted"):
        _drop(("s.zip", bytes(content)))


def test_nothing_is_refused():
    with pytest.raises(ExplorerError, match="Nothing that can be imported"):
        _drop((".DS_Store", b"x"))


def test_the_files_go_with_the_object_that_holds_them():
    dropped = _drop(("a.png", b"x"))
    folder = dropped.folder
    assert folder.is_dir()
    del dropped
    gc.collect()
    assert not folder.exists()
    again = _drop(("a.png", b"x"))
    again.close()
    assert not again.folder.exists()


def test_a_refused_drop_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ExplorerError):
        _drop(("a.png", b"x"), ("s.zip", b"no"))
    gc.collect()
    assert not os.listdir(tmp_path)


def test_a_source_is_the_table_or_the_folder():
    dropped = _drop(("set/t.csv", b"image,id\na.png,1\n"), ("set/films/a.png", _png()))
    assert only_table(dropped) == "set/t.csv"
    assert dropped.source("set/t.csv").root == dropped.folder / "set"
    assert dropped.source("set/t.csv", "set/films").root == dropped.folder / "set" / "films"
    assert dropped.source().table is None
    with pytest.raises(ExplorerError, match="2 tables"):
        only_table(_drop(("a.csv", b"x"), ("b.tsv", b"x"), ("README.txt", b"x")))


def test_a_zip_on_this_computer_is_opened(tmp_path):
    (tmp_path / "s.zip").write_bytes(_zip(a=_png()).getvalue())
    assert open_zip(tmp_path / "s.zip").count == 1


def test_import_takes_a_zip(run, tmp_path):
    (tmp_path / "films.zip").write_bytes(_zip(one=_png(), two=_png()).getvalue())
    code, out, err = run("import", "--data", tmp_path / "films.zip", "--out", tmp_path / "set")
    assert code == 0 and "2 studies" in out, err
    assert (tmp_path / "set" / "manifest.csv").is_file()


def test_a_proposed_folder_is_new_and_names_nobody(tmp_path, monkeypatch):
    monkeypatch.setenv("LRCLR_SETS", str(tmp_path))
    first = proposed_target()
    assert first.parent == tmp_path and first.name.startswith("import-") and not first.exists()
    first.mkdir()
    assert proposed_target().name == f"{first.name}-2"


def test_a_thumbnail_is_small_and_of_the_same_shape(tmp_path):
    (tmp_path / "a").write_bytes(_png((300, 150)))
    picture = thumbnail(tmp_path / "a")
    assert picture is not None and picture.shape == (96, 48) and picture.dtype == np.uint8
    (tmp_path / "b").write_text("no film")
    assert thumbnail(tmp_path / "b") is None and thumbnail(tmp_path / "none") is None
