"""BioViL-T and BioViL as they are published: which of their weights is which of ours.

Read from Microsoft's package hi-ml-multimodal 0.2.2 (health_multimodal: image/model,
text/model/modelling_cxrbert.py, image/data): the text tower is in the Hub's usual files, of type
cxr-bert, the image tower in a state dict beside them. Its films are first stretched to all grey
levels, then brought to 512 pixels and cut in the middle.
"""

from pathlib import Path
from typing import Any

from torch import Tensor

from core.backbones import hub
from core.backbones.bert import bert_sizes, by_our_names
from core.backbones.biovil import PATCH, TOKENIZER, BioViL, BioViLSizes, wrap_biovil
from core.backbones.clip import ClipBackbone
from core.backbones.weights_file import load_strictly, read_json, read_state
from core.backbones.word_pieces import read_tokenizer
from core.errors import ExplorerError
from core.preprocessing import Preprocess

MODEL_TYPE = "cxr-bert"
_SHORTEST = 512  # pixels before the middle is cut out
_CROP = {True: 448, False: 480}  # BioViL-T, BioViL
_State = dict[str, Tensor]

# Beginnings of names, theirs to ours. What is not here is left: the transformer over two films, the
# ResNet's classes, the prediction of hidden words.
_IMAGE = {
    "encoder.encoder.": "visual.resnet.", "encoder.backbone_to_vit.": "visual.current.",
    "encoder.missing_previous_emb": "visual.missing", "projector.model.": "visual.projector.",
}  # fmt: skip
_HEAD = {
    "cls_projection_head.dense_to_hidden.": "text_head.0.",
    "cls_projection_head.LayerNorm.": "text_head.2.",
    "cls_projection_head.dense_to_output.": "text_head.3.",
}
_REMARK = ("Its files have no temperature: where it is trained on, that begins at CLIP's 1/0.07.",)


def biovil_backbone(folder: Path, size: int | None = None) -> ClipBackbone:
    """A model from a folder of config.json, both towers' weights and the vocabulary.

    Args:
        size: input side in pixels, where it is not the model's.

    Raises:
        ExplorerError: files are missing, damaged or of another layout.
    """
    from core.backbones.open_clip_vit import check_size
    from core.backbones.transformers_clip import CONFIG, WEIGHTS

    names = hub.names_in(folder)
    words = ("vocab.txt", "tokenizer.json")
    if lacking := hub.Files(((CONFIG,), words, WEIGHTS, (hub.BIOVIL_IMAGE,))).missing(names):
        raise ExplorerError(f"{folder} has no {lacking[0]}; put it there (BioViL's layout).")
    said = f"The weights in {folder} are not in the layout of BioViL"
    files = [folder / name for name in hub.Files((WEIGHTS, (hub.BIOVIL_IMAGE,))).pick(names)]
    published: _State = {}
    for file in files:
        published.update(read_state(file))
    state = _by_our_names(published)
    try:
        sizes = _sizes(state, read_json(folder / CONFIG), size)
    except (KeyError, ValueError, IndexError, TypeError):
        raise ExplorerError(
            f"{said}: {len(published)} tensors, the first is {next(iter(published), 'none')}; "
            "fetch the files again."
        ) from None
    check_size(sizes.image_size, PATCH)
    model = BioViL(sizes)
    load_strictly(model, {**state, "logit_scale": model.logit_scale.detach()}, said)
    tokenizer = read_tokenizer(folder, TOKENIZER)
    backbone = wrap_biovil(model, tokenizer, biovil_preprocess(sizes))
    backbone.files, backbone.remarks = tuple(files), _REMARK
    return backbone


def _by_our_names(published: _State) -> _State:
    text = {name.removeprefix("bert."): value for name, value in published.items()
            if name.startswith("bert.")}  # fmt: skip
    state = {f"text.{name}": value for name, value in by_our_names(text).items()}
    for theirs, ours in {**_IMAGE, **_HEAD}.items():
        for name, value in published.items():
            if name.startswith(theirs) and not name.endswith("num_batches_tracked"):
                state[ours + name.removeprefix(theirs)] = value
    return {name: value for name, value in state.items() if ".resnet.fc." not in name}


def _sizes(state: _State, config: dict[str, Any], size: int | None) -> BioViLSizes:
    text = {name.removeprefix("text."): value for name, value in state.items()
            if name.startswith("text.")}  # fmt: skip
    temporal = "visual.missing" in state
    return BioViLSizes(
        size or _CROP[temporal], temporal, len(state["visual.projector.3.bias"]),
        bert_sizes(text, int(config["num_attention_heads"])),
    )  # fmt: skip


def biovil_preprocess(sizes: BioViLSizes) -> Preprocess:
    """As the library does it. Another input side shows the same part of the film."""
    share = _SHORTEST / _CROP[sizes.temporal]
    return Preprocess(
        size=sizes.image_size, mean=(0.0,) * 3, std=(255.0,) * 3, channels=3, mode="crop",
        shortest=round(sizes.image_size * share), stretch=True,
    )  # fmt: skip
