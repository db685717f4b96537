"""Which patches matter: scores from attention or text, and the picks that follow from them.

Scorers return (B, H, N), so that every head can name its own patch first (TransFG, He et al., AAAI
2022). A_1 .. A_(L-1) are the attention maps of the blocks before the last, (B, H, 1 + N, 1 + N).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from core.errors import ExplorerError


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


@dataclass(frozen=True)
class Scorer:
    """One way to score patches; an entry of `SCORERS`.

    Attributes:
        what: what it is, for people.
        layers: the 0-based blocks whose attention it reads, of so many.
        scores: (B, H, N) from these maps, the batch size and the grid; None where each prompt
            scores for itself.
    """

    what: str
    layers: Callable[[int], range]
    scores: Callable[[list[Tensor], int, tuple[int, int]], Tensor] | None


def _none(depth: int) -> range:
    return range(0)


def _before_last(depth: int) -> range:
    return range(depth - 1)


def _random(maps: list[Tensor], batch: int, grid: tuple[int, int]) -> Tensor:
    """The same patches for the same batch size: an encoding can be made again."""
    return random_scores(batch, grid[0] * grid[1], torch.Generator().manual_seed(0))


def _centre(maps: list[Tensor], batch: int, grid: tuple[int, int]) -> Tensor:
    return centre_scores(batch, grid)


SCORERS: dict[str, Scorer] = {
    "product": Scorer(
        "attention multiplied through the blocks, per head (TransFG)",
        _before_last, lambda maps, batch, grid: product(maps),
    ),
    "rollout": Scorer(
        "attention rollout, heads averaged (Abnar & Zuidema, 2020)",
        _before_last, lambda maps, batch, grid: rollout(maps),
    ),
    "last": Scorer(
        "attention of CLS in the last map",
        lambda depth: range(depth - 2, depth - 1), lambda maps, batch, grid: last(maps),
    ),
    "text": Scorer("cosine of each region with the prompt", _none, None),
    "random": Scorer("control: any patches", _none, _random),
    "centre": Scorer("control: patches near the centre", _none, _centre),
    "all": Scorer("control: every patch, no selection", _none, _centre),  # in whatever order
}  # fmt: skip
"""Every way to select regions; a scorer is added here and nowhere else."""


def scorer_of(name: str) -> Scorer:
    """An entry of `SCORERS`.

    Raises:
        ExplorerError: there is none of that name.
    """
    if name not in SCORERS:
        raise ExplorerError(f"Unknown scorer '{name}'; known: {', '.join(SCORERS)}.")
    return SCORERS[name]


def check_scorer(scorer: str, prefix: int) -> None:
    """Refuse a scorer that reads the attention of CLS where a tower has none.

    Raises:
        ExplorerError: such a scorer with `Backbone.prefix` 0, or an unknown one.
    """
    if not prefix and _reads_attention(scorer_of(scorer)):
        others = [name for name, entry in SCORERS.items() if not _reads_attention(entry)]
        raise ExplorerError(
            f"The image tower has no CLS token, whose attention '{scorer}' reads; use "
            f"the scorer {', '.join(others[:-1])} or {others[-1]}."
        )


def _reads_attention(scorer: Scorer) -> bool:
    return len(scorer.layers(2)) > 0


def attn_layers(scorer: str, depth: int) -> range:
    """The 0-based blocks whose attention a scorer needs, of `depth` blocks.

    Raises:
        ExplorerError: an unknown scorer.
    """
    return scorer_of(scorer).layers(depth)


def text_free_scores(
    scorer: str, attn_weights: Mapping[int, Tensor], batch: int, grid: tuple[int, int]
) -> Tensor:
    """Scores (B, H, N) of a scorer that needs no text, from the attention captured for it.

    Raises:
        ExplorerError: an unknown scorer.
        ValueError: a scorer by text.
    """
    scores = scorer_of(scorer).scores
    if scores is None:
        raise ValueError(f"the scorer {scorer} scores each prompt for itself")
    return scores([attn_weights[layer] for layer in sorted(attn_weights)], batch, grid)


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
