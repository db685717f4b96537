"""RadZero and CheXficient as they are published: which of their weights is which of ours.

Read from public sources: RadZero's code (github.com/deepnoid-ai/RadZero, exp/cxr_pt/model, and
huggingface.co/Deepnoid/RadZero: modeling_radzero.py, losses.py, align_transformers.py) and
CheXficient's (github.com/cwangrun/CheXficient, models_clip.py and util/projection.py). The sizes
are read off the tensors, as the configurations leave out some.

What of CheXficient on the Hub (huggingface.co/StanfordAIMI/CheXficient, of type chexficient_clip)
names its image tower by is not in these sources: both DINOv2's own names and those of transformers
are read behind `image_encoder.model.`, and anything else is refused.
"""

import re
from pathlib import Path
from typing import Any

from torch import Tensor

from core.backbones import hub
from core.backbones.bert import bert_sizes, by_our_names
from core.backbones.clip import ClipBackbone
from core.backbones.dinov2 import TowerSizes, resized_positions
from core.backbones.dinov2_bert import OF_ITS_FILE, Dinov2Bert, PairSizes, wrap_pair
from core.backbones.image_processor import CLIP_MEAN, CLIP_STD, Usual, read_preprocess
from core.backbones.weights_file import load_strictly, read_json, read_state
from core.backbones.word_pieces import read_tokenizer
from core.errors import ExplorerError

RADZERO, CHEXFICIENT = "RadZero", "CheXficient"
_SIDES = {RADZERO: 518, CHEXFICIENT: 378}  # pixels they were trained at
_USUAL = {
    RADZERO: Usual(CLIP_MEAN, CLIP_STD, "squash"),
    CHEXFICIENT: Usual(CLIP_MEAN, CLIP_STD, "crop"),
}
_HEAD = 64  # width of an attention head in ViT-B, where no file says how many
_State = dict[str, Tensor]

# Beginnings of names, ours to theirs; what is in no map belongs to training alone.
_RADZERO = {
    "visual.": "vision_model.",
    "visual.added.": "align_transformer.transformer_layers.layer.",
    "text.": "text_model.",
    "visual_projection.": "loss_fns.{loss}.layer_norm.",
}
_CHEXFICIENT = {
    "visual.": "image_encoder.model.",
    "text.": "text_encoder.model.",
    "visual_projection.": "image_projection.projection.",
    "text_projection.": "text_projection.projection.",
}
_OF_TRANSFORMERS = {
    "embeddings.cls_token": "cls_token", "embeddings.position_embeddings": "positions",
    "embeddings.patch_embeddings.projection": "patches", "encoder.layer": "blocks",
    "layernorm": "norm", "attention.attention.query": "query", "attention.attention.key": "key",
    "attention.attention.value": "value", "attention.output.dense": "out",
    "layer_scale1.lambda1": "scale1", "layer_scale2.lambda1": "scale2", "mlp.fc1": "fc1",
    "mlp.fc2": "fc2",
}  # fmt: skip
_OF_DINOV2 = {
    "pos_embed": "positions", "patch_embed.proj": "patches", "attn.proj": "out",
    "ls1.gamma": "scale1", "ls2.gamma": "scale2", "mlp.fc1": "fc1", "mlp.fc2": "fc2",
}  # fmt: skip


def layout_of(config: dict[str, Any]) -> str | None:
    """Whose layout a config.json is of, if one of these.

    >>> layout_of({"model_type": "chexficient_clip"}), layout_of({"model_type": "clip"})
    ('CheXficient', None)
    """
    if "align_transformer_config" in config and "vision_config" in config:
        return RADZERO
    return CHEXFICIENT if config.get("model_type") == "chexficient_clip" else None


def pair_backbone(folder: Path, layout: str, size: int | None = None) -> ClipBackbone:
    """A model from a folder in one of the two layouts.

    Args:
        size: input side in pixels, where it is not the model's; positions are interpolated.

    Raises:
        ExplorerError: files are missing, damaged or of another layout.
    """
    from core.backbones.open_clip_vit import check_size
    from core.backbones.transformers_clip import CONFIG, WEIGHTS

    files_needed = hub.Files(((CONFIG,), ("tokenizer.json",), WEIGHTS))
    if lacking := files_needed.missing(hub.names_in(folder)):
        raise ExplorerError(f"{folder} has no {lacking[0]}; put it there ({layout}'s layout).")
    files = tuple(folder / n for n in hub.Files((WEIGHTS,)).pick(hub.names_in(folder)))
    published: _State = {}
    for file in files:
        published.update(read_state(file))
    said = f"The weights in {folder} are not in the layout of {layout}"
    try:
        state = _renamed(published, layout)
        config = read_json(folder / CONFIG)
        sizes = _sizes(state, layout, config, size or _SIDES[layout])
    except (KeyError, ValueError, IndexError, TypeError, AttributeError, StopIteration):
        raise ExplorerError(
            f"{said}: {len(published)} tensors, the first is {next(iter(published), 'none')}; "
            "fetch the files again."
        ) from None
    check_size(sizes.image.image_size, sizes.image.patch_size)
    try:
        state["visual.positions"] = resized_positions(state["visual.positions"], sizes.image.grid)
    except ValueError as error:
        raise ExplorerError(f"{said}: {error}; fetch the files again.") from None
    model = Dinov2Bert(sizes)
    load_strictly(model, state, said)
    preprocess, remarks = read_preprocess(folder, sizes.image.image_size, _USUAL[layout])
    backbone = wrap_pair(model, read_tokenizer(folder, OF_ITS_FILE), preprocess)
    backbone.files, backbone.remarks = files, remarks
    return backbone


