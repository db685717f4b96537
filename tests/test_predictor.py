"""The predictor: one preprocessing, encodings that are kept, scores and regions in image pixels."""

import numpy as np
import pytest
import torch
from tiny_model import TinyBackbone, TinySet, tiny_model

from core.errors import ExplorerError
from core.inference import set_cache
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, PromptSet
from core.lrclr.encodings import TextEncoding

PROMPTS = PromptSet(
    {
        "Lung Opacity": FindingPrompts(("opacity", "left lung opacity"), ("no opacity",)),
        "Fracture": FindingPrompts(("rib fracture",), ("no fracture", "intact bones")),
    }
)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path))
    return tmp_path / "encodings"


def test_a_set_and_its_images_are_encoded_alike(cache):
    predictor, studies = Predictor(tiny_model(), "tiny"), TinySet()
    whole = predictor.encode_set(studies)
    for row in (0, 5, 11):
        alone = predictor.encode_image(studies.image(row))
        torch.testing.assert_close(whole.image_features[row], alone.image_features[0], atol=1e-3,
                                   rtol=0)  # fmt: skip
        torch.testing.assert_close(whole.patch_features[row], alone.patch_features[0], atol=1e-3,
                                   rtol=0)  # fmt: skip


@pytest.mark.parametrize("scorer", ["text", "product"])
def test_a_set_is_encoded_once(cache, scorer):
    studies = TinySet()
    calls = []
    first = Predictor(tiny_model(scorer=scorer), "tiny").encode_set(
        studies, lambda done, total: calls.append((done, total))
    )
    reads = studies.reads
    assert reads == len(studies) and calls[-1] == (12, 12)
    again = Predictor(tiny_model(scorer=scorer), "tiny").encode_set(studies)
    assert studies.reads == reads
    assert torch.equal(first.patch_features, again.patch_features) and first.grid == again.grid
    assert (first.selected is None) == (scorer == "text")
    if first.selected is not None:
        assert torch.equal(first.selected, again.selected)


def test_other_weights_settings_or_images_are_another_encoding(cache):
    studies = TinySet()
    Predictor(tiny_model(), "tiny").encode_set(studies)
    Predictor(tiny_model(seed=1), "tiny").encode_set(studies)
    Predictor(tiny_model(scorer="all"), "tiny").encode_set(studies)
    Predictor(tiny_model(), "tiny").encode_set(TinySet(seed=1))
    whole = Predictor(tiny_model(), "tiny").encode_set(studies)
    some = Predictor(tiny_model(), "tiny").encode_set(studies.subset([3, 1]))
    assert len(list(cache.iterdir())) == 4  # a part of what is kept is no other encoding
    assert torch.equal(some.patch_features, whole.patch_features[[3, 1]])


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_cache_file_is_made_again(cache, damage):
    predictor, studies = Predictor(tiny_model(), "tiny"), TinySet()
    first = predictor.encode_set(studies)
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes()[:-40] if damage is None else damage)
    again = predictor.encode_set(studies)
    assert torch.equal(first.image_features, again.image_features)
    assert studies.reads == 2 * len(studies)


def test_a_cache_that_cannot_be_written_is_no_failure(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path / "file"))
    assert len(Predictor(tiny_model(), "tiny").encode_set(TinySet())) == 12


def test_the_oldest_encodings_go_first(cache, monkeypatch):
    predictor = Predictor(tiny_model(), "tiny")
    predictor.encode_set(TinySet(seed=1))
    (old,) = cache.iterdir()
    monkeypatch.setattr(set_cache, "_LIMIT", old.stat().st_size * 3 // 2)
    predictor.encode_set(TinySet(seed=2))
    (left,) = cache.iterdir()
    assert left.name != old.name


def test_an_encoding_larger_than_the_limit_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path))
    monkeypatch.setattr(set_cache, "_LIMIT", 1)
    predictor, looked = Predictor(tiny_model(), "tiny"), []
    first = predictor.encode_set(TinySet(seed=1), lambda done, total: looked.append(done))
    again = predictor.encode_set(TinySet(seed=1), lambda done, total: looked.append(done))
    assert len(looked) == 1  # encoded once
    assert torch.equal(first.patch_features, again.patch_features)


def test_each_text_passes_the_model_once():
    model = tiny_model()
    predictor, backbone = Predictor(model, "tiny"), model.backbone
    assert isinstance(backbone, TinyBackbone)
    first = predictor.encode_texts(["rib fracture", "left lower lobe opacity"])
    second = predictor.encode_texts(["left lower lobe opacity", "rib fracture", "edema"])
    assert backbone.texts_encoded == 3
    assert second.texts == ("left lower lobe opacity", "rib fracture", "edema")
    assert torch.equal(first.words[0], second.words[1])
    assert second.mask.sum(dim=1).tolist() == [4, 2, 1]
    assert [len(row) for row in second.pieces] == [4, 4, 4]
    alone = predictor.encode_texts(["edema"])
    assert alone.words.shape[1] == 1


@pytest.mark.parametrize("texts", [[], [""], ["   "], ["x" * 301]])
def test_texts_that_say_nothing_are_refused(texts):
    with pytest.raises(ExplorerError):
        Predictor(tiny_model(), "tiny").encode_texts(texts)


def _smooth_maximum(first, second, gamma=12.0):
    """Of two prompts, by hand: log of the mean of exp(gamma x), over gamma."""
    return np.log((np.exp(gamma * first) + np.exp(gamma * second)) / 2) / gamma


