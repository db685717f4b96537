"""RadZero and CheXficient: their towers with random weights, against the modules of transformers.

Their own code is not run anywhere; what it computes is written out here from its public sources
(core/backbones/dinov2_layouts.py names them).
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import published_models as published
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F
from transformers import PreTrainedTokenizerFast

from core.archive.embed import EmbedOptions, embed
from core.attribution import attribution_maps
from core.errors import ExplorerError
from core.evaluation.localize import localize
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, PromptSet
from core.lrclr.checkpoint import load_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.specs import open_studies
from core.training.finetune import finetune
from core.training.settings import FinetuneConfig, Schedule

TEXTS = ["no pneumothorax", "There is a small left pleural effusion"]
LAYOUTS = ["radzero", "chexficient"]
PROMPTS = PromptSet({"Effusion": FindingPrompts(("pleural effusion",), ("no pleural effusion",))})


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "no-hub"))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("pairs")
    return {layout: getattr(published, layout)(root / layout) for layout in LAYOUTS}


@pytest.fixture(scope="module")
def models(folders: dict[str, Path]) -> dict[str, LRCLR]:
    return {layout: load_model(str(folder)) for layout, folder in folders.items()}


def _pixels(size: int, batch: int = 2) -> Tensor:
    return torch.randn(batch, 3, size, size, generator=torch.Generator().manual_seed(1))


def _tokens(folder: Path) -> Any:
    return PreTrainedTokenizerFast.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")


@torch.no_grad()
def _radzero(parts: dict[str, Any], pixels: Tensor, folder: Path) -> dict[str, Tensor]:
    """Normed tokens, texts, maps and scores as RadZero's code makes them."""
    tokens = parts["vision"](pixel_values=pixels).last_hidden_state
    for layer in parts["added"].encoder.layer:
        tokens = layer(tokens)
    asked = _tokens(folder)
    states = parts["text"](**{name: asked[name] for name in ("input_ids", "attention_mask")})[0]
    mask = asked["attention_mask"][..., None].float()
    texts = F.normalize(parts["norm"]((states * mask).sum(1) / mask.sum(1)), dim=-1)
    tokens = F.normalize(parts["norm"](tokens), dim=-1)
    cosine = torch.einsum("pd,bnd->bpn", texts, tokens)
    gathered = (cosine / parts["temperature"].exp()).softmax(-1) @ tokens
    scores = F.cosine_similarity(gathered, texts[None], dim=-1)
    return {"tokens": tokens, "texts": texts, "maps": cosine[..., 1:], "scores": scores}


@torch.no_grad()
def test_radzero_is_its_published_computation(
    folders: dict[str, Path], models: dict[str, LRCLR]
) -> None:
    model, pixels = models["radzero"], _pixels(518, batch=1)
    expected = _radzero(published.radzero_parts(), pixels, folders["radzero"])
    images, texts = model.encode_image(pixels), model.encode_text(TEXTS)
    found = {
        "tokens": torch.cat([images.image_features[:, None], images.patch_features], dim=1),
        "texts": texts.text_features, "maps": model.similarity(images, texts),
        "scores": model.cosines(images, texts.text_features)[0],
    }  # fmt: skip
    for name, value in expected.items():
        apart = float((found[name] - value).abs().max())
        print(f"radzero, {name}: apart by {apart:.1e}")
        assert apart < 2e-6
    assert model.backbone.grid == (37, 37) and model.backbone.preprocess.mode == "squash"
    assert float(model.backbone.logit_scale) == 2.0
    assert not torch.allclose(expected["scores"], images.image_features @ texts.text_features.T,
                              atol=1e-3), "a test that tells one score from the other"  # fmt: skip


