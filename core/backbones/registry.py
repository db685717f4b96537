"""Backbones by spec string, and by the description that a saved model carries."""

from pathlib import Path
from typing import Any

from core.backbones.base import Backbone
from core.errors import ExplorerError

FORMS = "open_clip:ARCH, open_clip:ARCH/PRETRAINED, openai:FILE, chexzero:FILE or compact:random"
RANDOM = "compact:random"
"""Our own backbone with its ImageNet stem and nothing else learned, from torch's random state."""


def load_backbone(spec: str) -> Backbone:
    """A pretrained image-text model, in eval mode.

    Args:
        spec: `open_clip:ARCH` (random start, or `/PRETRAINED` of open_clip), `openai:FILE` or
            `chexzero:FILE` (a state dict in OpenAI's layout; chexzero with its own preprocessing)
            or RANDOM.

    Raises:
        ExplorerError: an unknown form, architecture or file.
    """
    kind, _, name = spec.partition(":")
    if spec == RANDOM:
        from core.backbones.compact import CompactBackbone

        compact = CompactBackbone()
        compact.stem.load_imagenet()
        backbone: Backbone = compact
    elif kind == "open_clip" and name:
        from core.backbones.open_clip_vit import open_clip_backbone

        arch, _, pretrained = name.partition("/")
        backbone = open_clip_backbone(arch, pretrained or None)
    elif kind in ("openai", "chexzero") and name:
        from core.backbones.openai_checkpoint import openai_backbone

        backbone = openai_backbone(Path(name), chexzero=kind == "chexzero")
    else:
        raise ExplorerError(f"'{spec}' names no backbone; known forms: {FORMS}.")
    backbone.name = spec
    return backbone.eval()


def build_backbone(description: dict[str, Any]) -> Backbone:
    """The architecture that `Backbone.describe` described, from a random start.

    Raises:
        KeyError, TypeError: not such a description.
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
        from core.backbones.open_clip_vit import open_clip_backbone

        return open_clip_backbone(str(values["arch"]))
    raise KeyError(kind)
