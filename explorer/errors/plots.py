"""Four looks at one finding, each with the threshold marked; knows nothing of streamlit."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.analysis.errors import Curve
from core.analysis.ranked import GRID
from core.analysis.reliability import Reliability
from core.analysis.together import ErrorPair
from explorer.shared.figures import ACCENT, COOL

_HEIGHT = 260
_GREY = "#8a94a3"
_BAND = "rgba(90, 169, 230, 0.25)"
_BINS = 40
FEW = 5
"""Films of the first finding from which on a pair has a colour: 1 of 1 is 100 % of little."""
# Grey in the middle, on which the numbers are read in both themes.
_DIVERGING = [(0.0, "rgb(58,120,180)"), (0.5, "rgba(138,148,163,0.12)"), (1.0, "rgb(196,110,30)")]

Histogram = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]
"""Edges (bins + 1,), films without the finding and with it (bins,)."""


def histogram_of(truth: NDArray[np.float64], score: NDArray[np.float64]) -> Histogram:
    """Scores (n,) counted by label, in the same bins for both."""
    edges = np.histogram_bin_edges(score, _BINS)
    without, with_it = (np.histogram(score[truth == label], edges)[0] for label in (0, 1))
    return edges, without, with_it


def roc(curve: Curve, at: tuple[float, float], threshold: float) -> go.Figure:
    """True over false positive rate; `at` is the threshold's point."""
    figure = _curve(curve, at, threshold)
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip",
                       line={"color": _GREY, "width": 1, "dash": "dot"})  # fmt: skip
    return _axes(figure, "false positive rate", "sensitivity")


def precision(curve: Curve, at: tuple[float, float], prevalence: float, threshold: float
              ) -> go.Figure:  # fmt: skip
    """Precision over recall; the dotted line is what calling everybody gives."""
    figure = _curve(curve, at, threshold)
    figure.add_scatter(x=[0, 1], y=[prevalence] * 2, mode="lines", hoverinfo="skip",
                       line={"color": _GREY, "width": 1, "dash": "dot"})  # fmt: skip
    return _axes(figure, "recall (sensitivity)", "precision (PPV)")


def histogram(counted: Histogram, threshold: float) -> go.Figure:
    """How many films score how high, with and without the finding."""
    edges, without, with_it = counted
    middle, width = (edges[:-1] + edges[1:]) / 2, float(edges[1] - edges[0])
    figure = go.Figure()
    for name, heights, tone in (("without", without, COOL), ("with it", with_it, ACCENT)):
        figure.add_bar(
            x=middle, y=heights, width=width, name=name, marker={"color": tone, "opacity": 0.65},
            hovertemplate="score %{x:.3f}: %{y} films<extra>" + name + "</extra>",
        )  # fmt: skip
    top = float(max(without.max(), with_it.max(), 1))
    _line(figure, threshold, top)
    figure.update_layout(barmode="overlay", bargap=0)
    figure.update_xaxes(title="score")
    figure.update_yaxes(title="films", range=[0, 1.05 * top])
    return _plain(figure)


def calibration(holds: Reliability, chance: float) -> go.Figure:
    """Share that has the finding over the probability said; `chance` is the threshold's."""
    said = np.array([one.predicted for one in holds.bins])
    share, low, high = np.array([one.observed for one in holds.bins]).T
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip", showlegend=False,
                       line={"color": _GREY, "width": 1, "dash": "dot"})  # fmt: skip
    figure.add_scatter(
        x=said, y=share, mode="lines+markers", line={"color": COOL}, marker={"size": 7},
        showlegend=False, customdata=[one.n for one in holds.bins],
        error_y={"type": "data", "symmetric": False, "array": high - share,
                 "arrayminus": share - low, "thickness": 1.2, "color": COOL},
        hovertemplate="said %{x:.2f}, is %{y:.2f}; %{customdata} films<extra></extra>",
    )  # fmt: skip
    _line(figure, chance, 1.0)
    return _axes(figure, "probability that is said", "share with the finding")


def _curve(curve: Curve, at: tuple[float, float], threshold: float) -> go.Figure:
    figure = go.Figure()
    figure.add_scatter(
        x=np.concatenate([GRID, GRID[::-1]]), y=np.concatenate([curve.high, curve.low[::-1]]),
        fill="toself", fillcolor=_BAND, line={"width": 0}, hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(x=GRID, y=curve.y, mode="lines", line={"color": COOL, "width": 2},
                       hovertemplate="%{x:.2f}, %{y:.2f}<extra></extra>")  # fmt: skip
    figure.add_scatter(
        x=[at[0]], y=[at[1]], mode="markers",
        marker={"size": 13, "color": ACCENT, "line": {"color": "#101317", "width": 1.5}},
        hovertemplate=f"threshold {threshold:.3f}: " + "%{x:.2f}, %{y:.2f}<extra></extra>",
    )  # fmt: skip
    return figure


def _line(figure: go.Figure, x: float, top: float) -> None:
    """The threshold, as a trace: a shape would be laid out anew with every step."""
    figure.add_scatter(
        x=[x, x], y=[0, top], mode="lines", showlegend=False, line={"color": ACCENT, "width": 3},
        hovertemplate="threshold %{x:.3f}<extra></extra>",
    )  # fmt: skip


def _axes(figure: go.Figure, x: str, y: str) -> go.Figure:
    figure.update_xaxes(title=x, range=[-0.02, 1.02])
    figure.update_yaxes(title=y, range=[-0.02, 1.04])
    figure.update_layout(showlegend=False)
    return _plain(figure)


def _plain(figure: go.Figure) -> go.Figure:
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    figure.update_layout(
        height=_HEIGHT, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode=False,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        plot_bgcolor="rgba(0,0,0,0)", paper_bgcolor="rgba(0,0,0,0)",
    )  # fmt: skip
    return figure


def pair_grid(
    findings: Sequence[str], pairs: Sequence[ErrorPair], said: Sequence[str], both_ways: bool
) -> go.Figure:
    """Pairs of findings as a heat map: films in numbers, excess over the others in colour.

    Args:
        said: each pair in words, shown where the mouse is.
        both_ways: whether a pair is the same in either order.
    """
    size, place = len(findings), {name: k for k, name in enumerate(findings)}
    excess = np.full((size, size), np.nan)
    counts = np.full((size, size), "", object)
    words = np.full((size, size), "", object)
    for pair, sentence in zip(pairs, said, strict=True):
        row, column = place[pair.first], place[pair.second]
        for y, x in [(row, column), (column, row)] if both_ways else [(row, column)]:
            excess[y, x] = 100 * pair.share.difference.value if pair.n >= FEW else 0.0
            counts[y, x], words[y, x] = str(pair.count), sentence
    reach = float(np.nanmax(np.abs(excess), initial=1.0))
    figure = go.Figure(
        go.Heatmap(
            z=excess, x=list(findings), y=list(findings), text=counts, texttemplate="%{text}",
            customdata=words, hovertemplate="%{customdata}<extra></extra>", xgap=2, ygap=2,
            zmin=-reach, zmax=reach, colorscale=_DIVERGING,
            colorbar={"title": {"text": "points<br>over the<br>others"}, "thickness": 10},
        )
    )  # fmt: skip
    figure.update_xaxes(
        title="both wrong" if both_ways else "called", tickangle=-40, showgrid=False
    )
    figure.update_yaxes(
        title="" if both_ways else "missed", autorange="reversed", showgrid=False
    )
    return _plain(figure).update_layout(height=180 + 26 * size)
