"""Response curves, squares and the ideal observer as figures; knows nothing of streamlit."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.lab.curves import ResponseSquare, ResponseSweep
from core.lab.observer import Observed
from core.lab.subtlety import SubtletyCurve
from core.metrics.bootstrap import Interval
from explorer.shared import palette

_MODEL, _IDEAL = palette.SERIES[:2]
_CLEAR = {"plot_bgcolor": "rgba(0,0,0,0)", "paper_bgcolor": "rgba(0,0,0,0)", "dragmode": False}
_PANEL = 260  # pixels high


def curves(swept: ResponseSweep, title: str) -> go.Figure:
    """A panel a measure, each with its band; the score without the finding is dashed."""
    rows = (len(swept.curves) + 1) // 2
    figure = make_subplots(
        rows, min(2, len(swept.curves)), subplot_titles=[c.measure for c in swept.curves],
        vertical_spacing=0.4 / rows if rows > 1 else 0, horizontal_spacing=0.09,
    )  # fmt: skip
    for number, curve in enumerate(swept.curves):
        row, column = number // 2 + 1, number % 2 + 1
        for trace in _band(swept.values, curve.points, _MODEL, curve.measure):
            figure.add_trace(trace, row, column)
        if curve.measure == "score" and not np.isnan(swept.without.value):
            dashed = {"dash": "dash", "width": 1, "color": "grey"}
            figure.add_hline(swept.without.value, line=dashed, row=row, col=column)
        elif curve.measure != "score":
            figure.update_yaxes(range=[-0.03, 1.03], row=row, col=column)
    figure.update_xaxes(fixedrange=True)
    figure.update_xaxes(title=title, row=rows)
    figure.update_yaxes(fixedrange=True)
    figure.update_layout(height=60 + _PANEL * rows, showlegend=False,
                         margin={"l": 8, "r": 8, "t": 30, "b": 8}, **_CLEAR)  # fmt: skip
    return figure


def square(seen: ResponseSquare, titles: tuple[str, str]) -> go.Figure:
    """AUC over patients as a heat map; 0.5 is chance. Heights grow downwards, as on the film."""
    told = [["" if np.isnan(v) else f"{v:.2f}" for v in row] for row in seen.auc]
    figure = go.Figure(
        go.Heatmap(
            z=seen.auc, x=list(seen.across[1]), y=list(seen.down[1]), text=told,
            texttemplate="%{text}", zmin=0.5, zmax=1.0, colorscale="Cividis",
            customdata=seen.target,
            hovertemplate="AUC %{z:.2f}, weight on it %{customdata:.2f}<extra></extra>",
            colorbar={"title": {"text": "AUC"}, "thickness": 10}, xgap=1, ygap=1,
        )
    )  # fmt: skip
    figure.update_xaxes(title=titles[0], showgrid=False, fixedrange=True)
    figure.update_yaxes(title=titles[1], showgrid=False, fixedrange=True)
    if seen.down[0] == "y":
        figure.update_yaxes(autorange="reversed")
    figure.update_layout(height=420, margin={"l": 8, "r": 8, "t": 8, "b": 8}, **_CLEAR)
    return figure


def observers(observed: Sequence[Observed], values: Sequence[float], title: str) -> go.Figure:
    """d' of model and ideal observer beside each other, and the model's efficiency."""
    figure = make_subplots(1, 2, subplot_titles=["d′ by noise alone", "efficiency of the model"],
                           horizontal_spacing=0.1)  # fmt: skip
    for colour, name, points in (
        (_IDEAL, "ideal observer", [one.ideal_mean() for one in observed]),
        (_MODEL, "model", [one.model() for one in observed]),
    ):
        for trace in _band(values, points, colour, name, legend=True):
            figure.add_trace(trace, 1, 1)
    for trace in _band(values, [one.efficiency() for one in observed], _MODEL, "efficiency"):
        figure.add_trace(trace, 1, 2)
    figure.update_yaxes(rangemode="tozero", fixedrange=True)
    figure.update_yaxes(tickformat=".1%", col=2)
    figure.update_xaxes(title=title, fixedrange=True)
    figure.update_layout(height=340, margin={"l": 8, "r": 8, "t": 30, "b": 8},
                         legend={"orientation": "h", "y": 1.22}, **_CLEAR)  # fmt: skip
    return figure


def subtlety(curve: SubtletyCurve) -> go.Figure:
    """AUC and rise of the score by the readers' subtlety, with bars of their intervals."""
    figure = make_subplots(1, 2, subplot_titles=["AUC, with against without", "rise of the score"],
                           horizontal_spacing=0.12)  # fmt: skip
    names = [f"{band.name}<br>{np.median(band.diameter_mm):.0f} mm" for band in curve.bands]
    told = [[band.auc() for band in curve.bands], [band.rise() for band in curve.bands]]
    for column, points in enumerate(told, start=1):
        bars = {
            "type": "data", "symmetric": False, "array": [p.high - p.value for p in points],
            "arrayminus": [p.value - p.low for p in points],
        }  # fmt: skip
        trace = go.Scatter(x=names, y=[p.value for p in points], error_y=bars, mode="lines+markers",
                           line={"color": _MODEL, "width": 2})  # fmt: skip
        figure.add_trace(trace, 1, column)
        chance = 0.5 if column == 1 else 0.0
        dashed = {"dash": "dash", "width": 1, "color": "grey"}
        figure.add_hline(chance, line=dashed, row=1, col=column)
    figure.update_xaxes(title="subtlety: 1 extremely subtle, 5 obvious", fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    figure.update_yaxes(range=[0, 1.03], col=1)
    figure.update_layout(height=340, showlegend=False, margin={"l": 8, "r": 8, "t": 30, "b": 8},
                         **_CLEAR)  # fmt: skip
    return figure


def _band(
    values: Sequence[float], points: Sequence[Interval], colour: str, name: str,
    legend: bool = False,
) -> list[go.Scatter]:  # fmt: skip
    x = list(values)
    low, high = [p.low for p in points], [p.high for p in points]
    return [
        go.Scatter(x=x + x[::-1], y=high + low[::-1], mode="lines", fill="toself",
                   fillcolor=palette.faint(colour, 0.78), line={"width": 0}, hoverinfo="skip",
                   showlegend=False),
        go.Scatter(x=x, y=[p.value for p in points], name=name, mode="lines+markers",
                   line={"color": colour, "width": 2}, showlegend=legend),
    ]  # fmt: skip
