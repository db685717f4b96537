"""BioViL-T and BioViL with random weights, against Microsoft's own package."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import published_models as published
import pytest
import torch
from PIL import Image
from torch.nn import functional as F
from transformers import BertTokenizerFast

from core.attribution import attribution_maps
from core.backbones.hub import models_here
from core.errors import ExplorerError
from core.inference.layer_maps import layer_maps
from core.inference.model_card import model_card
from core.inference.predictor import Predictor
from core.lrclr.checkpoint import load_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.specs import open_studies
from core.training.finetune import finetune
from core.training.settings import FinetuneConfig, Schedule

TEXTS = ["no pneumothorax", "There is a small left pleural effusion"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published.biovil(tmp_path_factory.mktemp("biovil") / "t")


@pytest.fixture(scope="module")
def model(folder: Path) -> LRCLR:
    return load_model(str(folder))


@torch.no_grad()
@pytest.mark.parametrize("temporal", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_it_is_its_librarys_computation(temporal: bool, tmp_path: Path) -> None:
    folder = published.biovil(tmp_path / "b", temporal)
    image, text = published.biovil_parts(temporal)
    loaded, side = load_model(str(folder)), 448 if temporal else 480
    pixels = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(1))
    out = image(pixels)
    asked = BertTokenizerFast(str(folder / "vocab.txt"))(TEXTS, padding=True, return_tensors="pt")
    texts = text.get_projected_text_embeddings(asked["input_ids"], asked["attention_mask"])
    images, own = loaded.encode_image(pixels), loaded.encode_text(TEXTS)
    patches = image.get_patchwise_projected_embeddings(pixels, normalize=True).flatten(1, 2)
    expected = {
        "images": (images.image_features, F.normalize(out.projected_global_embedding, dim=-1)),
        "patches": (images.patch_features, patches), "texts": (own.text_features, texts),
        "maps": (loaded.similarity(images, own), torch.einsum("pd,bnd->bpn", texts, patches)),
    }  # fmt: skip
    for name, (found, theirs) in expected.items():
        apart = float((found - theirs).abs().max())
        print(f"biovil{'-t' if temporal else ''}, {name}: apart by {apart:.1e}")
        assert apart < 5e-6, name
    assert patches.std(dim=1).mean() > 0.01, "a test that tells one place from another"
    assert own.pieces[0][1:3] == ["no", "pneumothorax"]
    assert loaded.backbone.grid == (side // 32,) * 2 and loaded.backbone.remarks


@pytest.mark.parametrize("shape", [(900, 700), (512, 640), (300, 310)])
def test_a_film_is_prepared_as_the_library_does(
    shape: tuple[int, int], model: LRCLR, tmp_path: Path
) -> None:
    from health_multimodal.image.data import io, transforms

    across = np.linspace(20, 190, shape[1])[None] + np.linspace(0, 30, shape[0])[:, None]
    grey = across.astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "film.png")
    prepare = transforms.create_chest_xray_transform_for_inference(512, 448)
    theirs = prepare(io.load_image(tmp_path / "film.png"))
    ours = model.backbone.preprocess(grey.astype(np.float32))
    assert ours.shape == theirs.shape == (3, 448, 448)
    assert float((ours - theirs).abs().max()) * 255 < 2  # it rounds down, twice
    box = model.backbone.preprocess.to_image_box((0, 0, 448, 448), shape)
    assert box[2:] == pytest.approx((min(shape) * 448 / 512,) * 2, abs=1)
    assert torch.isfinite(model.backbone.preprocess(np.full(shape, 7, np.float32))).all()


@torch.no_grad()
def test_another_size_and_bfloat16_and_a_card(folder: Path) -> None:
    small = load_model(f"{folder}@96")
    assert small.backbone.grid == (3, 3) and small.backbone.preprocess.shortest == 110
    pixels = torch.rand(2, 3, 96, 96)
    expected = small.encode_image(pixels)
    with torch.autocast("cpu", torch.bfloat16):
        again = small.encode_image(pixels)
    assert (again.image_features * expected.image_features).sum(-1).min() > 0.99
    card = model_card(small, str(folder))
    assert card.tower.startswith("convolutions") and "110 px" in card.resize
    assert "stretched" in card.resize and card.remarks == small.backbone.remarks
    with pytest.raises(ExplorerError, match="no multiple of the patch size 32"):
        load_model(f"{folder}@100")


def test_maps_and_layers_work_with_it_and_attention_is_refused(folder: Path) -> None:
    predictor = Predictor(load_model(f"{folder}@96"), "biovil")
    studies = open_studies("phantom:n=2,seed=3,size=64")
    images = predictor.images(studies, 0)
    for method in ("similarity", "gradcam", "lrclr"):
        maps = attribution_maps(method, predictor, images, ["pleural effusion"])
        assert np.isfinite(maps).all() and np.ptp(maps) > 0, method
    for method in ("rollout", "relevance"):
        with pytest.raises(ExplorerError, match="has no CLS token"):
            attribution_maps(method, predictor, images, ["pleural effusion"])
    layers = layer_maps(predictor, studies.image(0), "small pleural effusion")
    assert (layers.depth, layers.heads) == (3, 0) and np.isfinite(layers.cosine).all()


@pytest.mark.slow
def test_lrclr_is_trained_on_it_and_loaded_without_its_files(tmp_path: Path) -> None:
    source = published.biovil(tmp_path / "source")
    config = FinetuneConfig(
        model=f"{source}@64", data="phantom:train,n=4,size=64",
        check_data="phantom:val,n=6,size=64", lrclr=LRCLRConfig(k=2, fusion_heads=2),
        schedule=Schedule(steps=1, batch_size=2, precision="fp32", last_blocks=2),
    )  # fmt: skip
    before = load_model(str(source)).backbone.trunk.visual.resnet
    trained = finetune(config, tmp_path / "run").eval()
    after = trained.backbone.trunk.visual.resnet
    assert not torch.equal(after.layer4[2].conv1.weight, before.layer4[2].conv1.weight)
    assert torch.equal(after.layer1[0].conv1.weight, before.layer1[0].conv1.weight)
    assert torch.equal(after.bn1.running_mean, before.bn1.running_mean)
    shutil.rmtree(source)
    loaded, pixels = load_model(str(tmp_path / "run")), torch.rand(1, 3, 64, 64)
    assert loaded.backbone.preprocess == trained.backbone.preprocess
    with torch.no_grad():
        first, again = (one.encode_image(pixels) for one in (trained, loaded))
        assert torch.allclose(first.patch_features, again.patch_features, atol=5e-3)
        assert loaded.encode_text(TEXTS).pieces == trained.encode_text(TEXTS).pieces


def _no_image(folder: Path) -> None:
    next(folder.glob("biovil*.pt")).unlink()


def _cut(folder: Path) -> None:
    file = folder / "pytorch_model.bin"
    state = torch.load(file, weights_only=True)
    torch.save({name: value for name, value in state.items() if "output.dense" not in name}, file)


def _something_else(folder: Path) -> None:
    torch.save({"x": torch.zeros(1)}, folder / "biovil_t_image_model_proj_size_128.pt")


def _no_words(folder: Path) -> None:
    (folder / "vocab.txt").unlink()


@pytest.mark.parametrize(
    ("damage", "said"),
    [(_no_image, r"has no biovil\*image\*.pt"), (_cut, "not in the layout of BioViL"),
     (_something_else, "not in the layout of BioViL"), (_no_words, "has no vocab.txt or")],
)  # fmt: skip
def test_what_is_missing_or_damaged_is_one_sentence(
    damage: Callable[[Path], None], said: str, folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path / "b")
    damage(tmp_path / "b")
    with pytest.raises(ExplorerError, match=said):
        load_model(str(tmp_path / "b"))


def test_a_download_is_listed_when_both_halves_are_here(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    repo = tmp_path / "models--microsoft--BiomedVLP-BioViL-T"
    shutil.copytree(folder, repo / "snapshots" / ("a" * 40))
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text("a" * 40)
    assert list(models_here()) == ["hf:microsoft/BiomedVLP-BioViL-T"]
    next((repo / "snapshots" / ("a" * 40)).glob("biovil*.pt")).unlink()
    assert not models_here()
