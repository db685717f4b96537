"""Backbones by spec string, and by the description that a saved model carries."""

import re
from collections.abc import Callable, Iterator
from os.path import isdir, isfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.backbones.base import Backbone
from core.backbones.known import ALIASES
from core.errors import ExplorerError

if TYPE_CHECKING:
    from core.backbones.hub import Files

FORMS = (
    "biomedclip, chexzero:FILE (a folder or FILE,FILE for an ensemble), openai:FILE, "
    "open_clip:ARCH/PRETRAINED, open_clip:ARCH, hf-hub:ORG/NAME, hf:ORG/NAME, local-dir:FOLDER or "
    "compact:random, each but the last with @SIZE for another input size"
)
RANDOM = "compact:random"
"""Our own backbone with its ImageNet stem and nothing else learned, from torch's random state."""

_CHECKPOINTS = (".pt", ".pth", ".bin", ".safetensors")


def names_backbone(spec: str) -> bool:
    """Whether a spec has a form that `load_backbone` reads; the files may still be missing."""
    body, _ = split_size(spec)
    return ":" in body or body in ALIASES or isdir(body)


def split_size(spec: str) -> tuple[str, int | None]:
    """A spec without its `@SIZE`, and the size.

    >>> split_size("open_clip:ViT-B-32-quickgelu@384")
    ('open_clip:ViT-B-32-quickgelu', 384)
    >>> split_size("biomedclip")
    ('biomedclip', None)
    """
    found = re.fullmatch(r"(.+)@(\d{1,5})", spec)
    return (found[1], int(found[2])) if found else (spec, None)


def load_backbone(spec: str) -> Backbone:
    """A pretrained image-text model, in eval mode.

    Args:
        spec: one of FORMS, or a folder in open_clip's or transformers' layout. Published weights
            are fetched from the Hugging Face Hub where they are not here (`hub.reporting`).

    Raises:
        ExplorerError: an unknown form, architecture or file, or weights that cannot be had.
    """
    body, size = split_size(spec)
    kind, _, name = ALIASES.get(body, body).partition(":")
    if spec == RANDOM:
        from core.backbones.compact import CompactBackbone

        compact = CompactBackbone()
        compact.stem.load_imagenet()
        backbone: Backbone = compact
    elif kind in _LOADERS and name:
        backbone = _LOADERS[kind](name, size)
    elif isdir(body):
        backbone = _folder(body, size)
    else:
        raise ExplorerError(f"'{spec}' names no backbone; known forms: {FORMS}.")
    backbone.name = spec
    return backbone.eval()


def files_of(spec: str) -> "Iterator[tuple[str, Files]]":
    """Repositories of the Hub that a spec needs, each to be there before the next is asked for.

    Nothing of specs that are no repositories, and of open_clip's own weights.
    """
    from core.backbones import hub

    body, _ = split_size(spec)
    kind, _, name = ALIASES.get(body, body).partition(":")
    if kind == "hf" and not isdir(name):
        from core.backbones.transformers_clip import FILES

        yield name, FILES
    elif kind == "hf-hub":
        from core.backbones.open_clip_vit import FILES as OF_OPEN_CLIP
        from core.backbones.open_clip_vit import text_files_of

        yield name, OF_OPEN_CLIP
        folder = hub.cached(name, OF_OPEN_CLIP)
        yield from text_files_of(folder) if folder else ()


def _open_clip(name: str, size: int | None) -> Backbone:
    from core.backbones.open_clip_vit import open_clip_backbone

    arch, _, pretrained = name.partition("/")
    return open_clip_backbone(arch, pretrained or None, size)


def _hub_open_clip(name: str, size: int | None) -> Backbone:
    from core.backbones import hub
    from core.backbones.open_clip_vit import FILES, open_clip_folder

    return open_clip_folder(hub.fetch(name, FILES), size)


def _hub_transformers(name: str, size: int | None) -> Backbone:
    from core.backbones import hub
    from core.backbones.transformers_clip import FILES

    return _transformers_folder(Path(name) if isdir(name) else hub.fetch(name, FILES), size)


