"""open_clip's two kinds of ViT tower, opened up: its own and timm's."""

from collections.abc import Sequence
from typing import Any

import torch
from timm.layers.attention import Attention
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from core.errors import ExplorerError


class NativeTrunk:
    """open_clip's VisionTransformer; methods as in `clip.Trunk`."""

    prefix = 1

    def __init__(self, visual: Any) -> None:
        blocks = getattr(getattr(visual, "transformer", None), "resblocks", None)
        if blocks is None or not hasattr(visual, "class_embedding"):
            raise ExplorerError(
                "The image tower is no vision transformer; LRCLR needs patch tokens."
            )
        if visual.attn_pool is not None or visual.pool_type not in ("tok", "avg"):
            raise ExplorerError(
                "The image tower pools in a way that cannot be read; use one with a CLS token."
            )
        if not all(
            isinstance(getattr(block, "attn", None), nn.MultiheadAttention) for block in blocks
        ):
            raise ExplorerError("The image tower's attention is of a kind that cannot be read.")
        self.visual = visual
        self.blocks: Sequence[nn.Module] = blocks
        self.heads = int(blocks[0].attn.num_heads)
        self.width = int(visual.conv1.out_channels)
        self.grid = (int(visual.grid_size[0]), int(visual.grid_size[1]))
        self.patch = int(visual.conv1.stride[0])

    def embed(self, pixels: Tensor) -> Tensor:
        """Tokens (B, 1 + N, D) that enter the first block."""
        return self.visual._embeds(pixels)

    def attend(self, block: Any, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The block as open_clip runs it, with the attention weights its module can return."""
        normed = block.ln_1(tokens)
        mixed, weights = block.attn(
            normed, normed, normed, need_weights=True, average_attn_weights=False
        )
        tokens = tokens + block.ls_1(mixed)
        return tokens + block.ls_2(block.mlp(block.ln_2(tokens))), weights

    def value_path(self, block: Any, tokens: Tensor) -> Tensor:
        """Value and output projection of the block's attention."""
        width = self.width
        weight, bias = block.attn.in_proj_weight, block.attn.in_proj_bias
        value = nn.functional.linear(block.ln_1(tokens), weight[-width:], bias[-width:])
        return block.attn.out_proj(value)

    def pool(self, tokens: Tensor) -> Tensor:
        """open_clip's pooling and projection."""
        pooled, _ = self.visual._pool(tokens)
        return pooled if self.visual.proj is None else pooled @ self.visual.proj

    def project(self, tokens: Tensor) -> Tensor:
        """Final LN and projection of every token."""
        normed = self.visual.ln_post(tokens)
        return normed if self.visual.proj is None else normed @ self.visual.proj


class TimmTrunk:
    """A timm VisionTransformer inside open_clip's TimmModel; methods as in `clip.Trunk`.

    SigLIP's has no CLS token and pools by attention (`attn_pool`). A patch is then projected as
    that pool would see an image of this one patch: attention over one token is its value path.
    """

    def __init__(self, visual: Any) -> None:
        trunk = visual.trunk
        self.prefix = getattr(trunk, "num_prefix_tokens", -1)
        by_attention = getattr(trunk, "attn_pool", None) is not None
        if not hasattr(trunk, "blocks") or self.prefix != int(not by_attention):
            raise ExplorerError(
                "The image tower is no vision transformer with one CLS token, nor one that pools "
                "patches by attention; LRCLR needs patch tokens."
            )
        # Relatives (EVA, relative positions, gates) compute more than `attend` writes out.
        if not hasattr(trunk, "_pos_embed") or not all(
            type(block) is Block and type(block.attn) is Attention and block.attn.gate is None
            for block in trunk.blocks
        ):
            raise ExplorerError(
                f"The image tower ({type(trunk).__name__} of timm) has attention of a kind that "
                "cannot be read; use an architecture with a plain vision transformer."
            )
        self.visual, self.trunk = visual, trunk
        self.blocks: Sequence[nn.Module] = trunk.blocks
        self.heads = int(trunk.blocks[0].attn.num_heads)
        self.width = int(trunk.embed_dim)
        self.grid = (int(trunk.patch_embed.grid_size[0]), int(trunk.patch_embed.grid_size[1]))
        self.patch = int(trunk.patch_embed.patch_size[0])

    def embed(self, pixels: Tensor) -> Tensor:
        """Tokens (B, C + N, D) that enter the first block."""
        trunk = self.trunk
        tokens = trunk._pos_embed(trunk.patch_embed(pixels))
        return trunk.norm_pre(trunk.patch_drop(tokens))

    def attend(self, block: Any, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The block as timm runs it, with its attention written out."""
        attention = block.attn
        query, key, value = self._heads(attention, block.norm1(tokens))
        weights = (query * attention.scale @ key.transpose(-2, -1)).softmax(dim=-1)
        mixed = (attention.attn_drop(weights) @ value).transpose(1, 2).reshape(tokens.shape)
        mixed = attention.proj_drop(attention.proj(_norm(attention)(mixed)))
        tokens = tokens + block.drop_path1(block.ls1(mixed))
        return tokens + block.drop_path2(block.ls2(block.mlp(block.norm2(tokens)))), weights

    def value_path(self, block: Any, tokens: Tensor) -> Tensor:
        """Value and output projection of the block's attention."""
        _, _, value = self._heads(block.attn, block.norm1(tokens))
        joined = value.transpose(1, 2).reshape(tokens.shape)
        return block.attn.proj(_norm(block.attn)(joined))

    def pool(self, tokens: Tensor) -> Tensor:
        """timm's pooling and open_clip's head."""
        return self.visual.head(self.trunk.forward_head(self.trunk.norm(tokens)))

    def project(self, tokens: Tensor) -> Tensor:
        """Final norms and head of every token."""
        normed = self.trunk.norm(tokens)
        if self.trunk.attn_pool is not None:
            each = normed.flatten(0, 1)[:, None]  # (B * n, 1, D)
            return self.visual.head(self.trunk.forward_head(each)).unflatten(0, tokens.shape[:2])
        return self.visual.head(self.trunk.head(self.trunk.fc_norm(normed)))

    def _heads(self, attention: Any, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        batch, count, _ = tokens.shape
        qkv = attention.qkv(tokens).reshape(batch, count, 3, self.heads, -1)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        return attention.q_norm(query), attention.k_norm(key), value


def _norm(attention: Any) -> Any:
    """The norm between attention and projection that some timm variants have."""
    return getattr(attention, "norm", None) or torch.nn.Identity()
