"""Checkpoints in OpenAI's layout: the features of the model that was saved, or one sentence."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg
from safetensors.torch import save_file
from tiny_open_clip import tiny_native, tiny_pixels

from core.backbones.clip import ClipBackbone
from core.backbones.openai_checkpoint import _architecture, openai_backbone
from core.backbones.registry import build_backbone, load_backbone
from core.errors import ExplorerError


def test_a_vit_b_32_has_the_302_tensors_of_openais_layout() -> None:
    vision = {"layers": 12, "width": 768, "head_width": 64, "patch_size": 32, "image_size": 224}
    text = {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12}
    with torch.device("meta"):
        model = CLIP(512, CLIPVisionCfg(**vision), CLIPTextCfg(**text), quick_gelu=True)
    state = model.state_dict()
    assert len(state) == 302
    found = _architecture(state, "clip.pt")
    assert found == {"embed_dim": 512, "vision": vision, "text": text}


def _save(folder: Path, **extra: torch.Tensor) -> tuple[Path, ClipBackbone]:
    source = tiny_native()
    state = {**source.model.state_dict(), **extra}
    torch.save(state, folder / "clip.pt")
    return folder / "clip.pt", source


@torch.no_grad()
def test_features_are_those_of_the_model_that_was_saved(tmp_path: Path) -> None:
    path, source = _save(tmp_path, input_resolution=torch.tensor(64))
    loaded = load_backbone(f"chexzero:{path}")
    pixels = tiny_pixels(source)
    expected = source.model.encode_image(pixels)
    found, _ = loaded.finish(loaded.image_tokens(pixels).tokens)
    assert torch.allclose(found, expected, atol=1e-5)
    assert (loaded.preprocess.pad_to, loaded.preprocess.size) == (320, 64)


@torch.no_grad()
def test_the_architecture_is_made_again_from_its_description(tmp_path: Path) -> None:
    path, source = _save(tmp_path)
    loaded = openai_backbone(path)
    again = build_backbone(loaded.describe())
    again.load_state_dict(loaded.state_dict())
    pixels = tiny_pixels(source)
    assert torch.equal(again.image_tokens(pixels).tokens, loaded.image_tokens(pixels).tokens)


def test_what_is_no_such_checkpoint_is_one_sentence(tmp_path: Path) -> None:
    torch.save({"fc.weight": torch.zeros(2, 2)}, tmp_path / "other.pt")
    torch.save(tiny_native().model, tmp_path / "whole.pt")  # a pickled module would run code
    path, source = _save(tmp_path)
    state = source.model.state_dict()
    state["ln_final.bias"] = torch.zeros(3)
    torch.save(state, tmp_path / "shape.pt")
    words = {"other.pt": "layout", "whole.pt": "damaged",
             "shape.pt": "ln_final.bias", "none.pt": "no checkpoint"}  # fmt: skip
    for name, word in words.items():
        with pytest.raises(ExplorerError, match=word):
            openai_backbone(tmp_path / name)


def test_bytes_of_any_kind_are_refused(tmp_path: Path) -> None:
    path, generator = tmp_path / "junk.pt", np.random.default_rng(0)
    for start in (b"", b"a", b"\x80\x02", b"PK\x03\x04"):
        for _ in range(20):
            path.write_bytes(start + generator.bytes(200))
            with pytest.raises(ExplorerError, match="damaged"):
                openai_backbone(path)


@pytest.mark.parametrize(("name", "shape", "words"), [
    ("token_embedding.weight", (1000, 64), "1000 pieces; CLIP's 49408"),
    ("visual.conv1.weight", (32, 3, 16, 16), "widths 32 and 64"),
    ("visual.proj", (128, 5), r"visual.proj \(expected 128 x 32, found 128 x 5\)"),
    ("text_projection", (), "text_projection are expected"),
])  # fmt: skip
def test_another_architecture_is_named_as_expected_and_found(
    tmp_path: Path, name: str, shape: tuple[int, ...], words: str
) -> None:
    path, _ = _save(tmp_path, **{name: torch.zeros(shape)})
    with pytest.raises(ExplorerError, match=words):
        openai_backbone(path)


def test_a_checkpoint_without_blocks_is_refused(tmp_path: Path) -> None:
    state = tiny_native().model.state_dict()
    bare = {name: value for name, value in state.items() if "resblocks" not in name}
    torch.save(bare, tmp_path / "bare.pt")
    with pytest.raises(ExplorerError, match="0 and 0 blocks"):
        openai_backbone(tmp_path / "bare.pt")


@torch.no_grad()
@pytest.mark.parametrize("wrap", ["state_dict", "model", "module."])
def test_usual_wrappings_and_half_precision_are_unwrapped(tmp_path: Path, wrap: str) -> None:
    state = {name: value.half() for name, value in tiny_native().model.state_dict().items()}
    state["input_resolution"] = torch.tensor(64)
    wrapped: Any = {wrap: state}
    if wrap == "module.":
        wrapped = {wrap + name: value for name, value in state.items()}
    torch.save(wrapped, tmp_path / "wrapped.pt")
    loaded = openai_backbone(tmp_path / "wrapped.pt")
    assert loaded.image_tokens(tiny_pixels(loaded, 1)).tokens.dtype == torch.float32


def test_safetensors_are_read_and_a_damaged_one_refused(tmp_path: Path) -> None:
    state = {k: v.contiguous() for k, v in tiny_native().model.state_dict().items()}
    save_file(state, tmp_path / "clip.safetensors")
    assert openai_backbone(tmp_path / "clip.safetensors").grid == (4, 4)
    (tmp_path / "bad.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(ExplorerError, match=r"bad\.safetensors"):
        openai_backbone(tmp_path / "bad.safetensors")
