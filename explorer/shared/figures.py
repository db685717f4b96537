"""Core results as plotly figures and pictures; knows nothing of streamlit.

One colour scale everywhere (Inferno): perceptually uniform, and its warm end stands out on grey.
"""

import base64
import io
import itertools
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image
from plotly.colors import sample_colorscale, unlabel_rgb

from core.metrics.bootstrap import Interval
from explorer.shared import palette

if TYPE_CHECKING:
    from core.preprocessing import Rectangle

SCALE = "Inferno"
ACCENT, COOL = palette.SERIES[:2]
TRUTH = tuple(int(palette.TRUTH[place : place + 2], 16) for place in (1, 3, 5))

Picture = NDArray[np.uint8]


@lru_cache(maxsize=1)
def scale() -> NDArray[np.float32]:
    """256 colours of the scale, (256, 3), 0 to 255."""
    colours = sample_colorscale(SCALE, list(np.linspace(0, 1, 256)))
    return np.array([unlabel_rgb(colour) for colour in colours], np.float32)


def _stops() -> list[tuple[float, str]]:
    """The scale for plotly, as rgb(): Streamlit's theme takes #000004 for one of its own marks."""
    stops = []
    for share in np.linspace(0, 1, 9):
        red, green, blue = scale()[int(share * 255)]
        stops.append((float(share), f"rgb({red:.0f},{green:.0f},{blue:.0f})"))
    return stops


def colour(share: float) -> str:
    """A CSS colour for a share in 0..1; the dark third of the scale is left to the background."""
    red, green, blue = scale()[int(np.clip(90 + 150 * share, 0, 255))]
    return f"rgb({red:.0f},{green:.0f},{blue:.0f})"


