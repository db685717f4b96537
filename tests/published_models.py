"""Tiny models with random weights, each written as its publisher's library writes it."""

import json
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg, CustomTextCLIP
from safetensors.torch import load_file, save_file
from timm.models import register_model
from timm.models.vision_transformer import VisionTransformer
from tiny_open_clip import TEXT, VISION
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizerFast,
    BlipImageProcessor,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    Dinov2Config,
    Dinov2Model,
    MPNetConfig,
    MPNetModel,
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


def whyxrayclip(folder: Path) -> Path:
    """hf-hub:yyupenn/whyxrayclip: ViT-L/14 of OpenCLIP, whose activation is no QuickGELU."""
    config = {"embed_dim": 32, "vision_cfg": VISION, "text_cfg": TEXT}
    return open_clip_layout(folder, config, {"mean": [0.5] * 3, "std": [0.5] * 3})


def xray_clip(folder: Path) -> Path:
    """hf:StanfordAIMI/XrayCLIP__vit-l-14...: the image stretched by BLIP's processor, and a side
    that is no multiple of the patch's (512 and 14; here 72 and 16)."""
    made = hf_clip(folder, side=72)
    BlipImageProcessor(size={"height": 72, "width": 72}).save_pretrained(made)
    return made


def hf_clip(folder: Path, side: int = 64) -> Path:
    """CLIPModel.save_pretrained with tokenizer and image processor."""
    word_tokenizer(folder, begin="<s>")
    common = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3,
              "num_attention_heads": 2}  # fmt: skip
    config = CLIPConfig(
        vision_config={**common, "image_size": side, "patch_size": 16},
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


_PAIR = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}  # heads of 64


def radzero(folder: Path) -> Path:
    """RadZero as github.com/deepnoid-ai/RadZero saves it: DINOv2 at 224, two layers more, MPNet.

    The parts that it is made of are attributes of what `radzero_parts` gives.
    """
    parts = radzero_parts()
    state = {f"vision_model.{n}": v for n, v in _published(parts["vision"]).items()}
    behind = "encoder.layer."
    state |= {n.replace(behind, "align_transformer.transformer_layers.layer."): v
              for n, v in _published(parts["added"]).items() if n.startswith(behind)}  # fmt: skip
    state |= {f"text_model.{n}": v for n, v in _published(parts["text"]).items()}
    norm = parts["norm"].state_dict()
    state |= {f"loss_fns.KeyPhraseAlignmentLoss.layer_norm.{n}": v for n, v in norm.items()}
    state["loss_fns.KeyPhraseAlignmentLoss.loss_temperature"] = parts["temperature"]
    config = {
        "align_transformer_config": {"model_type": "align_transformer", "num_hidden_layers": 2},
        "text_config": {"model_type": "mpnet"}, "vision_config": parts["config"].to_dict(),
        "auto_map": {"AutoModel": "modeling_radzero.CxrAlignModel"},
    }  # fmt: skip
    _pair_folder(folder, state, config)
    mpnet_tokenizer(folder)
    BlipImageProcessor(size={"height": 518, "width": 518}).save_pretrained(folder)
    return folder


def radzero_parts() -> dict[str, Any]:
    """Modules of transformers with random weights, of RadZero's kind."""
    torch.manual_seed(0)
    config = Dinov2Config(**_PAIR, image_size=224, patch_size=14)
    text = MPNetConfig(
        **_PAIR, vocab_size=4 + len(WORDS), intermediate_size=256, max_position_embeddings=40,
        layer_norm_eps=1e-5,
    )  # fmt: skip
    return {
        "config": config, "vision": _random(Dinov2Model(config)).eval(),
        "added": _random(Dinov2Model(config)).eval(),  # of which the layers count
        "text": _random(MPNetModel(text)).eval(), "norm": _random(torch.nn.LayerNorm(128)),
        "temperature": torch.tensor([-2.0]),
    }  # fmt: skip


def chexficient(folder: Path, own_names: bool = True) -> Path:
    """CheXficient: DINOv2 at 378 and BERT, as github.com/cwangrun/CheXficient names them.

    Args:
        own_names: the image tower by the names of DINOv2's repository, else by transformers'.
    """
    parts = chexficient_parts()
    vision = _published(parts["vision"])
    vision = _dinov2_names(vision) if own_names else vision
    state = {f"image_encoder.model.{n}": v for n, v in vision.items()}
    state |= {f"text_encoder.model.{n}": v for n, v in _published(parts["text"]).items()}
    for side in ("image", "text"):
        made = parts[f"{side}_projection"].state_dict()
        state |= {f"{side}_projection.projection.{n}": v for n, v in made.items()}
    state |= {"logit_scale": torch.tensor(4.6), "prototypes": torch.rand(4, 48),
              "step_count": torch.zeros(1, dtype=torch.long)}  # fmt: skip
    _pair_folder(folder, state, {"model_type": "chexficient_clip", "auto_map": {}})
    (folder / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]), encoding="utf-8"
    )
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    CLIPImageProcessor(
        size={"shortest_edge": 378}, crop_size={"height": 378, "width": 378}
    ).save_pretrained(folder)
    return folder


