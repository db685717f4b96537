"""Films read lately: one reading for all who ask, bounded memory, nothing stale."""

import threading

import numpy as np
import pytest
from PIL import Image

from core.errors import ExplorerError
from core.films.loaded import LoadedImage, drawn_image
from core.films.recent import RecentFilms
from core.recent import Recent, nbytes_of
from core.specs import open_studies
from core.studies import manifest


def _film(value: float, side: int = 10) -> LoadedImage:
    return drawn_image(np.full((side, side), value, np.float32))  # 400 bytes: values are pixels


def test_threads_that_ask_at_once_share_one_reading():
    films, reads, together = RecentFilms(10_000), [], threading.Barrier(8)

    def read() -> LoadedImage:
        reads.append(1)
        threading.Event().wait(0.1)
        return _film(1)

    found: list[LoadedImage] = []

    def ask() -> None:
        together.wait()
        found.append(films.get("a", read))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reads) == 1 and len(found) == 8 and all(film is found[0] for film in found)


def test_the_least_recently_used_is_forgotten_and_the_newest_stays_however_large():
    films, reads = RecentFilms(1000), []

    def ask(key: str, side: int = 10) -> None:
        films.get(key, lambda: (reads.append(key), _film(0, side))[1])

    for key in ("a", "b", "a", "c", "a", "b"):  # c pushes b out, for a was asked for since
        ask(key)
    assert reads == ["a", "b", "c", "b"]
    ask("large", 100)
    ask("large", 100)
    ask("a")
    ask("large", 100)  # alone it stays; beside another it is too much
    assert reads[4:] == ["large", "a", "large"]


def test_a_failure_is_told_to_all_and_not_kept():
    films = RecentFilms(1000)

    def fail() -> LoadedImage:
        raise ExplorerError("It is damaged.")

    for _ in range(2):
        with pytest.raises(ExplorerError, match="damaged"):
            films.get("a", fail)
    film = films.get("a", lambda: _film(3))
    with pytest.raises(ValueError, match="read-only"):
        film.pixels[0, 0] = 1


def test_of_what_was_forgotten_nothing_stays():
    texts: Recent[str] = Recent(100, len)
    for number in range(1000):
        texts.get(number, lambda: "ten signs.")
    assert len(texts) == 10 and texts.nbytes == 100 and len(texts._sizes) == 10
    texts.put(999, "four")
    assert texts.nbytes == 94 and texts.kept(999) == "four" and texts.kept(1) is None
    texts.clear()
    assert len(texts) == 0 == texts.nbytes


def test_what_grows_in_use_is_measured_again():
    held: Recent[list[str]] = Recent(100, nbytes_of, growing=True)
    for name in "abc":
        held.get(name, list).append(40 * name)
    assert held.nbytes == 120  # the last one grew after it was made
    held.get("d", list)
    assert held.kept("a") is None and held.nbytes == 80
    assert nbytes_of({"ab": np.zeros(3), "c": [None, 1.0, {"d"}]}) == 2 + 24 + 1 + 16 + 1


def test_a_set_reads_a_film_once_and_anew_when_its_file_changes(tmp_path, monkeypatch):
    reads = []
    plain = manifest.read_image
    monkeypatch.setattr(manifest, "read_image", lambda path: (reads.append(path), plain(path))[1])
    for name in "ab":
        Image.fromarray(np.full((80, 90), 50, np.uint8)).save(tmp_path / f"{name}.png")
    (tmp_path / "set.csv").write_text(
        'id,image,text,boxes\na,a.png,Clear.,"[{""label"": ""Edema"", ""x"": 1, ""y"": 2, ""w"": 9,'
        ' ""h"": 9}]"\nb,b.png,,\n'
    )
    studies = open_studies(str(tmp_path / "set.csv"))
    part = studies.subset([0])
    studies.study(0), studies.image(0), studies.film(0), studies.display_image(0)
    studies.masks(0), studies.notes(0), part.image(0), part.film(0), part.notes(0), part.masks(0)
    assert len(reads) == 1
    assert studies.masks(1) == {} and studies.report(1) == [] and len(reads) == 1  # not looked at
    assert studies.report(0) == studies.reports[0] == ["Clear."]
    Image.fromarray(np.full((80, 91), 60, np.uint8)).save(tmp_path / "a.png")
    assert studies.image(0).shape == (80, 91) and len(reads) == 2
    studies.loaded(0)  # what goes through a set reads, and pushes nothing out
    assert len(reads) == 3 and studies.image(0).max() == 60 and len(reads) == 3