def overlay(
    picture: Picture,
    heat: NDArray[np.float32] | None = None,
    opacity: float = 0.6,
    truth: NDArray[np.bool_] | None = None,
) -> Picture:
    """A radiograph (H, W), under a map and a truth outline of any size in colour (H, W, 3).

    The map is scaled to its own range; where it is low the film shows through.
    """
    if heat is None and truth is None:
        return picture
    mixed = np.repeat(picture[..., None], 3, axis=2).astype(np.float32)
    if heat is not None:
        share = normalised(_resized(heat, picture.shape))
        alpha = (opacity * np.minimum(1.6 * share, 1))[..., None]
        mixed = mixed * (1 - alpha) + scale()[(share * 255).astype(int)] * alpha
    if truth is not None and truth.any():
        mask = _resized(truth.astype(np.float32), picture.shape) > 0.5
        mixed[outline(mask, max(1, picture.shape[0] // 256))] = TRUTH
    return np.clip(mixed, 0, 255).astype(np.uint8)


def normalised(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """A map scaled to 0..1; a constant one becomes 0."""
    low, high = float(heat.min()), float(heat.max())
    if high <= low:
        return np.zeros_like(heat)
    return (heat - low) / (high - low)


def evenly(maps: NDArray[np.float32], shape: tuple[int, int]) -> list[NDArray[np.float32]]:
    """Maps (S, h, w) in another shape, scaled to the one range of them all, 0..1."""
    return [_resized(heat, shape) for heat in normalised(maps)]


def film(
    picture: Picture,
    boxes: "Sequence[Rectangle]" = (),
    weights: Sequence[float] = (),
    chosen: int | None = None,
    height: int = 460,
    strength: float = 1.0,
    shape: tuple[int, int] | None = None,
) -> go.Figure:
    """A picture, grey or colour, with boxes coloured by weight that can be clicked.

    Args:
        boxes: (x, y, w, h) in pixels of the picture, or of the film.
        weights: one for each box; the largest gets the brightest colour, and the root of the
            others' share of it keeps light ones apart.
        chosen: number of a box to mark.
        strength: share of all weight that lies on regions at all; little makes all boxes dark.
        shape: rows and columns of the film, where the picture is a smaller one of it.
    """
    rows, columns = shape or picture.shape[:2]
    figure = go.Figure()
    figure.add_layout_image(
        source=data_uri(picture), x=0, y=0, sizex=columns, sizey=rows, xref="x", yref="y",
        layer="below", sizing="stretch",
    )  # fmt: skip
    top = max(weights, default=1.0) or 1.0
    # The heaviest is drawn over its neighbours, and the marked one over all.
    order = sorted(range(len(boxes)), key=lambda number: (number == chosen, weights[number]))
    for number in order:
        box, weight = boxes[number], weights[number]
        figure.add_shape(
            type="rect", x0=box[0], y0=box[1], x1=box[0] + box[2], y1=box[1] + box[3],
            line={"color": "#ffffff" if number == chosen
                  else colour(strength * (weight / top) ** 0.5),
                  "width": 4 if number == chosen else 2},
        )  # fmt: skip
    figure.add_scatter(
        x=[b[0] + b[2] / 2 for b in boxes],
        y=[b[1] + b[3] / 2 for b in boxes],
        mode="markers",
        marker={"size": 22, "symbol": "square", "opacity": 0.01, "color": ACCENT},
        customdata=list(range(len(boxes))),
        hovertext=[f"Region {n + 1}: weight {100 * w:.0f} %" for n, w in enumerate(weights)],
        hoverinfo="text",
        showlegend=False,
    )
    # "range" leaves room beside the film in a narrow place; "domain" would cut the film.
    figure.update_xaxes(visible=False, range=[0, columns], constrain="range", fixedrange=True)
    figure.update_yaxes(
        visible=False, range=[rows, 0], scaleanchor="x", constrain="range", fixedrange=True
    )
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": 0, "b": 0}, height=height, dragmode=False,
        plot_bgcolor="rgba(0,0,0,0)", paper_bgcolor="rgba(0,0,0,0)",
        clickmode="event+select",
    )  # fmt: skip
    return figure


def word_grid(
    words: Sequence[str], similarity: NDArray[np.float32], height: int = 320
) -> go.Figure:
    """Which words answer to which regions: cosine (words, K) as a heat map."""
    columns = list(range(1, similarity.shape[1] + 1))
    figure = go.Figure(
        go.Heatmap(
            z=similarity, x=columns, y=[f"{word} " for word in _distinct(words)],
            colorscale=_stops(),
            colorbar={"title": "cosine", "thickness": 10},
            hovertemplate="%{y}and region %{x}: cosine %{z:.2f}<extra></extra>",
        )
    )  # fmt: skip
    ticks = [1, *range(4, len(columns) + 1, 4)]
    figure.update_xaxes(title="region, heaviest first", tickvals=ticks, tickangle=0)
    figure.update_yaxes(autorange="reversed")
    return _plain(figure, height)


def bars(names: Sequence[str], values: Sequence[float], title: str, height: int = 320) -> go.Figure:
    """Horizontal bars, the longest word first as given."""
    figure = go.Figure(
        go.Bar(x=list(values), y=list(names), orientation="h", marker_color=ACCENT,
               hovertemplate="%{y}: %{x:.3f}<extra></extra>")
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(title=title, zeroline=True)
    return _plain(figure, height)


def intervals(
    rows: dict[str, dict[str, Interval]],
    title: str,
    reference: float,
    height: int = 420,
) -> go.Figure:
    """Dots with 95 % intervals: series -> name -> figure."""
    dots = []
    for (series, found), tone in zip(rows.items(), palette.SERIES, strict=False):
        value = np.array([entry.value for entry in found.values()])
        low = np.array([entry.low for entry in found.values()])
        high = np.array([entry.high for entry in found.values()])
        bars = {"type": "data", "symmetric": False, "array": high - value,
                "arrayminus": value - low, "color": tone, "thickness": 1.5}  # fmt: skip
        if np.isnan(low).all():  # not there yet: the axis would end in the middle of a dot
            bars = {}
        dots.append({
            "type": "scatter", "x": value, "y": list(found), "name": series, "mode": "markers",
            "marker": {"size": 10, "color": tone},
            "error_x": bars,
            "hovertemplate": "%{y}: %{x:.3f}<extra>" + series + "</extra>",
        })  # fmt: skip
    line = {"width": 1, "dash": "dot", "color": "#8a94a3"}
    return go.Figure(dots, {  # at once: plotly looks through the whole figure at each change
        "scattermode": "group", "legend": {"orientation": "h", "y": 1.08},
        "xaxis": {"title": {"text": title}}, "yaxis": {"autorange": "reversed"},
        "shapes": [{"type": "line", "x0": reference, "x1": reference, "y0": 0, "y1": 1,
                    "yref": "y domain", "line": line}],
        **_plain_layout(height),
    })  # fmt: skip


def curves(
    series: dict[str, tuple[list[int], list[float]]], title: str, height: int = 280
) -> go.Figure:
    """Lines over training steps: name -> (steps, values)."""
    figure = go.Figure()
    tones = itertools.cycle(palette.SERIES)
    for (name, (steps, values)), tone in zip(series.items(), tones, strict=False):
        mode = "lines" if len(steps) > 20 else "lines+markers"  # one check alone is a point
        figure.add_scatter(x=steps, y=values, name=name, mode=mode, line={"color": tone})
    figure.update_xaxes(title="step")
    figure.update_yaxes(title=title)
    # Grows upwards: in a narrow window it takes several lines.
    figure.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    return _plain(figure, height)


def by_layer(
    layers: Sequence[str],
    lines: Mapping[str, Sequence[float | None]],
    title: str,
    references: Mapping[str, float],
    height: int = 300,
) -> go.Figure:
    """A line over layers for each name, None leaving a gap, and level lines to hold them against.

    The values are shares in 0..1.
    """
    figure = go.Figure()
    tones = itertools.cycle(palette.SERIES[1:])
    for (name, values), tone in zip(lines.items(), tones, strict=False):
        figure.add_scatter(
            x=list(layers), y=list(values), name=name, mode="lines+markers", line={"color": tone},
            hovertemplate="%{x}: %{y:.3f}<extra>" + name + "</extra>",
        )  # fmt: skip
    for name, value in references.items():
        figure.add_hline(
            y=value, line_color=ACCENT, line_width=2, line_dash="dot", annotation_text=name,
            annotation_position="top right",
        )  # fmt: skip
    figure.update_yaxes(title=title, range=[0, 1.05])
    figure.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    return _plain(figure, height)


def data_uri(picture: Picture) -> str:
    """A picture to look at, in a data URI; JPEG, since writing a PNG takes far longer."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=95, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _plain(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(_plain_layout(height))
    return figure


def _plain_layout(height: int) -> dict[str, Any]:
    return {
        "height": height, "margin": {"l": 8, "r": 8, "t": 26, "b": 8},
        "plot_bgcolor": "rgba(0,0,0,0)", "paper_bgcolor": "rgba(0,0,0,0)",
    }  # fmt: skip


def _distinct(words: Sequence[str]) -> list[str]:
    """Words of an axis: a repeated one gets invisible marks, since equal labels would merge."""
    return [word + "\u200b" * list(words[:place]).count(word) for place, word in enumerate(words)]


def _resized(values: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    if values.shape == shape[:2]:
        return values
    size = (shape[1], shape[0])
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR))


def outline(mask: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """The inner edge of a mask (H, W), so many pixels wide."""
    inner = mask.copy()
    for _ in range(width):
        padded = np.pad(inner, 1)
        inner = (
            padded[1:-1, 1:-1] & padded[:-2, 1:-1] & padded[2:, 1:-1]
            & padded[1:-1, :-2] & padded[1:-1, 2:]
        )  # fmt: skip
    return mask & ~inner
