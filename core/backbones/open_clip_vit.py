"""Models in open_clip's layout: its own architectures and weights, repositories, local folders.

Whatever the source, a model is a configuration (`open_clip_config.json`), a file of weights and,
for text towers or tokenizers of Hugging Face, a few text files. open_clip's own functions convert
and interpolate the weights.
"""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import open_clip
from open_clip.convert import convert_state_dict
from open_clip.model import (
    CLIP,
    CustomTextCLIP,
    convert_to_custom_text_state_dict,
    resize_pos_embed,
    resize_text_pos_embed,
)
from open_clip.tokenizer import HFTokenizer
from open_clip.transform import PreprocessCfg, merge_preprocess_dict
from torch import Tensor

from core.backbones import hub
from core.backbones.clip import ClipBackbone, Trunk
from core.backbones.open_clip_text import TextReader
from core.backbones.vision_trunks import NativeTrunk, TimmTrunk
from core.backbones.weights_file import load_strictly, read_json, read_state
from core.errors import ExplorerError
from core.preprocessing import Preprocess

CONFIG = "open_clip_config.json"
WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors",
           "open_clip_pytorch_model.bin")  # fmt: skip
FILES = hub.Files(((CONFIG,), WEIGHTS), (*hub.TOKENIZER, "README.md"))
_RESIZE = {"shortest": "crop", "longest": "letterbox", "squash": "squash"}


class TextFiles(NamedTuple):
    """Where the text files of Hugging Face are; None where the model has none of them."""

    tokenizer: Path | None  # folder with tokenizer.json or its relatives
    tower: Path | None  # folder with the text tower's config.json


def open_clip_backbone(
    arch: str, pretrained: str | None = None, size: int | None = None
) -> ClipBackbone:
    """A model of open_clip by name, from a random start or with its published weights.

    Raises:
        ExplorerError: an unknown name, a tower that is no ViT, or weights that cannot be had.
    """
    if arch not in open_clip.list_models():
        near = [name for name in open_clip.list_models() if name[:5] == arch[:5]][:6]
        hint = f" Near it: {', '.join(near)}." if near else ""
        raise ExplorerError(f"open_clip has no architecture '{arch}'.{hint}")
    tag = open_clip.get_pretrained_cfg(arch, pretrained) if pretrained else {}
    if pretrained and not tag:
        known = ", ".join(open_clip.list_pretrained_tags_by_model(arch)) or "none"
        raise ExplorerError(f"open_clip has no weights '{pretrained}' for {arch}; known: {known}.")
    config: dict[str, Any] = open_clip.get_model_config(arch) or {}
    if pretrained:
        _check_activation(arch, pretrained, config)
        repo, _, name = tag["hf_hub"].rpartition("/")
        weights = (f"{Path(name).stem}.safetensors", name) if name else WEIGHTS
        folder = hub.fetch(repo, hub.Files((weights,), (CONFIG, "README.md")), "")
        return _load(config, tag, _weights_in(folder, weights), None, size)
    return build_open_clip(config, tag, _text_files(config, None), size)


def open_clip_folder(folder: Path, size: int | None = None) -> ClipBackbone:
    """A model from a folder in open_clip's layout: a Hub repository's, or one of your own.

    Text files of a Hugging Face text tower are read from the folder where they are there; what is
    not comes from the Hub by the name that the configuration gives.

    Raises:
        ExplorerError: files are missing, damaged or of a kind that cannot be read.
    """
    lacking = FILES.missing(hub.names_in(folder))
    if lacking:
        raise ExplorerError(f"{folder} has no {lacking[0]}; put it there (open_clip's layout).")
    found = read_json(folder / CONFIG)
    config = found.get("model_cfg")
    if not isinstance(config, dict) or not all(
        isinstance(config.get(name), dict) for name in ("vision_cfg", "text_cfg")
    ):
        raise ExplorerError(f"{folder.name}/{CONFIG} describes no two towers; fetch it again.")
    preprocess = found.get("preprocess_cfg") or {}
    return _load(config, preprocess, _weights_in(folder, WEIGHTS), folder, size)


def lacking(repo: str) -> list[str]:
    """Repositories of which the Hub's cache has not all that `hf-hub:REPO` needs."""
    folder = hub.cached(repo, FILES)
    if folder is None:
        return [repo]
    return [other for other, files in text_files_of(folder) if not hub.cached(other, files)]


