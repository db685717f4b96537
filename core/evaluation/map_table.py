"""The search of maps as a table for a terminal and as JSON."""

from typing import Any

from core.attribution.cam import VARIANTS
from core.evaluation.map_search import OURS_MAP, SearchCost
from core.evaluation.report import figure_json
from core.inference.map_choice import FAMILY, Choice, Layer, MapSearch


def search_layers(search: MapSearch) -> list[Layer]:
    """Layers of the family, in the model's order."""
    named = (choice.layer for choice in search.pointing if choice.method == FAMILY)
    return [layer for layer in dict.fromkeys(named) if layer is not None]


def search_scores(search: MapSearch) -> list[str]:
    """Scores of the family."""
    return list(dict.fromkeys(c.score for c in search.pointing if c.method == FAMILY))


def search_table(family: MapSearch, others: MapSearch | None, cost: SearchCost) -> str:
    """Pointing game by layer and variant, a block a score; the best; other methods."""
    layers, lines = search_layers(family), []
    for score in search_scores(family):
        heads = " ".join(f"{_head(layer):>8}" for layer in layers)
        lines.append(f"{'pointing game, ' + score:24} {heads}")
        for name, variant in VARIANTS.items():
            figures = [family.pointing.get(Choice(FAMILY, score, name, layer)) for layer in layers]
            cells = [f"{figure.value:8.3f}" if figure else f"{'-':>8}" for figure in figures]
            lines.append(f"{variant.title:24} " + " ".join(cells))
        lines.append("")
    lines.append(_told(family, family.best((FAMILY,))))
    lines += [_line(choice, family) for choice in family.pointing if choice.method != FAMILY]
    if others is not None:
        lines += [_line(choice, others) for choice in others.pointing]
        lines.append(_told(others, others.best(rivals_of(others))))
    lines.append(
        f"- where a score does not read a layer. {family.cases} cases of {family.patients} "
        f"patients; {cost.forward} forward and {cost.backward} backward passes for "
        f"{sum(choice.method == FAMILY for choice in family.pointing)} maps a case."
    )
    return "\n".join(lines)


def search_json(family: MapSearch, others: MapSearch | None, cost: SearchCost) -> dict[str, Any]:
    """data, cases, patients, cost {forward, backward}, gradcam and others.

    These two have best (a map in words or null) and maps {map: figure}; others its own cases.
    """
    told: dict[str, Any] = {
        "data": family.data, "cases": family.cases, "patients": family.patients,
        "cost": {"forward": cost.forward, "backward": cost.backward},
        "gradcam": _searched(family), "others": None,
    }  # fmt: skip
    if others is not None:
        told["others"] = {"cases": others.cases, **_searched(others)}
    return told


def _searched(search: MapSearch) -> dict[str, Any]:
    best = search.best(rivals_of(search))
    return {
        "best": None if best is None else str(best),
        "maps": {str(choice): figure_json(figure) for choice, figure in search.pointing.items()},
    }


def rivals_of(search: MapSearch) -> tuple[str, ...]:
    """Methods of a search but LRCLR's own."""
    return tuple(dict.fromkeys(c.method for c in search.pointing if c != OURS_MAP))


def _told(search: MapSearch, best: Choice | None) -> str:
    return "Nothing to choose from." if best is None else f"Best: {_line(best, search)}\n"


def _line(choice: Choice, search: MapSearch) -> str:
    value, low, high = search.pointing[choice]
    return f"{choice!s:36} {value:.3f} [{low:.3f} {high:.3f}]"


def _head(layer: Layer) -> str:
    return layer if isinstance(layer, str) else f"block {layer}"
