"""Colours that stay apart on a projector and for the colour-blind; `tests/test_palette.py` checks.

What lies on a film has a shape of its own besides, and a dark edge, so that a light film shows it.
Colours are written out here alone; greys stand where they are used.
"""

from pathlib import Path

TRUTH, MODEL, RIVAL, OWN, CLASS = "#40e0d0", "#f2a541", "#e6174b", "#ffffff", "#b217e6"
OVERLAYS = {"truth": TRUTH, "model": MODEL, "rival": RIVAL, "own": OWN, "class": CLASS}
"""On films: what is true, the model, Grad-CAM, a reader's own marks, a class's."""

SERIES = (MODEL, "#5aa9e6", "#bf1369", "#8c19ff", "#733f0b", "#3d3d99")
"""Lines of a plot, in this order; seen on white and on the dark theme's ground."""

GREY, UNSAID = "#8a94a3", "#4b535f"
OUTCOMES = {"missed": RIVAL, "false alarm": SERIES[0], "found": SERIES[1],
            "rightly not called": GREY, "not known": UNSAID}  # fmt: skip
"""Films as points, by what a threshold makes of them."""

PAPER = ("#864500", "#0b5cab")
"""The first two of `SERIES` where they are printed, as words too."""
BELOW, ABOVE = "#3a78b4", "#c46e1e"
"""The ends of a scale around nought."""

_NAMES = {"truth": TRUTH, "model": MODEL, "cool": SERIES[1], "paper-accent": PAPER[0],
          "paper-cool": PAPER[1]}  # fmt: skip


def style(file: Path) -> str:
    """A component's style, which calls these colours `var(--truth)` and so on."""
    names = " ".join(f"--{name}: {colour};" for name, colour in _NAMES.items())
    return f":host, :root {{ {names} }}\n{file.read_text(encoding='utf-8')}"


def faint(colour: str, share: float) -> str:
    """A colour that lets a share, 0 to 1, of what is behind it through, as plotly reads it."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{1 - share:.2f})"