def text_files_of(folder: Path) -> list[tuple[str, hub.Files]]:
    """Other repositories that the text tower of a folder's model needs files of."""
    text = read_json(folder / CONFIG).get("model_cfg", {}).get("text_cfg", {})
    return [(repo, files) for repo, files, found in _text_needs(text, folder)
            if repo and not found]  # fmt: skip


def build_open_clip(
    config: dict[str, Any],
    preprocess: dict[str, Any],
    text_files: TextFiles,
    size: int | None = None,
) -> ClipBackbone:
    """An untrained model of a configuration.

    Args:
        config: "model_cfg" of open_clip's layout.
        preprocess: "preprocess_cfg" of the same.
        text_files: see TextFiles.
        size: input side in pixels, where it is not the configuration's.

    Raises:
        ExplorerError: a configuration that names what open_clip or LRCLR does not have.
    """
    model = _random_start(config, text_files, size)
    if _is_timm(config) and size:
        _resize_timm(model, size)
    side = model.visual.image_size
    statistics = merge_preprocess_dict(PreprocessCfg(), preprocess)
    origin = {"kind": "open_clip", "config": config, "preprocess": preprocess, "size": size}
    return wrap(
        model, _tokenizer(config["text_cfg"], text_files.tokenizer),
        _preprocess(statistics, side if isinstance(side, int) else max(side)), origin,
    )  # fmt: skip


def _random_start(config: dict[str, Any], text_files: TextFiles, size: int | None) -> Any:
    """The model as open_clip's `create_model` makes it, with no weights and no network."""
    made = deepcopy(config)
    if "multimodal_cfg" in made:
        raise ExplorerError("CoCa models have a text tower of another kind; use a CLIP model.")
    vision, text = made["vision_cfg"], made["text_cfg"]
    if _is_timm(made):
        vision["timm_model_pretrained"] = False
    elif size:
        check_size(size, int(vision["patch_size"]))
        vision["image_size"] = size
    if text.get("hf_model_name"):
        text.update(hf_model_name=str(text_files.tower), hf_model_pretrained=False)
    custom = made.pop("custom_text", False) or text.get("hf_model_name")
    try:
        return CustomTextCLIP(**made) if custom else CLIP(**made)
    except Exception as error:  # whatever its library says of a value that it does not know
        said = str(error).splitlines()[0] if str(error) else "no reason given"
        raise ExplorerError(
            f"The model's {CONFIG} asks for what this version of open_clip does not have: "
            f"{type(error).__name__}, {said.rstrip('.')}."
        ) from None


def _is_timm(config: dict[str, Any]) -> bool:
    return bool(config["vision_cfg"].get("timm_model_name"))


def wrap(
    model: Any, tokenizer: Any, preprocess: Preprocess, origin: dict[str, Any]
) -> ClipBackbone:
    """A model of open_clip behind the `Backbone` interface.

    Raises:
        ExplorerError: a tower that cannot be read.
    """
    visual = model.visual
    trunk: Trunk = TimmTrunk(visual) if hasattr(visual, "trunk") else NativeTrunk(visual)
    return ClipBackbone(model, trunk, TextReader(model, tokenizer), preprocess, origin)


def check_size(size: int, patch: int) -> None:
    """Refuse an input side that is no whole number of patches, or beyond reason.

    Raises:
        ExplorerError: such a side.
    """
    if size % patch or not patch <= size <= 1024:
        near = max(round(size / patch), 1) * patch
        raise ExplorerError(
            f"The input size {size} is no multiple of the patch size {patch} up to 1024; "
            f"use for example {min(near, 1024 // patch * patch)}."
        )


def resize_positions(state: dict[str, Tensor], model: Any, name: str) -> None:
    """Interpolate the position embeddings of a state dict to the model's sizes, by open_clip.

    Raises:
        ExplorerError: they are no square grid.
    """
    try:
        resize_pos_embed(state, model)
        resize_text_pos_embed(state, model)
    except (RuntimeError, ValueError, AssertionError):
        raise ExplorerError(
            f"The position embeddings of {name} are no square grid and fit no other size; fetch "
            "the file again."
        ) from None


