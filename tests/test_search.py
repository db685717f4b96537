"""Search over shards: what is nearest is found, exactly or with the recall that is said."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_model import TinySet, tiny_model

from core.archive.embed import EmbedOptions, embed
from core.archive.embedded_set import EmbeddedSet
from core.archive.query import box_query, image_query, text_query
from core.archive.search import Searcher, exact_index, search_archive, search_encoding
from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.preprocessing import Preprocess
from core.specs import open_shards

OPTIONS = EmbedOptions(precision="fp32", shard_size=16, workers=0)
N = 40


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> EmbeddedSet:
    folder = tmp_path_factory.mktemp("search") / "a"
    embed(Predictor(tiny_model(), "tiny"), TinySet(N), folder, OPTIONS)
    return open_shards(folder)


def by_hand(vectors: np.ndarray, query: np.ndarray, top: int) -> list[int]:
    return np.argsort(-(vectors @ query), kind="stable")[:top].tolist()


def test_the_nearest_images_are_those_of_the_greatest_cosine(archive):
    vectors = archive.archive.image_features.numpy()
    searcher = search_archive(archive.archive)
    query = text_query(Predictor(tiny_model(), "tiny"), "left lung opacity")
    hits = searcher.nearest(query, 7)
    assert [hit.row for hit in hits] == by_hand(vectors, query, 7) and searcher.note == "exact"
    np.testing.assert_allclose([hit.score for hit in hits],
                               sorted(vectors @ query)[::-1][:7], atol=1e-3)  # fmt: skip


def test_a_study_finds_itself_unless_left_out(archive):
    searcher = search_archive(archive.archive)
    query = image_query(archive.encoding(np.array([5])))
    found = {hit.row: hit.score for hit in searcher.nearest(query, N)}
    assert found[5] == pytest.approx(max(found.values()), abs=1e-3)  # the tiny model's lie close
    others = searcher.nearest(query, N, without=5)
    assert len(others) == N - 1 and 5 not in [hit.row for hit in others]


@pytest.mark.parametrize("options", [OPTIONS, replace(OPTIONS, patches=3)])
def test_regions_are_the_best_of_each_image(tmp_path, options):
    predictor = Predictor(tiny_model(), "tiny")
    embed(predictor, TinySet(N), tmp_path / "a", options)
    archive = open_shards(tmp_path / "a")
    query = text_query(predictor, "opacity")
    patches = archive.encoding(np.arange(N)).patch_features.numpy()  # what was not kept is zero
    cosine = np.where(np.abs(patches).sum(axis=2) > 0, patches @ query, -2)
    hits = search_archive(archive.archive, regions=True).nearest(query, N)
    assert sorted(hit.row for hit in hits) == list(range(N))  # each image once
    for hit in hits:
        assert hit.cell == int(cosine[hit.row].argmax())
        assert hit.score == pytest.approx(cosine[hit.row].max(), abs=1e-3)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_set_without_shards_is_searched_by_its_encodings(archive):
    images = Predictor(tiny_model(), "tiny").encode_set(TinySet(N))
    query = image_query(images.rows(slice(3, 4)))
    for regions in (False, True):
        one = search_encoding(images, regions).nearest(query, 5)
        other = search_archive(archive.archive, regions).nearest(query, 5)
        assert [(hit.row, hit.cell) for hit in one] == [(hit.row, hit.cell) for hit in other]


def test_an_image_that_could_not_be_read_is_never_found():
    images = Predictor(tiny_model(), "tiny").encode_set(TinySet(N)).rows(slice(0, 6))
    for features in (images.image_features, images.patch_features):
        features[2] = torch.nan
    query = -image_query(images.rows(slice(3, 4)))  # nan or zero would come before the others
    for regions in (False, True):
        found = search_encoding(images, regions).nearest(query, 6)
        assert sorted(hit.row for hit in found) == [0, 1, 3, 4, 5]


def test_parts_of_an_index_answer_as_one():
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((501, 8)).astype(np.float32)
    query = rng.standard_normal(8).astype(np.float32)
    found = Searcher(exact_index(vectors), np.arange(501)).nearest(query, 50)
    half = vectors.astype(np.float16).astype(np.float32)
    assert [hit.row for hit in found] == by_hand(half, query, 50)


def test_an_approximate_index_is_built_once_and_says_its_recall(archive):
    folder = archive.archive.folder
    said = []
    first = search_archive(archive.archive, True, exact_most=100, told=said.append)
    about = json.loads((folder / "search-regions.json").read_text())
    assert "Building" in said[0] and about["vectors"] == N * 16
    assert min(about["recall"], about["recall_text"]) >= 0.95 and "approximate" in first.note
    again = search_archive(open_shards(folder).archive, True, 100, lambda _: pytest.fail("built"))
    exact = search_archive(archive.archive, True)
    query = text_query(Predictor(tiny_model(), "tiny"), "opacity")
    wanted = {hit.row for hit in exact.nearest(query, 10)}
    assert len(wanted & {hit.row for hit in again.nearest(query, 10)}) >= 8
    (folder / "search-regions.faiss").write_bytes(b"nonsense")
    with pytest.raises(ExplorerError, match="search-regions.faiss is damaged"):
        search_archive(archive.archive, True, exact_most=100)


def test_recall_is_measured_against_the_truth(archive):
    """Of the few lists looked into, the recall that is told is the recall there is."""
    from core.archive import approximate

    vectors = archive.archive.patches(np.arange(N))[0].reshape(-1, 16).float().numpy()
    truth = approximate._Truth(vectors[:5])
    for start in range(0, len(vectors), 100):
        truth.see(start, vectors[start : start + 100])
    for query, row in zip(vectors[:5], truth.nearest(), strict=True):
        nearest = np.sort(vectors @ query)[::-1][:10]
        np.testing.assert_allclose(vectors[row] @ query, nearest, atol=1e-5)


def test_a_box_is_the_mean_of_the_patches_under_it(archive):
    image = archive.encoding(np.array([2]))
    preprocess = Preprocess(size=32, mode="squash")  # a grid of 4 x 4 patches of 8 pixels
    patches = image.patch_features[0].numpy()
    # In an image of 64 x 64 a patch is 16 pixels: the whole of patch 5 and half of patch 6.
    found = box_query(image, preprocess, (16, 16, 24, 16), (64, 64))
    expected = patches[5] + 0.5 * patches[6]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-5)
    with pytest.raises(ExplorerError, match="covers nothing"):
        box_query(image, preprocess, (70, 70, 5, 5), (64, 64))


@pytest.mark.parametrize("mode", ["letterbox", "crop", "squash"])
def test_a_box_goes_to_the_model_and_back(mode):
    preprocess = Preprocess(size=32, mode=mode)
    box = (30.0, 28.0, 12.0, 9.0)
    there = preprocess.from_image_box(box, (60, 80))
    assert preprocess.to_image_box(there, (60, 80)) == pytest.approx(box)


def test_more_than_can_be_shown_is_refused(archive):
    with pytest.raises(ExplorerError, match="top must be"):
        search_archive(archive.archive).nearest(np.zeros(16, np.float32), 0)


def test_the_command_finds_a_studys_neighbours_without_a_model(run, archive, tmp_path):
    folder = archive.archive.folder
    path = tmp_path / "hits.json"
    code, out, err = run("search", "--shards", folder, "--study", "t5", "--top", 3, "--json", path)
    query = image_query(archive.encoding(np.array([5])))
    expected = [
        archive.ids[hit.row] for hit in search_archive(archive.archive).nearest(query, 3, 5)
    ]
    assert code == 0 and [hit["id"] for hit in json.loads(path.read_text())["hits"]] == expected
    assert all(name in out for name in expected) and "exact" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give one of"),
        (("--text", "a", "--study", "t1"), "Give one of"),
        (("--text", "a", "--box", "1,2,3,4"), "needs --study or --image"),
        (("--study", "t1", "--box", "1,2"), "takes x,y,w,h"),
        (("--study", "nobody"), "no study 'nobody'"),
    ],
)
def test_what_cannot_be_searched_for_is_one_sentence(run, archive, arguments, said):
    code, _, err = run("search", "--shards", archive.archive.folder, *arguments)
    assert code == 2 and said in err and err.count("\n") == 1


def test_no_archive_is_one_sentence(run, tmp_path: Path):
    code, _, err = run("search", "--shards", tmp_path, "--text", "a")
    assert code == 2 and "holds no embeddings" in err
