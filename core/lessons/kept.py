"""Which K patches a scorer keeps, and whether the finding is among them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from core.errors import ExplorerError
from core.lessons import fields
from core.lessons.bench import LessonBench
from core.lessons.checked import Checked, LessonProbe
from core.lessons.fields import REQUIRED, Field
from core.lessons.text_probes import options_checked
from core.lrclr import selection
from core.progress import Progress

SCORERS = ("text", "product", "rollout", "last", "random", "centre")
"""Ways to choose regions that a lesson compares."""
_TOUCHES = 0.25
"""Share of a patch that the finding must cover, for the patch to hold it."""


@torch.no_grad()
def rankings(bench: LessonBench, row: int, text: str) -> dict[str, NDArray[np.int64]]:
    """Patches of a film (N,), best first, by each of SCORERS; one pass through the tower."""
    model = bench.predictor.model
    backbone, encoded = model.backbone, bench.encoded().rows(slice(row, row + 1))
    cosine = model.similarity(encoded, bench.predictor.encode_texts([text]))[0, 0].cpu().numpy()
    count = len(cosine)
    ranked: dict[str, NDArray[np.int64]] = {
        "text": np.argsort(-cosine, kind="stable"),
        "random": np.random.default_rng([bench.seed, 6, row]).permutation(count),
    }
    pixels = backbone.preprocess(bench.studies.image(row))[None].to(model.device)
    read = {name: tuple(selection.attn_layers(name, backbone.depth)) for name in SCORERS}
    attention = backbone.image_tokens(pixels, sorted(set().union(*read.values()))).attn_weights
    for name in [name for name in SCORERS if name not in ranked]:
        maps = {layer: attention[layer] for layer in read[name]}
        scores = selection.text_free_scores(name, maps, 1, encoded.grid)
        ranked[name] = np.asarray(selection.pick(scores, count)[0].cpu().numpy())
    return ranked


def patches_of(mask: NDArray[np.bool_], grid: tuple[int, int]) -> NDArray[np.bool_]:
    """(N,), the patches that hold a finding; that which holds most where none is covered enough."""
    covered = F.adaptive_avg_pool2d(torch.from_numpy(mask.astype(np.float32))[None], grid)[0]
    share = covered.flatten().numpy()
    return np.asarray(share >= min(_TOUCHES, float(share.max())))


def needed(
    bench: LessonBench, finding: str, text: str, films: int, progress: Progress | None = None
) -> dict[str, dict[int, int]]:
    """By scorer and row of own films with a finding: the least K that keeps a patch of it.

    Args:
        films: at most.
        progress: called with (done, total) films.
    """
    grid, rows = bench.encoded().grid, bench.having(finding, films)
    least: dict[str, dict[int, int]] = {scorer: {} for scorer in SCORERS}
    for done, row in enumerate(rows, start=1):
        holds = patches_of(bench.studies.masks(row)[finding], grid)
        for scorer, order in rankings(bench, row, text).items():
            least[scorer][row] = int(np.flatnonzero(holds[order])[0]) + 1
        if progress:
            progress(done, len(rows))
    return least


def share_kept(least: Mapping[int, int], k: int) -> float:
    """Share of films of which K patches hold the finding; NaN of none."""
    return float(np.mean([one <= k for one in least.values()])) if least else float("nan")


def _enough(bench: LessonBench, asked: Mapping[str, Any], answer: float) -> Checked:
    finding, text = asked["finding"], asked["text"] or asked["finding"].lower()
    least = needed(bench, finding, text, asked["films"])[asked["scorer"]]
    if not least:
        raise ExplorerError(f"None of your films has a place of {finding}.")
    k = round(answer)
    share = share_kept(least, k)
    best = int(np.quantile(list(least.values()), asked["share"], method="inverted_cdf"))
    figures = {"k": k, "kept": share, "films": len(least), "best": best, "finding": finding,
               "share": asked["share"]}  # fmt: skip
    if share < asked["share"]:
        return Checked(False, share, "kept-few", figures)
    passed = k <= best + asked["within"]
    return Checked(passed, share, "kept-right" if passed else "kept-many", figures)


def _choosers(bench: LessonBench, asked: Mapping[str, Any], answer: Sequence[str]) -> Checked:
    finding, text = asked["finding"], asked["text"] or asked["finding"].lower()
    least = needed(bench, finding, text, asked["films"])
    shares = {label: share_kept(least[scorer], asked["k"]) for label, scorer in asked["option"]}
    return options_checked(
        {label: share >= asked["share"] for label, share in shares.items()}, answer,
        [(label, f"{share:.2f}") for label, share in shares.items()],
    )  # fmt: skip


_labelled_scorer = fields.labelled(fields.one_of(*SCORERS), "scorer", "The text = text")

_COMMON = {
    "finding": Field("one finding, or several of which each student has one", fields.findings,
                     REQUIRED),
    "text": Field("that regions are chosen for; by default the finding's name", fields.prompt, ""),
    "films": Field("own films with the finding, at most", fields.count(1, 24), 8),
    "share": Field("share of them whose kept regions must hold it", fields.number(0, 1), 0.8),
}  # fmt: skip

PROBES: dict[str, LessonProbe] = {
    "kept": LessonProbe(
        "The least number of regions that still hold the finding.", "number",
        {**_COMMON, "scorer": Field("who chooses the regions", fields.one_of(*SCORERS), "text"),
         "within": Field("how many more than needed may be kept", fields.count(0, 196), 3)},
        _enough, (1, 196, 1),
    ),
    "choosers": LessonProbe(
        "Which scorers keep the finding at K regions, all to be ticked.", "options",
        {**_COMMON, "k": Field("K", fields.count(1, 196), 12),
         "option": Field("a scorer to choose from, LABEL = SCORER", _labelled_scorer, REQUIRED,
                         many=True)},
        _choosers,
    ),
}  # fmt: skip
"""Probes of regions."""