def _load(
    config: dict[str, Any],
    preprocess: dict[str, Any],
    weights: Path,
    folder: Path | None,
    size: int | None,
) -> ClipBackbone:
    """open_clip's `load_checkpoint` on a file that was read without running code."""
    state = read_state(weights)
    text_files = _text_files(config, folder)
    # timm's towers are loaded at their own size and resized by timm afterwards.
    late = size and _is_timm(config)
    backbone = build_open_clip(config, preprocess, text_files, None if late else size)
    model: Any = backbone.model
    state = _converted(state, model)
    resize_positions(state, model, weights.name)
    load_strictly(model, state, f"{weights.name} does not fit its {CONFIG}")
    if late and size:
        _resize_timm(model, size)
        origin = {**backbone.origin, "size": size}
        preprocess_now = replace(backbone.preprocess, size=size)
        backbone = wrap(model, backbone.reader.tokenizer, preprocess_now, origin)
    backbone.files = (weights,)
    return backbone


def _converted(state: dict[str, Tensor], model: Any) -> dict[str, Tensor]:
    state = convert_state_dict(model, state)
    if "positional_embedding" in state and not hasattr(model, "positional_embedding"):
        state = convert_to_custom_text_state_dict(state)
    for name in ("logit_scale", "logit_bias"):  # a number, or a vector of one
        own = getattr(model, name, None)
        if name in state and own is not None:
            state[name] = state[name].reshape(own.shape)
    state.pop("text.transformer.embeddings.position_ids", None)  # of older transformers
    return state


def _resize_timm(model: Any, size: int) -> None:
    check_size(size, int(model.visual.trunk.patch_embed.patch_size[0]))
    model.visual.set_input_size(size)


def _text_files(config: dict[str, Any], folder: Path | None) -> TextFiles:
    """From `folder` where they are there, else from the Hub by the configuration's names."""
    instead = f"or put these files beside the weights in {folder}" if folder else ""
    places = [
        found or (hub.fetch(repo, files, instead) if repo else None)
        for repo, files, found in _text_needs(config.get("text_cfg", {}), folder)
    ]
    return TextFiles(*places)


def _text_needs(
    text: dict[str, Any], folder: Path | None
) -> list[tuple[str, hub.Files, Path | None]]:
    """Repository, files and, where it has them, `folder`: of the tokenizer and of the tower."""
    here = hub.names_in(folder) if folder else []
    needs = ((text.get("hf_tokenizer_name") or "", hub.TOKENIZER_FILES),
             (text.get("hf_model_name") or "", hub.TEXT_CONFIG))  # fmt: skip
    return [(repo, files, None if not repo or files.missing(here) else folder)
            for repo, files in needs]  # fmt: skip


def _tokenizer(text: dict[str, Any], files: Path | None) -> Any:
    """As open_clip's `get_tokenizer` makes it, from local files."""
    length, more = text.get("context_length", 77), text.get("tokenizer_kwargs", {})
    if not text.get("hf_tokenizer_name"):
        return open_clip.SimpleTokenizer(context_length=length, **more)
    try:
        return HFTokenizer(
            str(files), context_length=length, tokenizer_mode=text.get("tokenizer_mode"),
            local_files_only=True, **more,
        )  # fmt: skip
    except Exception as error:  # a damaged tokenizer.json can fail anywhere, in Rust too
        raise ExplorerError(
            f"The tokenizer in {files} cannot be read ({type(error).__name__}); fetch its files "
            "again."
        ) from None


def _preprocess(statistics: dict[str, Any], size: int) -> Preprocess:
    """open_clip's statistics, on the 0..255 scale."""
    return Preprocess(
        size=size,
        mean=tuple(255 * value for value in statistics["mean"]),
        std=tuple(255 * value for value in statistics["std"]),
        channels=3,
        mode=_RESIZE[statistics["resize_mode"]],
        interpolation=statistics["interpolation"],
    )


def _weights_in(folder: Path, names: tuple[str, ...]) -> Path:
    return next(folder / name for name in names if (folder / name).is_file())


def _check_activation(arch: str, pretrained: str, config: dict[str, Any]) -> None:
    """open_clip only warns where weights meet the wrong activation; the features are wrong."""
    trained = bool(open_clip.get_pretrained_cfg(arch, pretrained).get("quick_gelu", False))
    other = f"{arch}-quickgelu" if trained else arch.removesuffix("-quickgelu")
    if trained != bool(config.get("quick_gelu", False)) and other in open_clip.list_models():
        raise ExplorerError(
            f"The weights '{pretrained}' were trained with{'' if trained else 'out'} QuickGELU and "
            f"give wrong features in {arch}; use open_clip:{other}/{pretrained}."
        )
