"""What lies over a film, and the place of a score, as plain HTML; knows nothing of streamlit.

For what is drawn anew while one types: a browser shows this in a few milliseconds, where plotly
takes longer than the model, and loads 4.7 MB first. Streamlit lets no SVG through `st.html`: shapes
are elements with a border or a background. `data-said` is what one says under the mouse.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explorer.shared.figures import ACCENT, COOL, TRUTH, colour

if TYPE_CHECKING:
    from core.preprocessing import Rectangle

_BINS = 30
_MARGIN = 0.03  # of the axis, beside the outermost score
_TIP = """:hover::after {content: attr(data-said); position: absolute; bottom: 100%; left: 50%;
transform: translateX(-50%); white-space: nowrap; pointer-events: none; z-index: 1;
font-size: 13px; font-style: normal; padding: 0 0.4rem; border-radius: 0.25rem;
background: #000; color: #fff}"""
_BOXES = f"""<style>
.boxes {{position: relative; pointer-events: none}}
.boxes > * {{position: absolute; box-sizing: border-box; pointer-events: auto}}
.boxes b {{transform: translate(-50%, -100%); font-size: 13px; font-weight: normal;
white-space: nowrap; padding: 0 0.2rem; background: rgba(0, 0, 0, 0.75); color: rgb{TRUTH}}}
.boxes i{_TIP}
</style>"""
_SCORES = f"""<style>
.scores {{position: relative; height: 190px; font-size: 12px; line-height: 20px}}
.scores > div {{position: absolute; inset: 28px 0 44px; border-bottom: 1px solid #8a94a3}}
.scores > div *, .scores > b {{position: absolute; bottom: 0; font-weight: normal}}
.scores i, .scores .own {{height: 100%}}
.scores .own {{width: 3px; margin-left: -1px; background: {ACCENT}}}
.scores .own span {{bottom: auto; top: 0; white-space: nowrap}}
.scores s {{width: 95%; opacity: 0.65}}
.scores u, .scores > b {{transform: translate(-50%, 100%); text-decoration: none}}
.scores > b {{bottom: 20px; left: 50%}}
.scores > p {{margin: 0; display: flex; gap: 1.2rem; padding: 4px 0 0 1rem; font-size: inherit}}
.scores > p span {{padding-left: 0.7rem; border-left: 12px solid; line-height: 12px}}
.scores i{_TIP}
</style>"""


def boxes(
    shape: tuple[int, ...],
    places: "Sequence[Rectangle]",
    weights: Sequence[float],
    strength: float = 1.0,
    labels: Mapping[str, tuple[float, float]] | None = None,
) -> str:
    """Boxes coloured by weight, to lie on a picture as wide as they.

    Args:
        shape: (H, W, ...) of the picture, in whose pixels boxes and labels are.
        places: (x, y, w, h) of the boxes.
        weights: one for each box; the largest gets the brightest colour, and the root of the
            others' share of it keeps light ones apart.
        strength: share of all weight that lies on regions at all; little makes all boxes dark.
        labels: words on the picture and where they end, (x, y).
    """
    rows, columns = shape[:2]
    top = max(weights, default=1.0) or 1.0

    def at(x: float, y: float) -> str:
        return f"left:{x / columns:.3%};top:{y / rows:.3%}"

    parts = []
    for number in np.argsort(weights, kind="stable"):  # the heaviest over its neighbours
        x, y, w, h = places[number]
        tone = colour(strength * (weights[number] / top) ** 0.5)
        parts.append(
            f'<i style="{at(x, y)};width:{w / columns:.3%};height:{h / rows:.3%};'
            f'border:2px solid {tone}" '
            f'data-said="Region {number + 1}: weight {100 * weights[number]:.0f} %"></i>'
        )
    parts += [f'<b style="{at(*end)}">{escape(text)}</b>' for text, end in (labels or {}).items()]
    style = f"aspect-ratio:{columns}/{rows}"
    return f'{_BOXES}<div class="boxes" aria-hidden="true" style="{style}">{"".join(parts)}</div>'


def distribution(
    others: NDArray[np.float32], value: float, truth: NDArray[np.float64] | None, said: str
) -> str:
    """Where one study's score lies among those of the set; coloured by truth where it is known.

    Scores that are NaN are left out.

    Args:
        said: what it shows, for those who hear it.
    """
    groups = [("all studies", "#8a94a3", np.isfinite(others))]
    if truth is not None:
        groups = [("true", ACCENT, truth == 1), ("not true", COOL, truth == 0)]
    low, high = float(np.nanmin(others)), float(np.nanmax(others))
    # The same bins for all groups, so that their heights compare.
    edges = np.linspace(low, max(high, low + 1e-6), _BINS + 1)
    counts = np.stack([np.histogram(others[rows], edges)[0] for _, _, rows in groups], axis=1)
    first, last = min(low, value), max(float(edges[-1]), value)
    span = (last - first) * (1 + 2 * _MARGIN)

    def at(x: float) -> str:
        return f"left:{(x - first) / span + _MARGIN / (1 + 2 * _MARGIN):.2%}"

    bars = []
    for start, end, row in zip(edges[:-1], edges[1:], counts, strict=True):
        told = ", ".join(f"{n} {name}" for n, (name, _, _) in zip(row, groups, strict=True))
        columns = "".join(
            f'<s style="height:{n / counts.max():.1%};background:{tone}"></s>'
            for n, (_, tone, _) in zip(row, groups, strict=True)
        )
        if row.any():
            bars.append(f'<i style="{at(start)};width:{(end - start) / span:.2%}" '
                        f'data-said="{start:.2f} to {end:.2f}: {told}">{columns}</i>')  # fmt: skip
    ticks = [f'<u style="{at(tick)}">{f"{tick:g}".replace("-", "−")}</u>'
             for tick in _ticks(first, last)]  # fmt: skip
    side = "right" if value > (low + high) / 2 else "left"  # where there is room for it
    own = (f'<span class="own" style="{at(value)}"><span style="{side}:4px">this study</span>'
           "</span>")  # fmt: skip
    legend = "".join(f'<span style="border-color:{tone}">text is {name}</span>'
                     for name, tone, _ in groups if truth is not None)  # fmt: skip
    return (f'{_SCORES}<div class="scores" role="img" aria-label="{escape(said)}"><p>{legend}</p>'
            f'<div>{"".join([*bars, *ticks, own])}</div><b>score</b></div>')  # fmt: skip


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers from low to high, a few.

    >>> _ticks(-3.9, 2.1)
    [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0]
    """
    unit = 10.0 ** math.floor(math.log10(high - low))
    step = next(unit * share for share in (0.1, 0.2, 0.5, 1, 2) if high - low < 8 * unit * share)
    return [round(n * step, 9) for n in range(math.ceil(low / step), int(high // step) + 1)]