def chexficient_parts() -> dict[str, Any]:
    """Modules of transformers with random weights, of CheXficient's kind."""
    torch.manual_seed(0)
    vision = Dinov2Config(**_PAIR, image_size=378, patch_size=14)
    text = BertConfig(
        **_PAIR, vocab_size=4 + len(WORDS), intermediate_size=256, max_position_embeddings=40
    )
    return {
        "vision": _random(Dinov2Model(vision)).eval(), "text": _random(BertModel(text)).eval(),
        "image_projection": _random(torch.nn.Linear(128, 24)),
        "text_projection": _random(torch.nn.Linear(128, 24)),
    }  # fmt: skip


def biovil(folder: Path, temporal: bool = True) -> Path:
    """BioViL-T, or BioViL, as hi-ml-multimodal keeps it: two state dicts and a vocabulary."""
    image, text = biovil_parts(temporal)
    folder.mkdir(parents=True, exist_ok=True)
    name = "biovil_t_image_model" if temporal else "biovil_image_resnet50"
    torch.save(image.state_dict(), folder / f"{name}_proj_size_128.pt")
    torch.save(text.state_dict(), folder / "pytorch_model.bin")
    text.config.save_pretrained(folder)
    (folder / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]), encoding="utf-8"
    )
    return folder


@cache
def biovil_parts(temporal: bool = True) -> tuple[Any, Any]:
    """Image and text model of hi-ml-multimodal with random weights and statistics."""
    with warnings.catch_warnings():  # it imports timm by an older name
        warnings.simplefilter("ignore", FutureWarning)
        from health_multimodal.image.model.model import ImageModel
        from health_multimodal.text.model import CXRBertConfig, CXRBertModel

    torch.manual_seed(0)
    image = ImageModel("resnet50_multi_image" if temporal else "resnet50", 128)
    for norm in image.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.running_mean.normal_(0, 0.1)
            norm.running_var.uniform_(0.8, 1.25)
            torch.nn.init.normal_(norm.bias, std=0.1)
    config = CXRBertConfig(
        **_PAIR, vocab_size=4 + len(WORDS), intermediate_size=256, max_position_embeddings=40
    )
    return image.eval(), _random(CXRBertModel(config)).eval()


def _published(model: Any) -> dict[str, torch.Tensor]:
    """A model's weights by the names that its files have."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return load_file(Path(folder) / "model.safetensors")


def _dinov2_names(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights of transformers' Dinov2Model by the names of facebookresearch/dinov2."""
    names = {
        "embeddings.cls_token": "cls_token", "embeddings.mask_token": "mask_token",
        "embeddings.position_embeddings": "pos_embed",
        "embeddings.patch_embeddings.projection": "patch_embed.proj", "encoder.layer": "blocks",
        "layernorm": "norm", "attention.output.dense": "attn.proj",
        "layer_scale1.lambda1": "ls1.gamma", "layer_scale2.lambda1": "ls2.gamma",
    }  # fmt: skip
    renamed = {}
    for name, value in state.items():
        if ".attention.attention." in name:
            if ".query." in name:
                parts = [state[name.replace("query", part)] for part in ("query", "key", "value")]
                layer, end = name.split(".")[2], name.rsplit(".", 1)[1]
                renamed[f"blocks.{layer}.attn.qkv.{end}"] = torch.cat(parts)
            continue
        for theirs, ours in names.items():
            name = name.replace(theirs, ours)
        renamed[name] = value
    return renamed


def _pair_folder(folder: Path, state: dict[str, torch.Tensor], config: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file({n: v.detach().contiguous().clone() for n, v in state.items()},
              folder / "model.safetensors")  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def mpnet_tokenizer(folder: Path) -> None:
    """Whole words with MPNet's special pieces, whose padding is 1."""
    vocabulary = {name: n for n, name in enumerate(["<s>", "<pad>", "</s>", "<unk>", *WORDS])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.normalizer, made.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="<unk>", pad_token="<pad>", eos_token="</s>",
        bos_token="<s>",
    ).save_pretrained(folder)  # fmt: skip
