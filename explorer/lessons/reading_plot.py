"""wAFROC curves of a reading: class, each student, model, Grad-CAM; knows nothing of streamlit."""

import plotly.graph_objects as go

from core.lessons.reading_result import ReaderResult, ReadingResult
from explorer.shared import palette

_DASHES = ("solid", "dash")


def curves(result: ReadingResult, me: str = "") -> go.Figure:
    """One line a reader; who looks is told from the others.

    Args:
        me: nickname of who looks.
    """
    figure = go.Figure()
    machines = [one for one in result.readers if one.kind == "model"]
    for one in sorted(result.readers, key=lambda line: line.kind != "student"):
        line: dict[str, object] = {"color": palette.GREY, "width": 1.5}
        if one.kind == "class":
            line = {"color": palette.SERIES[3], "width": 4}
        elif one.kind == "model":
            number = machines.index(one)
            tone = (palette.SERIES[0], palette.SERIES[2])[number % 2]
            line = {"color": tone, "width": 3, "dash": _DASHES[number % 2]}
        elif one.name == me:
            line = {"color": palette.SERIES[1], "width": 3, "dash": "dot"}
        figure.add_scatter(
            x=one.curve[0], y=one.curve[1], mode="lines", line=line, name=_name(one, me),
            hovertemplate="%{y:.2f} of lesions, %{x:.2f} of films without<extra>" + one.name
            + "</extra>",
        )  # fmt: skip
    big = {"title_font_size": 16, "tickfont_size": 15}  # read off a projected wall
    figure.update_xaxes(title="films without a lesion that have a mark", range=[-0.02, 1.02], **big)
    figure.update_yaxes(title="lesions that have one", range=[-0.02, 1.05], **big)
    figure.update_layout(
        height=420, margin={"l": 8, "r": 8, "t": 8, "b": 8}, plot_bgcolor="rgba(0,0,0,0)",
        paper_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "font": {"size": 15}},
    )  # fmt: skip
    return figure


def _name(one: ReaderResult, me: str) -> str:
    who = f"{one.name} (you)" if one.name == me else one.name
    return f"{who} {one.merit.value:.2f}"


def heard(result: ReadingResult) -> str:
    """The picture for those who hear it."""
    told = ", ".join(f"{one.name} {one.merit.value:.2f}" for one in result.readers)
    return f"{result.area} curves, a line for each reader. Areas: {told}."
