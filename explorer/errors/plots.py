"""Pairs of findings as a heat map; knows nothing of streamlit."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.analysis.together import ErrorPair
from explorer.shared import palette

FEW = 5
"""Films of the first finding from which on a pair has a colour: 1 of 1 is 100 % of little."""
# Grey in the middle, on which the numbers are read in both themes.
_DIVERGING = [(0.0, palette.BELOW), (0.5, palette.faint(palette.GREY, 0.88)), (1.0, palette.ABOVE)]


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
    figure.update_yaxes(title="" if both_ways else "missed", autorange="reversed", showgrid=False)
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    figure.update_layout(
        height=180 + 26 * size, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode=False,
        plot_bgcolor="rgba(0,0,0,0)", paper_bgcolor="rgba(0,0,0,0)",
    )  # fmt: skip
    return figure
