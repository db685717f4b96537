"""The image tower of DINOv2 (Oquab et al., TMLR 2024), with names of our own for its weights.

Written out because published models keep it under three sets of names, and wrap it in code that is
not ours to run. Notable: layers that a model adds behind the tower (RadZero's two) are blocks like
its own, and the tower's final norm then lies before them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_EPS = 1e-6  # of every norm of DINOv2


@dataclass(frozen=True)
class TowerSizes:
    """Of a tower; `added_layers` lie behind its final norm."""

    image_size: int  # side in pixels
    patch_size: int
    width: int  # D
    heads: int
    inner: int  # width of the MLP
    layers: int
    added_layers: int = 0

    @property
    def grid(self) -> tuple[int, int]:
        """Whole patches down and across."""
        return (self.image_size // self.patch_size,) * 2


class Dinov2Block(nn.Module):
    """Pre-LN attention and MLP with a learned scale each, (B, n, D) to (B, n, D)."""

    def __init__(self, width: int, heads: int, inner: int, norm_before: bool = False) -> None:
        """See the class; with `norm_before` the tower's final norm comes first."""
        super().__init__()
        self.heads = heads
        self.before = nn.LayerNorm(width, eps=_EPS) if norm_before else nn.Identity()
        self.norm1 = nn.LayerNorm(width, eps=_EPS)
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)
        self.scale1 = nn.Parameter(torch.ones(width))
        self.norm2 = nn.LayerNorm(width, eps=_EPS)
        self.fc1, self.fc2 = nn.Linear(width, inner), nn.Linear(inner, width)
        self.scale2 = nn.Parameter(torch.ones(width))

    def forward(self, tokens: Tensor) -> Tensor:
        """The block."""
        tokens = self.before(tokens)
        query, key, value = self._heads(tokens)
        return self._rest(tokens, F.scaled_dot_product_attention(query, key, value))

    def attend(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The same, and its attention (B, H, n, n)."""
        tokens = self.before(tokens)
        query, key, value = self._heads(tokens)
        weights = (query * query.shape[-1] ** -0.5 @ key.transpose(-2, -1)).softmax(dim=-1)
        return self._rest(tokens, weights.to(value.dtype) @ value), weights

    def value_path(self, tokens: Tensor) -> Tensor:
        """Value and output projection of the attention, (B, n, D): each token by itself."""
        out: Tensor = self.out(self.value(self.norm1(self.before(tokens))))
        return out

    def _heads(self, tokens: Tensor) -> list[Tensor]:
        normed = self.norm1(tokens)
        return [
            project(normed).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, H, n, D/H)
            for project in (self.query, self.key, self.value)
        ]

    def _rest(self, tokens: Tensor, mixed: Tensor) -> Tensor:
        tokens = tokens + self.scale1 * self.out(mixed.transpose(1, 2).flatten(2))
        out: Tensor = tokens + self.scale2 * self.fc2(F.gelu(self.fc1(self.norm2(tokens))))
        return out


class Dinov2Tower(nn.Module):
    """Patches, positions and blocks; its final norm is `norm`, or lies before the added blocks."""

    def __init__(self, sizes: TowerSizes) -> None:
        super().__init__()
        width, patch = sizes.width, sizes.patch_size
        self.sizes = sizes
        self.patches = nn.Conv2d(3, width, patch, stride=patch)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.zeros(1, 1 + sizes.grid[0] * sizes.grid[1], width))
        self.blocks = nn.ModuleList(
            Dinov2Block(width, sizes.heads, sizes.inner, number == sizes.layers)
            for number in range(sizes.layers + sizes.added_layers)
        )
        self.norm = nn.Identity() if sizes.added_layers else nn.LayerNorm(width, eps=_EPS)

    def embed(self, pixels: Tensor) -> Tensor:
        """Tokens (B, 1 + N, D) that enter the first block, CLS first."""
        patches = self.patches(pixels).flatten(2).transpose(1, 2)  # (B, N, D)
        first = self.cls_token.expand(len(patches), -1, -1)
        return torch.cat([first, patches], dim=1) + self.positions

    def forward(self, pixels: Tensor) -> Tensor:
        """Normed tokens (B, 1 + N, D) of the last block."""
        tokens = self.embed(pixels)
        for block in self.blocks:
            tokens = block(tokens)
        out: Tensor = self.norm(tokens)
        return out


def resized_positions(positions: Tensor, grid: tuple[int, int]) -> Tensor:
    """Positions (1, 1 + n, D) of a square grid for another one, as DINOv2 interpolates them.

    Raises:
        ValueError: n is no square.
    """
    side = round((positions.shape[1] - 1) ** 0.5)
    if side**2 != positions.shape[1] - 1:
        raise ValueError(f"{positions.shape[1] - 1} positions are no square grid")
    if (side, side) == grid:
        return positions
    first, patches = positions[:, :1], positions[:, 1:]
    on_grid = patches.unflatten(1, (side, side)).permute(0, 3, 1, 2).float()
    made = F.interpolate(on_grid, size=grid, mode="bicubic", align_corners=False)
    return torch.cat([first, made.flatten(2).transpose(1, 2).to(first.dtype)], dim=1)
