"""How far what one patch says has spread by each block: a patch is hidden, tokens are compared."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.lessons import fields
from core.lessons.bench import LessonBench
from core.lessons.checked import Checked, LessonProbe
from core.lessons.fields import Field

PATCHES = ((4, 3), (4, 10), (7, 7), (9, 3), (9, 10))
"""Rows and columns, of a grid of 14, that are hidden one at a time."""


@torch.no_grad()
def changes(bench: LessonBench, row: int, patch: tuple[int, int]) -> NDArray[np.float32]:
    """How much each token changes when a patch of the film is hidden by its mean.

    Args:
        patch: row and column on the grid.

    Returns:
        (L, h, w): length of the change of the tokens that enter each block, over the length of
        those of the whole film.
    """
    model = bench.predictor.model
    preprocess, depth = model.backbone.preprocess, model.backbone.depth
    pixels = preprocess(bench.studies.image(row))[None].to(model.device)
    grid = model.backbone.grid
    cells = torch.zeros(1, *grid, device=pixels.device)
    cells[0, patch[0], patch[1]] = 1
    hidden = model.backbone.hide(pixels, cells)
    layers = list(range(depth))
    both = model.image_tokens(torch.cat([pixels, hidden]), entering=layers).entering
    maps = []
    for layer in layers:
        tokens = torch.cat(both[layer], dim=-1)[:, model.backbone.prefix :]
        change = (tokens[1] - tokens[0]).norm(dim=-1) / tokens[0].norm(dim=-1)
        maps.append(change.view(grid).cpu().numpy())
    return np.stack(maps)


def near_shares(change: NDArray[np.float32], patch: tuple[int, int]) -> NDArray[np.float64]:
    """(L,), the share of all change that lies in the patch and the eight around it."""
    top, left = max(patch[0] - 1, 0), max(patch[1] - 1, 0)
    near = change[:, top : patch[0] + 2, left : patch[1] + 2].sum(axis=(1, 2))
    return np.asarray(near / change.sum(axis=(1, 2)), float)


def mean_shares(bench: LessonBench, films: int) -> NDArray[np.float64]:
    """(L,), mean of `near_shares` over some own films and all PATCHES."""
    rows = bench.rows[:films]
    return np.mean([
        near_shares(changes(bench, int(row), patch), patch) for row in rows for patch in PATCHES
    ], axis=0)  # fmt: skip


def _lost(bench: LessonBench, asked: Mapping[str, Any], answer: float) -> Checked:
    shares = mean_shares(bench, asked["films"])
    under = np.flatnonzero(shares < asked["share"])
    right = int(under[0]) if len(under) else len(shares)
    table = tuple((f"{layer}", f"{share:.2f}") for layer, share in enumerate(shares))
    passed = round(answer) == right
    figures = {"layer": right, "share": 100 * asked["share"], "answer": round(answer)}
    told = "depth-right" if passed else "depth-off"
    return Checked(passed, float(passed), told, figures, table)


PROBES: dict[str, LessonProbe] = {
    "depth": LessonProbe(
        "The first block whose tokens keep less than a share of a change beside its patch.",
        "number",
        {"share": Field("the share", fields.number(0, 1), 0.5),
         "films": Field("own films that are measured", fields.count(1, 6), 2)},
        _lost, (0, 12, 1),
    ),
}  # fmt: skip
"""Probes of depth."""