def _renamed(published: _State, layout: str) -> _State:
    """Published weights by our names."""
    state = _of_radzero(published) if layout == RADZERO else _of_chexficient(published)
    text = {name.removeprefix("text."): value for name, value in state.items()
            if name.startswith("text.")}  # fmt: skip
    rest = {name: value for name, value in state.items() if not name.startswith("text.")}
    return {**rest, **{f"text.{name}": value for name, value in by_our_names(text).items()}}


def _of_radzero(published: _State) -> _State:
    loss = next(name.split(".")[1] for name in published if name.startswith("loss_fns."))
    state = _taken(published, {ours: theirs.format(loss=loss) for ours, theirs in _RADZERO.items()})
    state = {_tower_name(name, _OF_TRANSFORMERS): value for name, value in state.items()}
    depth = _count(state, r"visual\.blocks\.(\d+)\.")
    norm = {f"visual.blocks.{depth}.before.{end}": state.pop(f"visual.norm.{end}")
            for end in ("weight", "bias")}  # fmt: skip
    moved = {re.sub(r"^visual\.added\.(\d+)", lambda m: f"visual.blocks.{depth + int(m[1])}", name):
             value for name, value in state.items()}  # fmt: skip
    temperature = published[f"loss_fns.{loss}.loss_temperature"].reshape(())
    return {**moved, **norm, "logit_scale": -temperature}


def _of_chexficient(published: _State) -> _State:
    state = _taken(published, _CHEXFICIENT)
    if "visual.pos_embed" in state:
        state = _split_qkv(state)
    names = _OF_DINOV2 if "visual.pos_embed" in state else _OF_TRANSFORMERS
    state = {_tower_name(name, names): value for name, value in state.items()}
    return {**state, "logit_scale": published["logit_scale"].reshape(())}


def _taken(published: _State, names: dict[str, str]) -> _State:
    """Those of the published weights that the maps name, by our beginnings."""
    taken = {}
    for ours, theirs in names.items():
        for name, value in published.items():
            if name.startswith(theirs) and not name.endswith(("mask_token", "position_ids")):
                taken[ours + name.removeprefix(theirs)] = value
    return {name: value for name, value in taken.items() if ".pooler." not in name}


def _tower_name(name: str, names: dict[str, str]) -> str:
    """The name of a weight of the image tower in ours; other names stay."""
    if not name.startswith("visual."):
        return name
    for theirs, ours in names.items():
        name = name.replace(f".{theirs}", f".{ours}")
    return name


def _split_qkv(state: _State) -> _State:
    """DINOv2's own layers hold query, key and value in one."""
    split = {}
    for name, value in state.items():
        if ".attn.qkv." not in name:
            split[name] = value
            continue
        for part, piece in zip(("query", "key", "value"), value.chunk(3), strict=True):
            split[name.replace("attn.qkv", part)] = piece
    return split


def _count(state: _State, pattern: str) -> int:
    """How many numbers a part of the names counts to."""
    found = (re.match(pattern, name) for name in state)
    return 1 + max(int(match[1]) for match in found if match)


def _sizes(state: _State, layout: str, config: dict[str, Any], side: int) -> PairSizes:
    """Both towers' sizes, off the tensors."""
    width, _, patch, _ = state["visual.patches.weight"].shape
    blocks = _count(state, r"visual\.blocks\.(\d+)\.")
    own = [int(name.split(".")[2]) for name in state if name.endswith(".before.weight")] or [blocks]
    heads = (config.get("vision_config") or {}).get("num_attention_heads") or width // _HEAD
    image = TowerSizes(
        side, patch, width, int(heads), len(state["visual.blocks.0.fc1.bias"]), own[0],
        blocks - own[0],
    )  # fmt: skip
    joint = None if layout == RADZERO else len(state["visual_projection.bias"])
    text = {name.removeprefix("text."): value for name, value in state.items()
            if name.startswith("text.")}  # fmt: skip
    told = (config.get("text_config") or {}).get("num_attention_heads")
    return PairSizes(image, bert_sizes(text, told and int(told)), joint,
                     "mean" if layout == RADZERO else "last")  # fmt: skip
