"""Which patches matter: scores from attention or text, and the picks that follow from them.

Scorers return (B, H, N), so that every head can name its own patch first (TransFG, He et al., AAAI
2022). A_1 .. A_(L-1) are the attention maps of the blocks before the last, (B, H, 1 + N, 1 + N).
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from core.errors import ExplorerError

SCORERS: dict[str, str] = {
    "product": "attention multiplied through the blocks, per head (TransFG)",
    "rollout": "attention rollout, heads averaged (Abnar & Zuidema, 2020)",
    "last": "attention of CLS in the last map",
    "text": "cosine of each region with the prompt",
    "random": "control: any patches",
    "centre": "control: patches near the centre",
    "all": "control: every patch, no selection",
}


_OF_CLS = ("product", "rollout", "last")


def check_scorer(scorer: str, prefix: int) -> None:
    """Refuse a scorer that reads the attention of CLS where a tower has none.

    Raises:
        ExplorerError: such a scorer with `Backbone.prefix` 0.
    """
    if not prefix and scorer in _OF_CLS:
        raise ExplorerError(
            f"The image tower pools by attention and has no CLS token, whose attention '{scorer}' "
            "reads; use the scorer text, centre, random or all."
        )


def attn_layers(scorer: str, depth: int) -> range:
    """The 0-based blocks whose attention a scorer needs, of `depth` blocks."""
    if scorer in ("product", "rollout"):
        return range(depth - 1)
    return range(depth - 2, depth - 1) if scorer == "last" else range(0)


def product(maps: list[Tensor]) -> Tensor:
    """M = A_(L-1) ... A_1 per head; the scores are its CLS row, (B, H, N)."""
    joined = maps[0]
    for attention in maps[1:]:
        joined = attention @ joined
    return joined[:, :, 0, 1:]


def rollout(maps: list[Tensor]) -> Tensor:
    """Product of the row-normalised (A + I) / 2 of the head means; CLS row, (B, 1, N)."""
    identity = torch.eye(maps[0].shape[-1], device=maps[0].device)
    joined = identity
    for attention in maps:
        mixed = (attention.mean(dim=1) + identity) / 2
        joined = (mixed / mixed.sum(dim=-1, keepdim=True)) @ joined
    return joined[:, None, 0, 1:]


def last(maps: list[Tensor]) -> Tensor:
    """CLS row of the last map, (B, H, N)."""
    return maps[-1][:, :, 0, 1:]


def centre_scores(batch: int, grid: tuple[int, int]) -> Tensor:
    """Closeness to the centre, (B, 1, N)."""
    rows = (torch.arange(grid[0]) + 0.5) / grid[0] - 0.5
    columns = (torch.arange(grid[1]) + 0.5) / grid[1] - 0.5
    distance = (rows[:, None] ** 2 + columns[None] ** 2).flatten()
    return -distance.expand(batch, 1, -1)


def random_scores(batch: int, count: int, generator: torch.Generator) -> Tensor:
    """Uniform scores, (B, 1, N)."""
    return torch.rand(batch, 1, count, generator=generator)


def text_free_scores(
    scorer: str, attn_weights: Mapping[int, Tensor], batch: int, grid: tuple[int, int]
) -> Tensor:
    """Scores (B, H, N) of any scorer but `text`, from the attention captured for it.

    `random` draws the same patches for the same batch size: an encoding can be made again.
    """
    maps = [attn_weights[layer] for layer in sorted(attn_weights)]
    if scorer == "product":
        return product(maps)
    if scorer == "rollout":
        return rollout(maps)
    if scorer == "last":
        return last(maps)
    if scorer == "random":
        generator = torch.Generator().manual_seed(0)
        return random_scores(batch, grid[0] * grid[1], generator)
    return centre_scores(batch, grid)


def pick(scores: Tensor, k: int, body: Tensor | None = None) -> Tensor:
    """K distinct patches: each head's best first, then by the mean over heads.

    Args:
        scores: (B, H, N).
        k: patches wanted; all N where it is more.
        body: (B, N) bool; patches outside it are taken only when those inside run out.

    Returns:
        (B, K) long, the heads' picks first (in the order of their head-mean score).
    """
    count = scores.shape[-1]
    if body is not None:
        low, high = scores.amin(dim=(1, 2), keepdim=True), scores.amax(dim=(1, 2), keepdim=True)
        scores = torch.where(body[:, None], scores, scores - high + low - 1)
    mean = scores.mean(dim=1)  # (B, N)
    chosen = F.one_hot(scores.argmax(dim=-1), count).amax(dim=1).bool()  # (B, N)
    # Two stable sorts: ties go to the lower index on every machine, and no sum of scores and
    # offsets can round a small difference away.
    order = mean.argsort(dim=-1, descending=True, stable=True)
    heads_first = chosen.gather(1, order).long().argsort(dim=-1, descending=True, stable=True)
    return order.gather(1, heads_first)[:, : min(k, count)]


def body_mask(pixels: Tensor, grid: tuple[int, int], contrast: float = 0.1) -> Tensor:
    """Patches (B, N) that hold body: brighter than the darkest part, which is border or air.

    Args:
        pixels: (B, C, S, S), preprocessed.
        contrast: how far above the darkest patch, as a share of the range of patch means.
    """
    means = F.adaptive_avg_pool2d(pixels.mean(dim=1, keepdim=True), grid).flatten(1)  # (B, N)
    low, high = means.amin(dim=1, keepdim=True), means.amax(dim=1, keepdim=True)
    return means > low + contrast * (high - low)


def neighbours(grid: tuple[int, int], device: torch.device | None = None) -> Tensor:
    """Attention bias (1, 1, N, N): 0 between a patch and itself or one that touches it, else -inf.

    >>> neighbours((1, 3)).exp()[0, 0].tolist()
    [[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]
    """
    index = torch.arange(grid[0] * grid[1], device=device)
    place = torch.stack([index // grid[1], index % grid[1]], dim=1)  # (N, 2)
    apart = (place[:, None] - place[None]).abs().amax(dim=-1)
    bias = torch.zeros(apart.shape, device=device).masked_fill(apart > 1, -torch.inf)
    return bias[None, None]


def background_share(index: Tensor, body: Tensor) -> float:
    """Share of picks (B, K) that fall outside the body (B, N): how often attention is hijacked."""
    return float((~body.gather(1, index)).float().mean())
