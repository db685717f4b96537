"""What maps reach in quarters of lesions, as lines; knows nothing of streamlit."""

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.analysis.lesion_bands import Band
from core.analysis.lesions import MEASURED, QUESTIONS
from explorer.shared import palette

_DASHES = ("solid", "dash", "dot", "dashdot")  # told apart without colours
_TITLES = {"pointing_game": "Hit rate: the maximum lies in the lesion", "iou": "IoU"}


def bands_figure(bands: Sequence[Band], question: str, titles: dict[str, str]) -> go.Figure:
    """Hit rate and IoU of every map in the quarters of one question, with intervals.

    Args:
        titles: of the maps, by method.
    """
    figure = make_subplots(1, len(MEASURED), subplot_titles=[_TITLES[name] for name in MEASURED])
    for column, measure in enumerate(MEASURED, start=1):
        for place, method in enumerate(titles):
            own = [one for one in bands
                   if (one.question, one.measure, one.method) == (question, measure, method)]
            figure.add_trace(_line(own, titles[method], place, column == 1), 1, column)
    figure.update_yaxes(range=[-0.03, 1.03], fixedrange=True)
    figure.update_xaxes(title=QUESTIONS[question], fixedrange=True, rangemode="tozero")
    figure.update_layout(
        height=340, margin={"l": 8, "r": 8, "t": 70, "b": 8}, dragmode=False,
        legend={"orientation": "h", "y": 1.28, "x": 0}, plot_bgcolor="rgba(0,0,0,0)",
        paper_bgcolor="rgba(0,0,0,0)",
    )  # fmt: skip
    return figure


def _line(bands: Sequence[Band], title: str, place: int, legend: bool) -> go.Scatter:
    means = [one.mean for one in bands]
    return go.Scatter(
        x=[(one.low + one.high) / 2 for one in bands], y=[mean.value for mean in means],
        error_y={"type": "data", "symmetric": False, "thickness": 1,
                 "array": [mean.high - mean.value for mean in means],
                 "arrayminus": [mean.value - mean.low for mean in means]},
        name=title, legendgroup=title, showlegend=legend, mode="lines+markers",
        line={"color": palette.SERIES[place % len(palette.SERIES)],
              "dash": _DASHES[place % len(_DASHES)]},
        marker={"symbol": place, "size": 8},
        customdata=[[one.n, one.low, one.high] for one in bands],
        hovertemplate="%{y:.2f}, %{customdata[0]} cases from %{customdata[1]:.3g} to "
                      "%{customdata[2]:.3g}<extra>%{fullData.name}</extra>",
    )  # fmt: skip