def _transformers_folder(folder: Path, size: int | None) -> Backbone:
    from core.backbones.biovil_layout import MODEL_TYPE, biovil_backbone
    from core.backbones.dinov2_layouts import layout_of, pair_backbone
    from core.backbones.transformers_clip import CONFIG, transformers_backbone
    from core.backbones.weights_file import read_json

    config = read_json(folder / CONFIG) if isfile(folder / CONFIG) else {}
    if config.get("model_type") == MODEL_TYPE:
        return biovil_backbone(folder, size)
    layout = layout_of(config)
    return pair_backbone(folder, layout, size) if layout else transformers_backbone(folder, size)


def _openai(name: str, size: int | None) -> Backbone:
    from core.backbones.openai_checkpoint import openai_backbone

    return openai_backbone(Path(name), size=size)


def _chexzero(name: str, size: int | None) -> Backbone:
    from core.backbones.ensemble import Ensemble
    from core.backbones.openai_checkpoint import openai_backbone

    if isdir(name):
        files = sorted(file for file in Path(name).iterdir() if file.suffix in _CHECKPOINTS)
        if not files:
            raise ExplorerError(f"{name} holds no checkpoint ({', '.join(_CHECKPOINTS)}).")
    else:  # a comma may belong to the one file's name
        files = [Path(name)] if isfile(name) else [Path(n) for n in name.split(",")]
    members = []
    for file in files:
        members.append(openai_backbone(file, chexzero=True, size=size))
        members[-1].name = file.name
    return members[0] if len(members) == 1 else Ensemble(members)


def _folder(name: str, size: int | None) -> Backbone:
    folder = Path(name)
    if not isdir(folder):
        raise ExplorerError(f"There is no folder {folder}; check the path.")
    if (folder / "open_clip_config.json").is_file():
        from core.backbones.open_clip_vit import open_clip_folder

        return open_clip_folder(folder, size)
    if (folder / "config.json").is_file():
        return _transformers_folder(folder, size)
    raise ExplorerError(
        f"{folder} holds no model: weights and open_clip_config.json (open_clip's layout) or "
        "config.json (transformers' layout, or a model of this project) are expected."
    )


_LOADERS: dict[str, Callable[[str, int | None], Backbone]] = {
    "open_clip": _open_clip, "hf-hub": _hub_open_clip, "hf": _hub_transformers,
    "openai": _openai, "chexzero": _chexzero, "local-dir": _folder,
}  # fmt: skip


def build_backbone(description: dict[str, Any], text_files: Path | None = None) -> Backbone:
    """The architecture that `Backbone.describe` described, from a random start.

    Args:
        text_files: folder that `Backbone.save_text_files` wrote.

    Raises:
        KeyError, TypeError: not such a description.
        ExplorerError: text files are missing or damaged.
    """
    values = dict(description)
    kind = values.pop("kind")
    if kind == "compact":
        from core.backbones.compact import CompactBackbone, CompactConfig

        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return CompactBackbone(CompactConfig(**{**values, **lists}))
    if kind == "openai":
        from core.backbones.openai_checkpoint import build_openai

        return build_openai(values["config"], bool(values["chexzero"]))
    if kind == "open_clip":
        from core.backbones.open_clip_vit import TextFiles, build_open_clip, open_clip_backbone

        if "arch" in values:  # as models were saved before version 0.2
            return open_clip_backbone(str(values["arch"]))
        files = TextFiles(text_files, text_files)
        return build_open_clip(values["config"], values["preprocess"], files, values["size"])
    if kind == "transformers":
        from core.backbones.transformers_clip import build_transformers

        return build_transformers(values["config"], values["preprocess"], text_files or Path())
    if kind == "dinov2-bert":
        from core.backbones.dinov2_bert import build_pair

        return build_pair(values["sizes"], values["preprocess"], text_files or Path())
    if kind == "biovil":
        from core.backbones.biovil import build_biovil

        return build_biovil(values["sizes"], values["preprocess"], text_files or Path())
    raise KeyError(kind)