@torch.no_grad()
@pytest.mark.parametrize("own_names", [True, False])
def test_chexficient_is_its_published_computation(own_names: bool, tmp_path: Path) -> None:
    folder = published.chexficient(tmp_path / "c", own_names)
    model, pixels = load_model(str(folder)), _pixels(378, batch=1)
    parts, asked = published.chexficient_parts(), _tokens(folder)
    pooled = parts["vision"](pixel_values=pixels).pooler_output
    images = F.normalize(parts["image_projection"](pooled), dim=-1)
    states = parts["text"](**asked).last_hidden_state
    last = states[torch.arange(2), asked["attention_mask"].sum(1) - 1]
    texts = F.normalize(parts["text_projection"](last), dim=-1)
    apart = [float((model.encode_image(pixels).image_features - images).abs().max()),
             float((model.encode_text(TEXTS).text_features - texts).abs().max())]  # fmt: skip
    print(f"chexficient: unit embeddings apart by {apart[0]:.1e} (image), {apart[1]:.1e} (text)")
    assert max(apart) < 2e-6
    assert model.backbone.grid == (27, 27)
    assert float(model.backbone.logit_scale) == pytest.approx(4.6)


@torch.no_grad()
@pytest.mark.parametrize("layout", LAYOUTS)
def test_attention_and_another_size_and_bfloat16(
    layout: str, folders: dict[str, Path], models: dict[str, LRCLR]
) -> None:
    small = load_model(f"{folders[layout]}@56")
    assert small.backbone.grid == (4, 4)
    pixels = _pixels(56)
    plain = small.backbone.image_tokens(pixels)
    read = small.backbone.image_tokens(pixels, range(small.backbone.depth - 1))
    assert torch.allclose(plain.tokens, read.tokens, atol=1e-5)
    assert torch.allclose(read.attn_weights[0].sum(-1), torch.ones(()), atol=1e-5)
    expected = small.encode_image(pixels)
    with torch.autocast("cpu", torch.bfloat16):
        found, texts = small.encode_image(pixels), small.encode_text(TEXTS)
    assert (found.image_features * expected.image_features).sum(-1).min() > 0.999
    same = models[layout].encode_text(TEXTS)
    assert (texts.text_features * same.text_features).sum(-1).min() > 0.999
    assert "".join(same.pieces[0]).startswith("nopneumothorax")
    with pytest.raises(ExplorerError, match="no multiple of the patch size 14"):
        load_model(f"{folders[layout]}@100")


@torch.no_grad()
def test_positions_of_another_size_are_those_of_transformers(folders: dict[str, Path]) -> None:
    """RadZero's are of 224 and seen at 518: `test_radzero_...`; here at a third size."""
    model, parts = load_model(f"{folders['radzero']}@84"), published.radzero_parts()
    pixels = _pixels(84)
    expected = parts["vision"].embeddings(pixels)
    found = model.backbone.image_tokens(pixels, entering=[0]).entering[0][0]
    assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_maps_boxes_and_scores_work_with_it(layout: str, folders: dict[str, Path]) -> None:
    predictor = Predictor(load_model(f"{folders[layout]}@56"), layout)
    studies = open_studies("phantom:n=3,seed=3,size=64")
    images = predictor.images(studies, 0)
    for method in ("similarity", "gradcam", "rollout", "lrclr"):
        maps = attribution_maps(method, predictor, images, ["pleural effusion"])
        assert np.isfinite(maps).all() and np.ptp(maps) > 0, method
    assert predictor.regions(images.encoding, TEXTS, (64, 64)).boxes
    report = localize(predictor, studies, ["similarity", "centre"], n_bootstrap=20)
    assert report.methods


