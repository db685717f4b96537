"""Checkpoints in OpenAI's CLIP layout by path: OpenAI's own exports, CheXzero and its relatives.

Notable: these models were trained with QuickGELU. open_clip's plain `ViT-B-32` loads the same file
without a word and gives wrong features, so the architecture is read from the tensors themselves.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import open_clip
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg
from torch import Tensor

from core.backbones.bounds import check_towers
from core.backbones.clip import ClipBackbone
from core.backbones.open_clip_vit import check_size, resize_positions, wrap
from core.backbones.weights_file import load_strictly, read_state
from core.errors import ExplorerError
from core.preprocessing import Preprocess

CHEXZERO = Preprocess(
    size=224, mean=(101.48761,) * 3, std=(83.43944,) * 3, channels=3, pad_to=320,
    interpolation="bicubic", antialias=False,
)  # fmt: skip
"""CheXzero's preprocessing (Tiu et al., Nature BME 2022)."""

OPENAI_MEAN = (122.7709, 116.7460, 104.0937)
OPENAI_STD = (68.5005, 66.6322, 70.3232)
_VOCABULARY = 49408  # pieces of CLIP's tokenizer
_NUMBERS = ("input_resolution", "context_length", "vocab_size")


def openai_backbone(path: Path, chexzero: bool = False, size: int | None = None) -> ClipBackbone:
    """A CLIP ViT from a state dict.

    Args:
        path: .pt (a plain state dict, or one under "state_dict" or "model") or .safetensors.
        chexzero: CheXzero's preprocessing instead of OpenAI's statistics in a letterbox.
        size: input side in pixels other than the checkpoint's; position embeddings interpolate.

    Raises:
        ExplorerError: no such file, a file that is none, or another architecture.
    """
    state = {name: value for name, value in read_state(path).items() if name not in _NUMBERS}
    config = _architecture(state, path.name)
    if size:
        check_size(size, config["vision"]["patch_size"])
        config["vision"]["image_size"] = size
    backbone = build_openai(config, chexzero)
    if size:
        resize_positions(state, backbone.model, path.name)
    load_strictly(backbone.model, state, f"{path.name} is not in OpenAI's CLIP layout")
    backbone.files = (path,)
    return backbone


def build_openai(config: dict[str, Any], chexzero: bool) -> ClipBackbone:
    """An untrained model of this architecture."""
    vision, text = CLIPVisionCfg(**config["vision"]), CLIPTextCfg(**config["text"])
    model = CLIP(config["embed_dim"], vision, text, quick_gelu=True)
    preprocess = replace(CHEXZERO, size=config["vision"]["image_size"])
    if not chexzero:
        preprocess = Preprocess(
            size=config["vision"]["image_size"], mean=OPENAI_MEAN, std=OPENAI_STD, channels=3,
            interpolation="bicubic",
        )  # fmt: skip
    origin = {"kind": "openai", "config": config, "chexzero": chexzero}
    return wrap(model, open_clip.SimpleTokenizer(), preprocess, origin)


def _architecture(state: dict[str, Tensor], name: str) -> dict[str, Any]:
    """Sizes, as OpenAI's own loader reads them off the tensors."""
    try:
        width, _, patch, _ = state["visual.conv1.weight"].shape
        side = round((state["visual.positional_embedding"].shape[0] - 1) ** 0.5)
        text_width = state["ln_final.weight"].shape[0]
        config: dict[str, Any] = {
            "embed_dim": state["text_projection"].shape[1],
            "vision": {"layers": _layers(state, "visual.transformer"), "width": width,
                       "head_width": 64, "patch_size": patch, "image_size": side * patch},
            "text": {"context_length": state["positional_embedding"].shape[0],
                     "vocab_size": state["token_embedding.weight"].shape[0], "width": text_width,
                     "heads": text_width // 64, "layers": _layers(state, "transformer")},
        }  # fmt: skip
    except (KeyError, ValueError, IndexError):
        raise ExplorerError(
            f"{name} is not in OpenAI's CLIP layout with a ViT tower: tensors such as "
            "visual.conv1.weight, visual.positional_embedding and text_projection are expected; "
            f"found {len(state)} tensors, the first is {next(iter(state), 'none')}."
        ) from None
    vision, text = config["vision"], config["text"]
    vocabulary = text["vocab_size"]
    if vocabulary != _VOCABULARY:  # another tokenizer would give every word a wrong meaning
        raise ExplorerError(
            f"{name} has a vocabulary of {vocabulary} pieces; CLIP's {_VOCABULARY} are expected."
        )
    if min(vision["layers"], text["layers"], patch, side) < 1 or min(width, text_width) < 64:
        raise ExplorerError(
            f"{name} is no CLIP ViT: blocks in both towers and widths from 64 are expected; found "
            f"{vision['layers']} and {text['layers']} blocks, widths {width} and {text_width}."
        )
    check_towers(config, state, name)
    return config


def _layers(state: dict[str, Tensor], prefix: str) -> int:
    marks = {key.split(".resblocks.")[1].split(".")[0] for key in state
             if key.startswith(f"{prefix}.resblocks.")}  # fmt: skip
    return len(marks)
