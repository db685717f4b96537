"""The best of those that were measured, kind by kind."""

from collections.abc import Iterable

import numpy as np

from core.attribution import METHODS, method_of
from core.evaluation.report import Measured
from core.inference.predictor import Predictor


def best_rivals(methods: Measured) -> dict[str, str | None]:
    """The best Grad-CAM, the best other method and the better of them, by the pointing game.

    Where several of a kind were measured, the best is taken on this very set, which favours it.

    Args:
        methods: of `METHODS` or choices in words.
    """
    pointing = {
        name: figures["pointing_game"].value
        for name, figures in methods.items()
        if not np.isnan(figures["pointing_game"].value)
    }
    best: dict[str, str | None] = {}
    for kind in ("gradcam", "other"):
        names = [name for name in pointing if method_of(name).kind == kind]
        best[kind] = max(names, key=lambda name: pointing[name]) if names else None
    both = [name for name in best.values() if name]
    best["best"] = max(both, key=lambda name: pointing[name]) if both else None
    return best


def unmeasured(predictor: Predictor, measured: Iterable[str]) -> str:
    """The best other method on validation, where it is not among those measured; else ""."""
    others = tuple(name for name, method in METHODS.items() if method.kind == "other")
    best = predictor.map_search.best(others) if predictor.map_search else None
    return "" if best is None or str(best) in measured else str(best)