def test_scores_are_what_they_say(cache):
    model = tiny_model(mix={"global": 1.0, "local": 0.5, "match": 0.25},
                       spread={"local": 2.0})  # fmt: skip
    predictor = Predictor(model, "tiny")
    images = predictor.encode_set(TinySet())
    scores = predictor.score(images, PROMPTS)
    texts = model.encode_text(PROMPTS.all_texts())
    g = images.image_features.numpy()
    t = dict(zip(texts.texts, texts.text_features.detach().numpy(), strict=True))

    yes = t["opacity"] + t["left lung opacity"]
    yes = yes / np.linalg.norm(yes)
    np.testing.assert_allclose(scores["positive"][:, 0], g @ yes, atol=1e-5)
    best = _smooth_maximum(g @ t["opacity"], g @ t["left lung opacity"])
    np.testing.assert_allclose(scores["global"][:, 0], best - g @ t["no opacity"], atol=1e-5)
    pair = [np.exp(g @ t[p]) / (np.exp(g @ t[p]) + np.exp(g @ t["no opacity"]))
            for p in ("opacity", "left lung opacity")]  # fmt: skip
    np.testing.assert_allclose(scores["pair"][:, 0], np.mean(pair, axis=0), atol=1e-5)
    reading = model.read(images, texts)
    local = reading.local.detach().numpy()
    best = _smooth_maximum(local[:, 4], local[:, 5])
    np.testing.assert_allclose(scores["local"][:, 1], local[:, 3] - best, atol=1e-5)
    row = images.rows(slice(7, 8))
    logits = model.read(row, texts).match[0].tolist()
    best = _smooth_maximum(*logits[:2])
    assert scores["match"][7, 0] == pytest.approx(best - logits[2], abs=1e-5)
    mixed = scores["global"] + 0.5 * scores["local"] / 2 + 0.25 * scores["match"]
    np.testing.assert_allclose(scores["lrclr"], mixed, atol=1e-5)


def test_one_image_scores_as_in_its_set(cache):
    predictor, studies = Predictor(tiny_model(), "tiny"), TinySet()
    whole = predictor.score(predictor.encode_set(studies), PROMPTS)
    alone = predictor.score(predictor.encode_image(studies.image(4)), PROMPTS)
    for name, values in alone.items():
        assert values.shape == (1, 2)
        np.testing.assert_allclose(values[0], whole[name][4], atol=2e-3)


@pytest.mark.parametrize("added_layers", [True, False])
def test_regions_lie_in_the_image_and_share_the_weight(added_layers):
    predictor = Predictor(tiny_model(added_layers=added_layers), "tiny")
    image = TinySet(shape=(60, 30)).image(1)
    regions = predictor.regions(predictor.encode_image(image), ["left lung opacity"], (60, 30))
    assert len(regions.boxes) == len(regions.index) == len(set(regions.index.tolist())) == 4
    assert regions.weights.sum() + regions.nowhere == pytest.approx(1)
    assert (regions.nowhere > 1e-3) == added_layers  # only what is trained can say "nowhere"
    assert (np.diff(regions.weights) <= 0).all()
    for x, y, w, h in regions.boxes:
        assert 0 <= x <= x + w <= 30 and 0 <= y <= y + h <= 60
    assert regions.words == ["left", "lung", "opacity"]
    assert regions.word_similarity.shape == (3, 4) and regions.word_maps.shape == (3, 4, 4)
    picked = regions.word_maps.reshape(3, -1)[:, regions.index]
    np.testing.assert_allclose(picked, regions.word_similarity)
    assert np.abs(regions.word_maps).max() <= 1 + 1e-5


@pytest.mark.parametrize(
    "pieces, words",
    [
        (["card", "##io", "##megaly", "no"], ["cardiomegaly", "no"]),  # WordPiece
        (["cardio", "megaly</w>", "no</w>", ""], ["cardiomegaly", "no"]),  # CLIP
        (["\u2581cardio", "megaly", "\u2581no", ""], ["cardiomegaly", "no"]),  # SentencePiece
    ],
)
def test_pieces_become_words(pieces, words):
    from core.inference.regions import word_features as _words

    features = torch.nn.functional.normalize(torch.randn(2, 4, 8), dim=-1)
    mask = torch.tensor([[bool(piece) for piece in pieces]] * 2)
    encoded = TextEncoding(features[:, 0], features, mask, [pieces] * 2, ("a", "b"))
    found, vectors = _words(encoded)
    assert found == words * 2  # a word never runs on into the next text
    parts = 3 if pieces[1] == "##io" else 2
    mean = torch.nn.functional.normalize(features[0, :parts].mean(dim=0), dim=0)
    torch.testing.assert_close(vectors[0], mean)


def test_the_similarity_map_is_the_cosine_of_each_patch():
    predictor = Predictor(tiny_model(), "tiny")
    encoding = predictor.encode_image(TinySet().image(1))
    found = predictor.similarity_map(encoding, ["rib fracture", "edema"])
    texts = predictor.encode_texts(["rib fracture", "edema"]).text_features
    expected = (encoding.patch_features[0] @ texts.T).mean(dim=1).view(4, 4)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_predictor_leaves_its_model_as_it_was():
    model = tiny_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    predictor = Predictor(model, "tiny")
    predictor.regions(predictor.encode_image(TinySet().image(0)), ["edema"], (40, 48))
    assert not model.training and not any(p.requires_grad for p in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
