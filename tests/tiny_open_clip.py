"""Tiny open_clip models with random weights, and pictures for them."""

from pathlib import Path
from typing import Any

import open_clip
import torch
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg, CustomTextCLIP
from transformers import BertConfig, BertTokenizerFast

from core.backbones.clip import ClipBackbone
from core.backbones.open_clip_vit import wrap
from core.preprocessing import Preprocess

VISION = {"layers": 3, "width": 128, "head_width": 64, "patch_size": 16, "image_size": 64}
TEXT = {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2}


def tiny_native(**vision: Any) -> ClipBackbone:
    torch.manual_seed(0)
    model = CLIP(32, CLIPVisionCfg(**{**VISION, **vision}), CLIPTextCfg(**TEXT), quick_gelu=True)
    return wrap(
        model, open_clip.SimpleTokenizer(), Preprocess(64, channels=3), {"kind": "test"}
    ).eval()


def tiny_timm(tmp_path: Path) -> ClipBackbone:
    """A timm trunk with a Hugging Face text tower, both tiny and local."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "no", "left", "pleural", "effusion", "!"]
    (tmp_path / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=24,
    ).save_pretrained(tmp_path)  # fmt: skip
    torch.manual_seed(0)
    vision = CLIPVisionCfg(
        timm_model_name="vit_tiny_patch16_224", timm_model_pretrained=False, timm_pool="token",
        timm_proj="linear", image_size=224,
    )  # fmt: skip
    text = CLIPTextCfg(
        hf_model_name=str(tmp_path), hf_model_pretrained=False, hf_tokenizer_name=str(tmp_path),
        hf_pooler_type="cls_last_hidden_state_pooler", hf_proj_type="linear", context_length=24,
    )  # fmt: skip
    model = CustomTextCLIP(16, vision, text)
    tokenizer = open_clip.tokenizer.HFTokenizer(str(tmp_path), context_length=24)
    return wrap(model, tokenizer, Preprocess(224, channels=3), {"kind": "test"}).eval()


def tiny_pixels(backbone: ClipBackbone, batch: int = 2) -> torch.Tensor:
    size = backbone.preprocess.size
    return torch.randn(batch, 3, size, size, generator=torch.Generator().manual_seed(1))
