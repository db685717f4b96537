"""Scores of films as two lanes of ticks, and answers as bars; knows nothing of streamlit."""

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from explorer.shared.figures import ACCENT, COOL, colour

_STYLE = f"""<style>
.lanes {{position: relative; font-size: 13px; line-height: 22px; padding-left: 9rem}}
.lanes > div {{position: relative; height: 34px; border-bottom: 1px solid #8a94a3}}
.lanes > div > span {{position: absolute; right: 100%; margin-right: 0.6rem; top: 6px;
white-space: nowrap}}
.lanes i {{position: absolute; bottom: 0; top: 4px; width: 3px; margin-left: -1px; opacity: 0.8}}
.lanes .with i {{background: {ACCENT}}}
.lanes .without i {{background: {COOL}}}
.lanes > b {{position: absolute; top: 0; bottom: 22px; width: 0; margin-left: 9rem;
border-left: 2px dashed currentColor}}
.lanes p {{margin: 0; display: flex; justify-content: space-between}}
</style>"""


_BARS = f"""<style>
.bars {{display: grid; grid-template-columns: fit-content(45%) minmax(4rem, 1fr) auto;
gap: 6px 1rem; font-size: 15px; align-items: center; max-width: 60rem}}
.bars div {{overflow-wrap: anywhere}}
.bars i {{display: block; height: 18px; background: {ACCENT}}}
</style>"""


def bars(counts: Sequence[tuple[str, int, str]]) -> str:
    """A line an answer: its words, a bar as long as its count, and what is said of it."""
    top = max((count for _, count, _ in counts), default=1) or 1
    lines = "".join(
        f'<div>{escape(label)}</div><div><i style="width:{100 * count / top:.1f}%"></i></div>'
        f"<span>{escape(said)}</span>"
        for label, count, said in counts
    )
    return f'{_BARS}<div class="bars">{lines}</div>'


_BOARD = """<style>
.board {border-collapse: collapse; font-size: 15px; width: 100%}
.board th, .board td {text-align: left; padding: 0.3rem 0.6rem 0.3rem 0; font-weight: normal;
border-bottom: 1px solid #8a94a3}
.board tr.marked td {font-weight: 600}
</style>"""


def board(
    heads: Sequence[str], lines: Sequence[tuple[str, str, str, str, str, str, bool]]
) -> str:
    """A leaderboard: a line a reader, the last value says whether it stands out."""
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    body = "".join(
        f'<tr class="{"marked" if line[-1] else ""}">'
        + "".join(f"<td>{escape(str(cell))}</td>" for cell in line[:-1]) + "</tr>"
        for line in lines
    )  # fmt: skip
    return f'{_BOARD}<table class="board"><thead><tr>{top}</tr></thead>{body}</table>'


_MATRIX = """<style>
.matrix {display: grid; gap: 2px; font-size: 13px; align-items: center}
.matrix i {aspect-ratio: 1; min-width: 14px; border-radius: 2px; box-sizing: border-box;
font-style: normal; display: grid; place-items: center; font-size: 11px; line-height: 1}
.matrix b {font-weight: normal; text-align: center}
.matrix p {margin: 0 0 0 0.6rem; font-size: inherit; overflow-wrap: anywhere}
</style>"""


def matrix(
    chances: NDArray[np.float64], texts: Sequence[str], marks: Sequence[tuple[int, int]], said: str
) -> str:
    """Sentences down, films across: how likely each film would choose each sentence.

    Args:
        chances: (B, B), rows are films and sum to 1.
        marks: (film, sentence) pairs that get a cross.
    """
    count, crossed = len(texts), set(marks)
    cells = ["<b></b>" + "".join(f"<b>{n + 1}</b>" for n in range(count)) + "<p></p>"]
    for text in range(count):
        line = []
        for film in range(count):
            chance = float(chances[film, text])
            edge = "2px solid currentColor" if film == text else "1px solid #8a94a3"
            cross = "×" if (film, text) in crossed else ""
            ink = "#000" if chance > 0.45 else "#fff"
            line.append(f'<i style="background:{colour(chance)};border:{edge};color:{ink}" '
                        f'title="{chance:.2f}">{cross}</i>')  # fmt: skip
        cells.append(f"<b>{text + 1}</b>{''.join(line)}<p>{escape(texts[text])}</p>")
    columns = f"2rem repeat({count}, minmax(14px, 34px)) minmax(10rem, 1fr)"
    return (f'{_MATRIX}<div class="matrix" role="img" aria-label="{escape(said)}" '
            f'style="grid-template-columns:{columns}">{"".join(cells)}</div>')  # fmt: skip


def lanes(
    scores: NDArray[np.float64],
    truth: NDArray[np.float64],
    names: Sequence[str],
    ends: Sequence[str],
    said: str,
    threshold: float | None = None,
) -> str:
    """Two lanes, one tick a film, low scores on the left.

    Args:
        scores, truth: (n,), 1 where the finding is there.
        names: of the lanes: with, without.
        ends: what stands under the left and the right end.
        said: what it shows, for those who hear it.
        threshold: a line across both; films on its right are called.
    """
    low, high = float(scores.min()), float(scores.max())
    if threshold is not None:
        low, high = min(low, threshold), max(high, threshold)
    span = max(high - low, 1e-9)

    def at(value: float) -> float:
        return 0.01 + 0.98 * (value - low) / span

    rows = []
    for label, kind, name in ((1, "with", names[0]), (0, "without", names[1])):
        ticks = "".join(f'<i style="left:{at(value):.2%}"></i>' for value in scores[truth == label])
        rows.append(f'<div class="{kind}"><span>{escape(name)}</span>{ticks}</div>')
    line = ""
    if threshold is not None:
        line = f'<b style="left:calc((100% - 9rem) * {at(threshold):.4f})"></b>'
    foot = f"<p><span>{escape(ends[0])}</span><span>{escape(ends[1])}</span></p>"
    return (f'{_STYLE}<div class="lanes" role="img" aria-label="{escape(said)}">'
            f'{"".join(rows)}{line}{foot}</div>')  # fmt: skip
