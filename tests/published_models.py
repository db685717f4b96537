"""Tiny models with random weights, each written as its publisher's library writes it."""

import json
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg, CustomTextCLIP
from safetensors.torch import save_file
from timm.models import register_model
from timm.models.vision_transformer import VisionTransformer
from tiny_open_clip import TEXT, VISION
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertTokenizerFast,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    SiglipTokenizer,
)

WORDS = ["no", "left", "small", "pleural", "effusion", "pneumothorax", "there", "is", "a"]
PIECES = 26  # of the SentencePiece model
STATISTICS = {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28]}


@register_model
def siglip_tiny(pretrained: bool = False, **named: Any) -> VisionTransformer:
    """SigLIP's kind of tower: no CLS token, an attention pool."""
    return VisionTransformer(
        img_size=64, patch_size=16, embed_dim=32, depth=3, num_heads=2, class_token=False,
        global_pool="map", num_classes=0,
    )  # fmt: skip


def word_tokenizer(folder: Path, begin: str | None = None, end: str = "</s>") -> None:
    """A tokenizer of whole words that adds `begin` and `end`, in transformers' layout."""
    vocabulary = {name: n for n, name in enumerate(filter(None, ["<unk>", end, begin, *WORDS]))}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.normalizer, made.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    marks = [(mark, vocabulary[mark]) for mark in (begin, end) if mark]
    made.post_processor = processors.TemplateProcessing(
        single=f"{begin + ' ' if begin else ''}$A {end}", special_tokens=marks
    )
    extra = {"bos_token": begin} if begin else {}
    PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="<unk>", pad_token=end, eos_token=end, **extra
    ).save_pretrained(folder)


def bert_text_files(folder: Path, size: int = 24) -> None:
    """Tokenizer and config.json of a BERT."""
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(marks), encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    BertConfig(
        vocab_size=len(marks), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=size,
    ).save_pretrained(folder)  # fmt: skip


def _random(model: torch.nn.Module) -> torch.nn.Module:
    """Weights as a trained model's: no zeros that would hide a part that is left out."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    return model


def open_clip_layout(folder: Path, config: dict[str, Any], preprocess: dict[str, Any]) -> Path:
    """open_clip_config.json and open_clip_model.safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    parts = {name: value for name, value in config.items() if name not in ("custom_text",)}
    text = dict(parts["text_cfg"])
    if "hf_model_name" in text:
        text.update(hf_model_name=str(folder), hf_model_pretrained=False)
    kind = CustomTextCLIP if config.get("custom_text") or "hf_model_name" in text else CLIP
    model = _random(kind(**{**parts, "text_cfg": text}))
    state = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(state, folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": config, "preprocess_cfg": preprocess})
    )
    return folder


def native(folder: Path) -> Path:
    """open_clip's own towers."""
    config = {"embed_dim": 32, "quick_gelu": True, "vision_cfg": VISION, "text_cfg": TEXT}
    return open_clip_layout(folder, config, STATISTICS)


def biomedclip(folder: Path, text_files: bool = True) -> Path:
    """BiomedCLIP's layout: timm trunk and BERT, whose config.json is of another repository."""
    bert_text_files(folder)
    text = {"hf_model_name": "microsoft/tiny-bert", "hf_tokenizer_name": "microsoft/tiny-bert",
            "hf_proj_type": "mlp", "hf_pooler_type": "cls_last_hidden_state_pooler",
            "context_length": 24}  # fmt: skip
    vision = {"timm_model_name": "test_vit", "timm_model_pretrained": False, "timm_pool": "",
              "timm_proj": "linear", "image_size": 160}  # fmt: skip
    made = open_clip_layout(
        folder, {"embed_dim": 16, "vision_cfg": vision, "text_cfg": text}, STATISTICS
    )
    if not text_files:
        (folder / "config.json").unlink()
    return made


def open_clip_siglip(folder: Path) -> Path:
    """SigLIP in open_clip: attention pool, no causal mask, the last token is the text."""
    folder.mkdir(parents=True, exist_ok=True)
    word_tokenizer(folder)
    vision = {"image_size": 64, "timm_model_name": "siglip_tiny", "timm_pool": "map",
              "timm_model_pretrained": False, "timm_proj": "none"}  # fmt: skip
    text = {"context_length": 16, "vocab_size": len(WORDS) + 2, "hf_tokenizer_name": "x/tiny",
            "tokenizer_kwargs": {"clean": "canonicalize"}, "width": 32, "heads": 2, "layers": 2,
            "no_causal_mask": True, "proj_bias": True, "pool_type": "last"}  # fmt: skip
    config = {"embed_dim": 32, "init_logit_bias": -10, "custom_text": True, "vision_cfg": vision,
              "text_cfg": text}  # fmt: skip
    half = {"mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": "squash"}
    return open_clip_layout(folder, config, {**half, "interpolation": "bicubic"})


def hf_clip(folder: Path) -> Path:
    """CLIPModel.save_pretrained with tokenizer and image processor."""
    word_tokenizer(folder, begin="<s>")
    common = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3,
              "num_attention_heads": 2}  # fmt: skip
    config = CLIPConfig(
        vision_config={**common, "image_size": 64, "patch_size": 16},
        text_config={**common, "vocab_size": len(WORDS) + 3, "max_position_embeddings": 16,
                     "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 1},
        projection_dim=24,
    )  # fmt: skip
    torch.manual_seed(0)
    _random(CLIPModel(config)).save_pretrained(folder)
    CLIPImageProcessor(
        size={"shortest_edge": 64}, crop_size={"height": 64, "width": 64}
    ).save_pretrained(folder)
    return folder


def hf_siglip(folder: Path) -> Path:
    """SiglipModel.save_pretrained with SigLIP's own kind of tokenizer, and image processor."""
    folder.mkdir(parents=True, exist_ok=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(WORDS)] * 20), model_prefix=str(folder / "spiece"),
        vocab_size=PIECES, unk_id=2, pad_id=0, eos_id=1, bos_id=-1, minloglevel=2,
    )  # fmt: skip
    (folder / "spiece.vocab").unlink()
    SiglipTokenizer(str(folder / "spiece.model"), model_max_length=16).save_pretrained(folder)
    common = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3,
              "num_attention_heads": 2}  # fmt: skip
    config = SiglipConfig(
        vision_config={**common, "image_size": 64, "patch_size": 16},
        text_config={**common, "vocab_size": PIECES, "max_position_embeddings": 16,
                     "projection_size": 32, "eos_token_id": 1, "pad_token_id": 1},
    )  # fmt: skip
    torch.manual_seed(0)
    _random(SiglipModel(config)).save_pretrained(folder)
    SiglipImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder)
    return folder


def openai_file(folder: Path, seed: int = 0) -> Path:
    """A state dict in OpenAI's layout, as CheXzero's checkpoints are."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    model = CLIP(32, CLIPVisionCfg(**VISION), CLIPTextCfg(**TEXT), quick_gelu=True)
    path = folder / f"clip-{seed}.pt"
    torch.save(_random(model).state_dict(), path)
    return path
