"""Backbones by spec string."""

from pathlib import Path

from core.backbones.base import Backbone
from core.errors import ExplorerError

FORMS = "open_clip:ARCH, open_clip:ARCH/PRETRAINED, openai:FILE or chexzero:FILE"


def load_backbone(spec: str) -> Backbone:
    """A pretrained image-text model, in eval mode.

    Args:
        spec: `open_clip:ARCH` (random start, or `/PRETRAINED` of open_clip), `openai:FILE` or
            `chexzero:FILE` (a state dict in OpenAI's layout; chexzero with its own preprocessing).

    Raises:
        ExplorerError: an unknown form, architecture or file.
    """
    kind, _, name = spec.partition(":")
    if kind == "open_clip" and name:
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
