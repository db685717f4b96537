"""LRCLR: a pretrained image-text model with added layers for regions and cross-modality.

After Rizvi et al., arXiv 2303.14153, as far as it is published; the rest is our reconstruction
(docs/method.md says which is which). Notable in the reconstruction:

- Region features are taken before attention mixes the patches (`region_features`): after a few
  blocks each token carries the whole image and no loss can tell where a finding is.
- With the scorer `text`, regions are selected per prompt and the global encoding reads all patches.
- The cross-modality attention carries a cosine term (see `cross_modality`).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.backbones.base import Backbone, ImageTokens
from core.backbones.block import Block
from core.errors import ExplorerError
from core.lrclr import selection
from core.lrclr.config import LRCLRConfig
from core.lrclr.cross_modality import CrossModalityTransformer
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.losses import filip_pool, gloria_pool, lse_pool


class Fusion(NamedTuple):
    """The cross-modality transformer's word on B row-paired images and texts."""

    match_logit: Tensor  # (B,)
    region_index: Tensor  # (B, K), patches of the grid
    region_weights: Tensor  # (B, K), rows sum to 1


class LRCLR(nn.Module):
    """A backbone with LRCLR's added layers, or (`added_layers=False`) the backbone as it is."""

    def __init__(self, backbone: Backbone, config: LRCLRConfig | None = None) -> None:
        super().__init__()
        self.backbone = backbone
        self.config = config = config or LRCLRConfig()
        self.global_bias = nn.Parameter(torch.tensor(-4.0))
        if not config.added_layers:
            return
        selection.check_scorer(config.scorer, backbone.prefix)
        self.selection_block = backbone.last_block()
        early = config.region_features == "early"
        width, joint = backbone.width if early else backbone.local_width, backbone.embed_dim
        self.region_head = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, joint)
        )
        if config.region_features == "window":
            self.window_block = Block(width, config.fusion_heads)
        elif config.region_features == "conv":
            self.neighbourhood_norm = nn.LayerNorm(width)  # of each token: nothing of the map
            self.neighbourhood = nn.Conv2d(width, width, 3, padding=1)
            # Zero at first, so that a model trained without it goes on from where it was.
            for parameter in self.neighbourhood.parameters():
                nn.init.zeros_(parameter)
        self.fusion = CrossModalityTransformer(joint, config.fusion_layers, config.fusion_heads)
        self.local_scale = nn.Parameter(torch.tensor(math.log(10.0)))
        self.local_bias = nn.Parameter(torch.tensor(-4.0))

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.global_bias.device

    def encode_image(self, pixels: Tensor, keep: float = 1.0) -> ImageEncoding:
        """Encode preprocessed images.

        Args:
            pixels: (B, C, S, S) from `backbone.preprocess`.
            keep: share of patch tokens that attention sees; below 1 only in training, and only
                for backbones with patch dropout.
        """
        return self.encode_tokens(self.image_tokens(pixels, keep), pixels)

    def image_tokens(
        self, pixels: Tensor, keep: float = 1.0, entering: Sequence[int] = ()
    ) -> ImageTokens:
        """The first half of `encode_image`: the image tower, stopped before its last block.

        Args:
            pixels, keep: as in `encode_image`.
            entering: blocks whose entering tokens are wanted, to be differentiated by.
        """
        config, backbone = self.config, self.backbone
        if keep < 1 and config.added_layers and config.scorer != "text":
            raise ExplorerError(
                f"Patch dropout (keep below 1) goes with the scorer text: '{config.scorer}' ranks "
                "every patch. Set keep to 1."
            )
        layers = selection.attn_layers(config.scorer, backbone.depth) if config.added_layers else ()
        return backbone.image_tokens(pixels, tuple(layers), keep, entering)

    def encode_tokens(self, found: ImageTokens, pixels: Tensor) -> ImageEncoding:
        """The second half of `encode_image`: what is made of the tokens of `image_tokens`."""
        config, backbone, tokens = self.config, self.backbone, found.tokens
        if not config.added_layers:
            image_features, patches = backbone.finish(tokens)
            return ImageEncoding(_unit(image_features), _unit(patches), None, found.grid)
        selected = self._text_free_picks(found, pixels)
        picked = tokens
        if selected is not None:  # [z_cls; z_k1..z_kK]
            index, first = selected[..., None].expand(-1, -1, tokens.shape[-1]), backbone.prefix
            picked = torch.cat([tokens[:, :first], tokens[:, first:].gather(1, index)], dim=1)
        if config.selection_block:
            image_features, patches = backbone.read_out(self.selection_block(picked))
        else:  # without the added block the backbone's own last block reads what was picked
            image_features, patches = backbone.finish(picked)
        regions = self._regions(found, patches, selected)
        return ImageEncoding(_unit(image_features), _unit(regions), selected, found.grid)

    def _regions(self, tokens: ImageTokens, patches: Tensor, selected: Tensor | None) -> Tensor:
        """(B, N, d) before normalisation; patches that nothing was computed for are zero."""
        kind = self.config.region_features
        if kind == "last":
            return _on_grid(patches, tokens.kept if selected is None else selected, tokens.grid)
        if kind == "value":
            values = self.backbone.value_path(tokens.tokens[:, self.backbone.prefix :])
            return _on_grid(values, tokens.kept, tokens.grid)
        if kind == "early":
            return _on_grid(self.region_head(tokens.early), tokens.kept, tokens.grid)
        local = tokens.local
        if kind == "window":
            local = self.window_block(local, selection.neighbours(tokens.grid, local.device))
        elif kind == "conv":
            normed = self.neighbourhood_norm(local).transpose(1, 2).unflatten(2, tokens.grid)
            local = local + F.silu(self.neighbourhood(normed)).flatten(2).transpose(1, 2)
        made: Tensor = self.region_head(local)
        # A local feature that is in the joint space already is refined, not replaced.
        same = self.backbone.local_width == self.backbone.embed_dim
        return made + local if same else made

    def _text_free_picks(self, tokens: ImageTokens, pixels: Tensor) -> Tensor | None:
        if self.config.scorer == "text":
            return None
        scores = selection.text_free_scores(
            self.config.scorer, tokens.attn_weights, len(pixels), tokens.grid
        )
        body = selection.body_mask(pixels, tokens.grid) if self.config.body_mask else None
        k = scores.shape[-1] if self.config.scorer == "all" else self.config.k
        return selection.pick(scores.to(pixels.device), k, body)

    def encode_text(self, texts: list[str]) -> TextEncoding:
        """Encode texts; each a string that is not empty."""
        tokens = self.backbone.text_tokens(texts)
        return TextEncoding(
            _unit(tokens.text_features),
            _unit(tokens.words),
            tokens.mask,
            tokens.pieces,
            tuple(texts),
        )

    def similarity(self, images: ImageEncoding, texts: TextEncoding) -> Tensor:
        """Cosine of every patch with every text, (B, P, N) in [-1, 1]."""
        return torch.einsum("bnd,pd->bpn", images.patch_features, texts.text_features)

    def local_scores(self, images: ImageEncoding, texts: TextEncoding) -> Tensor:
        """Local score of every image with every text, (B, P) in [-1, 1] (`config.local_form`)."""
        regions = images.patch_features
        if images.selected is not None:
            index = images.selected[..., None].expand(-1, -1, regions.shape[-1])
            regions = regions.gather(1, index)
        with torch.autocast(regions.device.type, enabled=False):  # small differences of cosines
            if self.config.local_form == "gloria":
                return gloria_pool(regions, texts.words, texts.mask, self.config.gamma)
            if self.config.local_form == "filip":
                return filip_pool(regions, texts.words, texts.mask)
            similarity = torch.einsum("bnd,pd->bpn", regions, texts.text_features)
            return lse_pool(similarity, self.config.gamma)

    def select(self, images: ImageEncoding, texts: TextEncoding) -> Tensor:
        """Selected patches (B, K) of row-paired images and texts."""
        if images.selected is not None:
            return images.selected
        cosine = torch.einsum("bnd,bd->bn", images.patch_features, texts.text_features)
        return cosine.topk(min(self.config.k, cosine.shape[1]), dim=1).indices

    def fuse(self, images: ImageEncoding, texts: TextEncoding) -> Fusion:
        """Cross-modality transformer on row-paired images and texts.

        Without added layers the weights are a softmax of the patch cosines, and the match logit is
        the global cosine: what the pretrained model can say.
        """
        index = self.select(images, texts)
        gather = index[..., None].expand(-1, -1, images.patch_features.shape[-1])
        regions = images.patch_features.gather(1, gather)  # (B, K, d)
        if not self.config.added_layers:
            cosine = torch.einsum("bkd,bd->bk", regions, texts.text_features)
            match = (images.image_features * texts.text_features).sum(dim=-1)
            return Fusion(match, index, (self.config.gamma * cosine).softmax(dim=-1))
        fused = self.fusion(
            images.image_features, regions, images.centres(index), texts.words, texts.mask,
            texts.text_features,
        )  # fmt: skip
        return Fusion(fused.match_logit, index, fused.region_weights)


def _on_grid(features: Tensor, places: Tensor | None, grid: tuple[int, int]) -> Tensor:
    """Features (B, n, d) of the patches `places`, (n,) or (B, n), as (B, N, d) with zeros."""
    if places is None:
        return features
    whole = features.new_zeros(len(features), grid[0] * grid[1], features.shape[-1])
    return whole.scatter(1, places.expand(features.shape[:2])[..., None].expand_as(features),
                         features)  # fmt: skip


def _unit(features: Tensor) -> Tensor:
    """L2-normalised in float32, whatever precision the towers ran in."""
    return F.normalize(features.float(), dim=-1)