def test_an_archive_scores_radzero_as_the_model_does(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    predictor = Predictor(load_model(f"{folders['radzero']}@56"), "radzero")
    studies = open_studies("phantom:n=3,seed=3,size=64")
    with pytest.raises(ExplorerError, match="scores a text by every patch"):
        embed(predictor, studies, tmp_path / "few", EmbedOptions(patches=3))
    embed(predictor, studies, tmp_path / "all", EmbedOptions(precision="fp32"))
    kept = predictor.score_set(open_studies(f"shards:{tmp_path / 'all'}"), PROMPTS)
    for name, value in predictor.score_set(studies, PROMPTS).items():
        assert kept[name] == pytest.approx(value, abs=2e-3), name
    sides = predictor.encode_texts(["pleural effusion", "no pleural effusion"])
    own = predictor.model.cosines(predictor.encode_set(studies), sides.text_features)[0]
    assert kept["global"][:, 0] == pytest.approx((own[:, 0] - own[:, 1]).numpy(), abs=2e-3)


@pytest.mark.parametrize("layout", [pytest.param("chexficient", marks=pytest.mark.slow), "radzero"])
def test_lrclr_is_trained_on_it_and_loaded_without_its_files(layout: str, tmp_path: Path) -> None:
    source = getattr(published, layout)(tmp_path / "source")
    config = FinetuneConfig(
        model=f"{source}@56", data="phantom:train,n=6,size=64",
        check_data="phantom:val,n=12,size=64", lrclr=LRCLRConfig(k=3, fusion_heads=2),
        schedule=Schedule(steps=2, batch_size=4, precision="fp32", layer_decay=0.8,
                          freeze=("backbone.model.text",)),
    )  # fmt: skip
    trained = finetune(config, tmp_path / "run").eval()
    shutil.rmtree(source)
    loaded, pixels = load_model(str(tmp_path / "run")), _pixels(56)
    assert loaded.config.added_layers and loaded.backbone.preprocess == trained.backbone.preprocess
    with torch.no_grad():
        first, again = (model.encode_image(pixels) for model in (trained, loaded))
        assert torch.allclose(first.patch_features, again.patch_features, atol=5e-3)
        texts = trained.encode_text(TEXTS)
        assert loaded.encode_text(TEXTS).pieces == texts.pieces
        # Trained by cosines with the image's own embedding, it is scored by them.
        expected = first.image_features @ texts.text_features.T
        assert torch.allclose(trained.cosines(first, texts.text_features)[0], expected)


def _registers(state: dict[str, Tensor]) -> None:
    state["image_encoder.model.register_tokens"] = torch.zeros(1, 4, 128)


def _a_layer_less(state: dict[str, Tensor]) -> None:
    for name in [name for name in state if ".blocks.0." in name]:
        del state[name]


def _no_positions(state: dict[str, Tensor]) -> None:
    state["image_encoder.model.pos_embed"] = torch.zeros(1, 30, 128)


def _nothing(state: dict[str, Tensor]) -> None:
    state.clear()
    state["x"] = torch.zeros(1)


@pytest.mark.parametrize("damage", [_registers, _a_layer_less, _no_positions, _nothing])
def test_weights_of_another_layout_are_one_sentence(
    damage: Callable[[dict[str, Tensor]], None], folders: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copytree(folders["chexficient"], tmp_path / "c")
    file = tmp_path / "c" / "model.safetensors"
    state = {name: value.clone() for name, value in load_file(file).items()}
    damage(state)
    save_file(state, file)
    with pytest.raises(ExplorerError, match="not in the layout of CheXficient"):
        load_model(str(tmp_path / "c"))


@pytest.mark.parametrize(("layout", "mode"), [("radzero", "squash"), ("chexficient", "crop")])
def test_without_a_file_of_its_image_processor_the_published_one_stands_in(
    layout: str, mode: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / layout
    shutil.copytree(folders[layout], folder)
    (folder / "preprocessor_config.json").unlink()
    with pytest.warns(UserWarning, match="has no preprocessor_config"):
        loaded = load_model(str(folder)).backbone
    assert loaded.preprocess.mode == mode and loaded.remarks
    mean = json.loads((folders[layout] / "preprocessor_config.json").read_text())["image_mean"]
    assert loaded.preprocess.mean == pytest.approx([255 * value for value in mean])
