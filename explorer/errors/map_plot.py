"""The films of a set as points, coloured by what is known of them; knows nothing of streamlit."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import qualitative

from core.analysis.columns import Values
from explorer.errors.choice import FindingChoice
from explorer.shared import palette
from explorer.shared.figures import ACCENT, COOL, SCALE

UNKNOWN = "not known"
_TONES = {**palette.OUTCOMES, "with it": ACCENT, "without": COOL}
_SYMBOLS = ("circle", "diamond", "square", "cross", "x", "triangle-up")
_HEIGHT = 520
_MANY = 3000  # films, from which on points are small


def outcomes(choice: FindingChoice, n: int) -> Values:
    """What the threshold makes of each film of a set (n,), in words."""
    truth, score = choice.by_row(n)
    called, labelled = score >= choice.threshold.value, truth == 1
    words = np.where(called, np.where(labelled, "found", "false alarm"),
                     np.where(labelled, "missed", "rightly not called")).astype(object)  # fmt: skip
    words[np.isnan(truth)] = UNKNOWN
    return words


def labels(choice: FindingChoice, n: int) -> Values:
    """Whether each film of a set (n,) has the finding, in words."""
    truth, _ = choice.by_row(n)
    return np.where(np.isnan(truth), UNKNOWN, np.where(truth == 1, "with it", "without")).astype(
        object
    )


def by_value(points: NDArray[np.float32], values: Values, score: NDArray[np.float64]) -> go.Figure:
    """One colour a value; films are named by their number in the set alone.

    Args:
        points: (N, 2), NaN where there is no film.
        values: (N,) words; "" counts as not known.
        score: (N,) said under the mouse.
    """
    told = np.where(values == "", UNKNOWN, values)
    there = np.isfinite(points[:, 0])
    figure = go.Figure()
    for number, value in enumerate(sorted(set(told[there]), key=lambda word: word == UNKNOWN)):
        tone = _TONES.get(value, qualitative.Safe[number % len(qualitative.Safe)])
        symbol = _SYMBOLS[number // len(qualitative.Safe) % len(_SYMBOLS)]
        rows = np.flatnonzero(there & (told == value))
        _points(figure, points, rows, score, f"{value} ({len(rows)})",
                {"color": tone, "symbol": symbol})  # fmt: skip
    return _plain(figure)


def by_score(points: NDArray[np.float32], score: NDArray[np.float64]) -> go.Figure:
    """Films coloured by their score; see `by_value`."""
    figure, rows = go.Figure(), np.flatnonzero(np.isfinite(points[:, 0]))
    marker = {"color": score[rows], "colorscale": SCALE, "colorbar": {"title": {"text": "score"},
              "thickness": 10}}  # fmt: skip
    _points(figure, points, rows, score, "films", marker)
    return _plain(figure).update_layout(showlegend=False)


def _points(
    figure: go.Figure, points: NDArray[np.float32], rows: NDArray[np.int64],
    score: NDArray[np.float64], name: str, marker: dict[str, object],
) -> None:  # fmt: skip
    size = 4 if len(points) > _MANY else 8
    figure.add_scattergl(
        x=points[rows, 0], y=points[rows, 1], mode="markers", name=name,
        marker={"size": size, "opacity": 0.85, **marker},
        customdata=rows + 1, text=np.char.mod("%.3f", score[rows]),  # arrays: a list takes seconds
        selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 0.2}},
        hovertemplate="film %{customdata:.0f} of the set<br>score %{text}"
        "<extra>%{fullData.name}</extra>",
    )  # fmt: skip


def _plain(figure: go.Figure) -> go.Figure:
    """Without axes, whose numbers mean nothing, and as wide as high."""
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    return figure.update_layout(
        height=_HEIGHT, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode="lasso",
        legend={"orientation": "h", "y": -0.02, "yanchor": "top", "x": 0,
                "itemsizing": "constant"},
        plot_bgcolor="rgba(0,0,0,0)", paper_bgcolor="rgba(0,0,0,0)", hovermode="closest",
    )  # fmt: skip
