"""Colours that stay apart on a projector and for the colour-blind; `tests/test_palette.py` checks.

What lies on a film has a shape of its own besides, and a dark edge, so that a light film shows it.
"""

TRUTH, MODEL, RIVAL, OWN, CLASS = "#40e0d0", "#f2a541", "#e6174b", "#ffffff", "#b217e6"
OVERLAYS = {"truth": TRUTH, "model": MODEL, "rival": RIVAL, "own": OWN, "class": CLASS}
"""On films: what is true, the model, Grad-CAM, a reader's own marks, a class's."""

SERIES = (MODEL, "#5aa9e6", "#bf1369", "#8c19ff", "#733f0b", "#3d3d99")
"""Lines of a plot, in this order; seen on white and on the dark theme's ground."""
