"""Seconds a film and size of each model of the list, with random weights of its shape.

    python benchmarks/models.py [NAME ...] [--films 5]

Prints, for each entry of `core/backbones/catalogue.py`: millions of parameters of both towers,
gigabytes of weights in single precision, and seconds of preprocessing one film of 2,500 x 2,048
pixels, which is in memory, and encoding it in fp32: the quickest of the films, since other work
on the computer only slows. One model is built at a time.
"""

import argparse
import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from machine import machine, peak_gib

from core.backbones.base import Backbone, TextTokens
from core.backbones.bert import BertConfig
from core.backbones.biovil import BioViL, BioViLSizes, wrap_biovil
from core.backbones.biovil_layout import biovil_preprocess
from core.backbones.catalogue import CATALOGUE
from core.backbones.clip import ClipBackbone
from core.backbones.dinov2 import TowerSizes
from core.backbones.dinov2_bert import Dinov2Bert, PairSizes, wrap_pair
from core.backbones.image_processor import USUAL, Usual, usual_preprocess
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR

_FILM = (2500, 2048)
_BERT = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
         "intermediate_size": 3072, "layer_norm_eps": 1e-12}  # fmt: skip


@dataclass
class NoTexts:
    """A tokenizer's place: images alone are timed."""

    context_length: int = 64
    tokenizer: Any = field(default_factory=object)

    def read(self, texts: Sequence[str]) -> TextTokens:
        """Not asked."""
        raise NotImplementedError

    def save(self, folder: Any) -> None:
        """Not asked."""


def _pair(side: int, text: BertConfig, added: int, joint: int | None, usual: Usual) -> Backbone:
    sizes = PairSizes(TowerSizes(side, 14, 768, 12, 3072, 12, added), text, joint, "mean")
    return wrap_pair(Dinov2Bert(sizes), NoTexts().tokenizer, usual_preprocess(side, usual))


def _radzero() -> Backbone:
    text = BertConfig(**_BERT, vocab_size=30527, max_position_embeddings=514, type_vocab_size=0,
                      first_position=2, distance_buckets=32)  # fmt: skip
    return _pair(518, text, 2, None, USUAL["siglip"])


def _chexficient() -> Backbone:
    text = BertConfig(**_BERT, vocab_size=28996, max_position_embeddings=512, type_vocab_size=2)
    return _pair(378, text, 0, 512, USUAL["clip"])


def _biovil_t() -> Backbone:
    text = BertConfig(**_BERT, vocab_size=30522, max_position_embeddings=512, type_vocab_size=2)
    sizes = BioViLSizes(448, True, 128, text)
    return wrap_biovil(BioViL(sizes), NoTexts().tokenizer, biovil_preprocess(sizes))


def _open_clip(arch: str) -> Backbone:
    from core.backbones.open_clip_vit import open_clip_backbone

    return open_clip_backbone(arch)


def _biomedclip() -> Backbone:
    """Its image tower and BERT as open_clip builds them, the tower's configuration written here."""
    import timm
    from transformers import BertConfig as Config
    from transformers import BertModel

    class Visual(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.trunk = timm.create_model("vit_base_patch16_224", num_classes=0)
            self.head = torch.nn.Linear(768, 512, bias=False)

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.visual = Visual()
            self.text = BertModel(Config(vocab_size=30522), add_pooling_layer=False)
            self.logit_scale = torch.nn.Parameter(torch.zeros(()))

    from core.backbones.vision_trunks import TimmTrunk

    model = Model()
    preprocess = usual_preprocess(224, USUAL["clip"])
    return ClipBackbone(model, TimmTrunk(model.visual), NoTexts(), preprocess, {"kind": "timed"})


def _transformers(kind: str, side: int, patch: int, width: int, layers: int, heads: int,
                  inner: int, text: dict[str, int]) -> Backbone:  # fmt: skip
    from transformers import CLIPConfig, CLIPModel, SiglipConfig, SiglipModel

    from core.backbones.transformers_clip import TransformersTrunk

    vision = {"image_size": side, "patch_size": patch, "hidden_size": width,
              "num_hidden_layers": layers, "num_attention_heads": heads,
              "intermediate_size": inner}  # fmt: skip
    if kind == "clip":
        joint = text["hidden_size"]
        made = CLIPConfig(vision_config=vision, text_config=text, projection_dim=joint)
        model: Any = CLIPModel(made)
    else:
        model = SiglipModel(SiglipConfig(vision_config=vision, text_config=text))
    preprocess = usual_preprocess(side, USUAL[kind])
    return ClipBackbone(model, TransformersTrunk(model), NoTexts(), preprocess, {"kind": "timed"})


def _text(
    width: int, layers: int, heads: int, inner: int, words: int, length: int
) -> dict[str, int]:
    return {"hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads,
            "intermediate_size": inner, "vocab_size": words,
            "max_position_embeddings": length}  # fmt: skip


_SO400M = (1152, 27, 16, 4304)
SHAPES: dict[str, Callable[[], Backbone]] = {
    "CheXficient": _chexficient,
    "BioViL-T": _biovil_t,
    "WhyXrayCLIP": lambda: _open_clip("ViT-L-14"),
    "BiomedCLIP": _biomedclip,
    "CheXzero": lambda: _open_clip("ViT-B-32-quickgelu"),
    "RadZero": _radzero,
    "MedSigLIP": lambda: _transformers(
        "siglip", 448, 14, *_SO400M, _text(*_SO400M, 32000, 64)),
    "XrayCLIP, XraySigLIP ViT-B/16": lambda: _transformers(
        "clip", 512, 16, 768, 12, 12, 3072, _text(512, 12, 8, 2048, 49408, 77)),
    "XrayCLIP, XraySigLIP ViT-L/14": lambda: _transformers(
        "clip", 512, 14, 1024, 24, 16, 4096, _text(768, 12, 12, 3072, 49408, 77)),
    "XrayCLIP, XraySigLIP SigLIP-B/16": lambda: _transformers(
        "siglip", 512, 16, 768, 12, 12, 3072, _text(768, 12, 12, 3072, 32000, 64)),
    "XrayCLIP, XraySigLIP SigLIP-L/16": lambda: _transformers(
        "siglip", 512, 16, 1024, 24, 16, 4096, _text(1024, 24, 16, 4096, 32000, 64)),
}  # fmt: skip


def main() -> None:
    """Build, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="entries, by the beginning of their name")
    parser.add_argument("--films", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(2)
    print(machine())
    print(f"{'model':34} {'M':>6} {'GB':>5} {'s a film':>9} {'of it preprocessing':>20} {'GiB':>5}")
    for entry in CATALOGUE:
        if chosen.names and not any(entry.name.startswith(name) for name in chosen.names):
            continue
        _measure(entry.name, chosen.films)
        gc.collect()


@torch.inference_mode()
def _measure(name: str, films: int) -> None:
    model = LRCLR(SHAPES[name](), LRCLRConfig(added_layers=False)).eval()
    count = sum(parameter.numel() for parameter in model.backbone.parameters()) / 1e6
    preprocess, rng = model.backbone.preprocess, np.random.default_rng(0)
    film = rng.integers(0, 256, _FILM).astype(np.float32)
    whole, before = [], []
    for _ in range(films + 1):  # one to warm up
        started = time.perf_counter()
        pixels = preprocess(film)[None]
        before.append(time.perf_counter() - started)
        model.encode_image(pixels)
        whole.append(time.perf_counter() - started)
    print(f"{name:34} {count:6.0f} {count * 4 / 1e3:5.2f} {min(whole[1:]):9.2f} "
          f"{min(before[1:]):20.2f} {peak_gib():5.1f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
