"""Any open_clip model with a ViT image tower: native ones, and timm trunks with a text tower.

Notable: attention is captured in the same pass and only in the blocks asked for; the towers' own
modules do everything else, so that tokens and embeddings are open_clip's to the last bits.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import open_clip
import torch
from torch import Tensor, nn

from core.backbones.base import Backbone, ImageTokens, TextTokens
from core.backbones.open_clip_text import TextReader
from core.backbones.vision_trunks import NativeTrunk, TimmTrunk
from core.errors import ExplorerError
from core.preprocessing import Preprocess

_RESIZE = {"shortest": "crop", "longest": "letterbox", "squash": "squash"}


class OpenClipBackbone(Backbone):
    """An open_clip model behind the `Backbone` interface."""

    # Views of parts of `model`, no modules of their own.
    trunk: NativeTrunk | TimmTrunk
    reader: TextReader

    def __init__(
        self, model: Any, tokenizer: Any, preprocess: Preprocess, origin: dict[str, Any]
    ) -> None:
        super().__init__()
        self.model = model
        self.name = str(origin.get("arch", "openai"))
        self.origin = origin
        self.preprocess = preprocess
        visual = model.visual
        self.trunk = trunk = TimmTrunk(visual) if hasattr(visual, "trunk") else NativeTrunk(visual)
        self.reader = reader = TextReader(model, tokenizer)
        self.grid, self.heads, self.width = trunk.grid, trunk.heads, trunk.width
        self.depth = len(trunk.blocks)
        with torch.no_grad():
            probe = torch.zeros(1, 1, self.width)
            self.embed_dim = self.local_width = int(self.project(probe).shape[-1])
        self.context_length = reader.context_length

    @property
    def logit_scale(self) -> nn.Parameter:  # type: ignore[override]
        """open_clip's own log temperature."""
        scale = self.model.logit_scale
        assert isinstance(scale, nn.Parameter)
        return scale

    def describe(self) -> dict[str, Any]:
        """See `Backbone.describe`."""
        return self.origin

    def image_tokens(
        self, pixels: Tensor, attn_layers: Sequence[int] = (), keep: float = 1.0
    ) -> ImageTokens:
        """See `Backbone.image_tokens`; `local` is the value path of the last block (MaskCLIP)."""
        if keep < 1:
            raise ExplorerError("Patch dropout (--keep below 1) works with the compact model only.")
        tokens = self._embed(pixels)
        attn_weights = {}
        for layer, block in enumerate(self.trunk.blocks[:-1]):
            if layer in attn_layers:
                tokens, attn_weights[layer] = self.trunk.attend(block, tokens)
            else:
                tokens = block(tokens)
        # Zhou et al., ECCV 2022: values are per place; attention is what mixes the places.
        local = self.project(self.trunk.value_path(self.trunk.blocks[-1], tokens[:, 1:]))
        return ImageTokens(tokens, attn_weights, local, self.grid)

    def _embed(self, pixels: Tensor) -> Tensor:
        """The tokens of the first block, in the precision that autocast gives the towers.

        The patch convolution stays in float32: it is a hundredth of the work, and in bfloat16 its
        gradient takes a CPU ten times as long.
        """
        device = pixels.device.type
        with torch.autocast(device, enabled=False):
            tokens = self.trunk.embed(pixels)
        if torch.is_autocast_enabled(device):
            tokens = tokens.to(torch.get_autocast_dtype(device))
        return tokens

    def finish(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """See `Backbone.finish`."""
        last = self.trunk.blocks[-1](tokens)
        return self.trunk.pool(last), self.project(last[:, 1:])

    def text_tokens(self, texts: Sequence[str]) -> TextTokens:
        """See `Backbone.text_tokens`."""
        return self.reader.read(texts)

    def last_block(self) -> nn.Module:
        """See `Backbone.last_block`."""
        return deepcopy(self.trunk.blocks[-1])

    def project(self, tokens: Tensor) -> Tensor:
        """See `Backbone.project`."""
        return self.trunk.project(tokens)


def open_clip_backbone(arch: str, pretrained: str | None = None) -> OpenClipBackbone:
    """A model of open_clip by name, from a random start or with its published weights.

    Raises:
        ExplorerError: an unknown name, a tower that is no ViT, or weights that cannot be had.
    """
    if arch not in open_clip.list_models():
        near = [name for name in open_clip.list_models() if name[:5] == arch[:5]][:6]
        hint = f" Near it: {', '.join(near)}." if near else ""
        raise ExplorerError(f"open_clip has no architecture '{arch}'.{hint}")
    if pretrained and pretrained not in open_clip.list_pretrained_tags_by_model(arch):
        known = ", ".join(open_clip.list_pretrained_tags_by_model(arch)) or "none"
        raise ExplorerError(f"open_clip has no weights '{pretrained}' for {arch}; known: {known}.")
    if pretrained:
        _check_activation(arch, pretrained)
    try:
        model = open_clip.create_model(arch, pretrained=pretrained, precision="fp32")
        tokenizer = open_clip.get_tokenizer(arch)
    except (OSError, RuntimeError, ValueError) as error:
        raise ExplorerError(
            f"{arch}{'/' + pretrained if pretrained else ''} cannot be loaded without the network: "
            "its weights or tokenizer are not in the local cache of open_clip or Hugging Face; "
            "download them once where there is one and copy the cache, or use openai:FILE."
        ) from error
    return OpenClipBackbone(model, tokenizer, preprocess_of(model), {"kind": "open_clip",
                                                                     "arch": arch})  # fmt: skip


def _check_activation(arch: str, pretrained: str) -> None:
    """open_clip only warns where weights meet the wrong activation; the features are wrong."""
    trained = bool(open_clip.get_pretrained_cfg(arch, pretrained).get("quick_gelu", False))
    config = open_clip.get_model_config(arch) or {}
    other = f"{arch}-quickgelu" if trained else arch.removesuffix("-quickgelu")
    if trained != bool(config.get("quick_gelu", False)) and other in open_clip.list_models():
        raise ExplorerError(
            f"The weights '{pretrained}' were trained with{'' if trained else 'out'} QuickGELU and "
            f"give wrong features in {arch}; use open_clip:{other}/{pretrained}."
        )


def preprocess_of(model: Any) -> Preprocess:
    """The model's own statistics, on the 0..255 scale.

    Raises:
        ExplorerError: an input that is not square.
    """
    config = open_clip.get_model_preprocess_cfg(model)
    size = config["size"] if isinstance(config["size"], int) else max(config["size"])
    return Preprocess(
        size=size,
        mean=tuple(255 * value for value in config["mean"]),
        std=tuple(255 * value for value in config["std"]),
        channels=3,
        mode=_RESIZE[config.get("resize_mode") or "shortest"],
        interpolation=config.get("interpolation") or "bicubic",
    )
