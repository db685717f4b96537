"""LRCLR: a pretrained image-text model with added layers for regions and cross-modality.

After Rizvi et al., arXiv 2303.14153, as far as it is published; the rest is our reconstruction
(docs/method.md says which is which). Notable in the reconstruction:

- Region features are taken before attention mixes the patches (`region_features`): after a few
  blocks each token carries the whole image and no loss can tell where a finding is.
- With the scorer `text`, regions are selected per prompt and the global encoding reads all patches.
- A text's score is read from the K regions kept for it and from nothing else of the patches, and
  the weights that `read` returns are those that made it (see `region_reader`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.backbones.base import Backbone, Entry, ImageTokens
from core.backbones.block import Block
from core.errors import ExplorerError
from core.lrclr import selection
from core.lrclr.config import LRCLRConfig
from core.lrclr.cross_modality import CrossModalityTransformer
from core.lrclr.encodings import ImageEncoding, TextEncoding, member_cosines
from core.lrclr.losses import filip_pool, gloria_pool, lse_pool, text_pool
from core.lrclr.region_reader import RegionReader


@dataclass(frozen=True)
class Reading:
    """What the kept regions of B images say of P texts."""

    local: Tensor  # (B, P), made of the weighted regions
    match: Tensor  # (B, P), logit; the global cosine where nothing was trained to match
    index: Tensor  # (B, P, K), patches of the grid
    weights: Tensor  # (B, P, K), at least 0; they sum to 1, less what lies on `nowhere`
    nowhere: Tensor  # (B, P), in [0, 1]


_PAIRS = 512  # of image and text that the one-stream transformer reads at once


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
        if config.fusion == "reader":
            self.fusion = RegionReader(joint, config.queries, config.fusion_heads)
        elif config.fusion == "stream":
            self.stream = CrossModalityTransformer(joint, config.fusion_layers, config.fusion_heads)
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
        self, pixels: Tensor, keep: float = 1.0, entering: Sequence[Entry] = ()
    ) -> ImageTokens:
        """The first half of `encode_image`: the image tower, stopped before its last block.

        Args:
            pixels, keep: as in `encode_image`.
            entering: places whose tokens are wanted, to be differentiated by.
        """
        config, backbone = self.config, self.backbone
        if keep < 1 and config.added_layers and config.scorer != "text":
            raise ExplorerError(
                f"Patch dropout (keep below 1) goes with the scorer text: '{config.scorer}' ranks "
                "every patch. Set keep to 1."
            )
        layers = selection.attn_layers(config.scorer, backbone.depth) if config.added_layers else ()
        return backbone.image_tokens(pixels, tuple(layers), keep, entering)

    def encode_tokens(
        self, found: ImageTokens, pixels: Tensor, attention: list[Tensor] | None = None
    ) -> ImageEncoding:
        """The second half of `encode_image`: what is made of the tokens of `image_tokens`.

        Args:
            attention: gets that of the last block, (B, H, C + n, C + n) of the n patches it reads.
        """
        config, backbone, tokens = self.config, self.backbone, found.tokens
        if not config.added_layers:
            image_features, patches = self._last(tokens, attention)
            return ImageEncoding(_unit(image_features), _unit(patches), None, found.grid)
        selected = self._text_free_picks(found, pixels)
        picked = tokens
        if selected is not None:  # [z_cls; z_k1..z_kK]
            index, first = selected[..., None].expand(-1, -1, tokens.shape[-1]), backbone.prefix
            picked = torch.cat([tokens[:, :first], tokens[:, first:].gather(1, index)], dim=1)
        image_features, patches = self._last(picked, attention)
        regions = self._regions(found, patches, selected)
        return ImageEncoding(_unit(image_features), _unit(regions), selected, found.grid)

    def _last(self, tokens: Tensor, attention: list[Tensor] | None) -> tuple[Tensor, Tensor]:
        """What the added block gives, or the backbone's own last one where there is none."""
        added = self.config.added_layers and self.config.selection_block
        if attention is not None:
            block = self.selection_block if added else self.backbone.final_block
            tokens, weights = self.backbone.attend(block, tokens)
            attention.append(weights)
            return self.backbone.read_out(tokens)
        if added:
            return self.backbone.read_out(self.selection_block(tokens))
        return self.backbone.finish(tokens)

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

    def encode_text(self, texts: list[str], anew: bool = False) -> TextEncoding:
        """Encode texts; each a string that is not empty.

        Args:
            anew: as `Backbone.read_anew`.
        """
        tokens = self.backbone.read_anew(texts) if anew else self.backbone.text_tokens(texts)
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

    def cosines(self, images: ImageEncoding, texts: Tensor) -> Tensor:
        """Cosine of every image with every text for each of M members, (M, B, P).

        Where texts gather the tokens they are compared with (RadZero), as the backbone does it.

        Args:
            texts: their features (P, d), L2-normalised.
        """
        backbone = self.backbone
        if backbone.text_pools and not self.config.added_layers:
            tokens = torch.cat([images.image_features[:, None], images.patch_features], dim=1)
            return text_pool(tokens, texts, float(backbone.logit_scale.exp()))[None]
        return member_cosines(images.image_features, texts, backbone.members)

    def select(self, images: ImageEncoding, texts: TextEncoding) -> Tensor:
        """The patches (B, P, K) that each text may read in each image."""
        if images.selected is not None:
            return images.selected[:, None].expand(-1, len(texts), -1)
        cosine = self.similarity(images, texts)
        return cosine.topk(min(self.config.k, cosine.shape[-1]), dim=-1).indices

    def read(
        self, images: ImageEncoding, texts: TextEncoding, reader: RegionReader | None = None
    ) -> Reading:
        """Local score, match and region weights of every image with every text.

        Only the selected patches are read. Without trained fusion the weights are the softmax of
        their cosines, which is the derivative of the pooled score by each of them.

        Args:
            reader: in the place of the model's own, such as an untrained one (a control).
        """
        index = self.select(images, texts)
        if reader is None and self.config.added_layers and self.config.fusion == "reader":
            reader = self.fusion
        with torch.autocast(index.device.type, enabled=False):  # small differences of cosines
            if reader is not None:
                asking = texts.words, texts.mask, texts.text_features
                if images.selected is not None:
                    centres = images.centres(images.selected)
                    read = reader.read_shared(images.image_features, images.kept, centres, *asking)
                else:
                    regions, centres = _gather(images.patch_features, index), images.centres(index)
                    read = reader(images.image_features, regions, centres, *asking)
                return Reading(read.local, read.match, index, read.weights, read.nowhere)
            cosine = self.similarity(images, texts).gather(-1, index)  # (B, P, K)
            if self.config.added_layers and self.config.fusion == "stream":
                match, weights = self._stream(images, texts, index)
                local = (weights * cosine).sum(dim=-1)
            else:
                match = self.cosines(images, texts.text_features).mean(dim=0)
                weights = (self.config.gamma * cosine).softmax(dim=-1)
                local = self._pooled(images, texts, index, cosine)
        return Reading(local, match, index, weights, torch.zeros_like(local))

    def _pooled(
        self, images: ImageEncoding, texts: TextEncoding, index: Tensor, cosine: Tensor
    ) -> Tensor:
        """Local score (B, P) by `config.local_form` of the kept regions."""
        if self.config.local_form == "lse":
            return lse_pool(cosine, self.config.gamma)
        columns = []
        for column in range(len(texts)):  # each text keeps regions of its own
            kept = _gather(images.patch_features, index[:, column : column + 1])[:, 0]
            words, mask = texts.words[column : column + 1], texts.mask[column : column + 1]
            if self.config.local_form == "gloria":
                columns.append(gloria_pool(kept, words, mask, self.config.gamma))
            else:
                columns.append(filip_pool(kept, words, mask))
        return torch.cat(columns, dim=1)

    def _stream(
        self, images: ImageEncoding, texts: TextEncoding, index: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Match (B, P) and weights (B, P, K) of the one-stream transformer, pair by pair."""
        rows = torch.arange(len(images) * len(texts), device=index.device)
        match, weights = [], []
        for chunk in rows.split(_PAIRS):
            image, text = chunk // len(texts), chunk % len(texts)
            kept, pair = index[image, text], texts.rows(text)
            regions = images.patch_features[image[:, None], kept]  # (pairs, K, d)
            fused = self.stream(
                images.image_features[image], regions, images.centres(kept), pair.words, pair.mask,
                pair.text_features,
            )  # fmt: skip
            match.append(fused.match_logit)
            weights.append(fused.region_weights)
        shape = (len(images), len(texts))
        return torch.cat(match).view(shape), torch.cat(weights).view(*shape, -1)


def _gather(features: Tensor, index: Tensor) -> Tensor:
    """Features (B, N, d) at patches (B, P, K), as (B, P, K, d)."""
    batch = torch.arange(len(features), device=index.device)[:, None, None]
    return features[batch, index]


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
