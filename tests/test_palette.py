"""Colours of overlays and plots: apart for the colour-blind, and seen on a film and on the page."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from explorer.shared import palette

Array = NDArray[np.float64]

SIGHTS: dict[str, Array] = {
    "usual": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                            [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                              [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                            [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip
"""On linear RGB; Machado, Oliveira & Fernandes, IEEE TVCG 2009, severity 1."""
_TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                    [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip
LEAST = 15
"""CIE 1976 difference in Lab: 2.3 is just seen, side by side."""
WHITE, DARK, BLACK = "#ffffff", "#101317", "#000000"


def _linear(colour: str) -> Array:
    share = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def _lab(linear: Array) -> Array:
    xyz = _TO_XYZ @ np.clip(linear, 0, 1) / np.array([0.95047, 1, 1.08883])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def _nearest(colours: tuple[str, ...], sight: str) -> tuple[float, str, str]:
    seen = {colour: _lab(SIGHTS[sight] @ _linear(colour)) for colour in colours}
    return min((float(np.linalg.norm(seen[a] - seen[b])), a, b)
               for a, b in itertools.combinations(colours, 2))  # fmt: skip


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2."""
    lights = sorted(float(_linear(c) @ np.array([0.2126, 0.7152, 0.0722])) for c in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def test_the_simulation_tells_known_traps() -> None:
    assert _nearest(("#ff0000", "#00ff00"), "usual")[0] > 100
    trap = ("#c86464", "#8c8c3c")  # a red and an olive
    assert _nearest(trap, "usual")[0] > 2 * _nearest(trap, "deuteranopia")[0]
    before = ("#f2a541", "#5aa9e6", "#9bd18b", "#d08bd1", "#e8707a", "#7fd1d6")  # until now
    assert min(_nearest(before, sight)[0] for sight in SIGHTS) < LEAST / 2


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("colours", [
    tuple(palette.OVERLAYS.values()), palette.SERIES, tuple(palette.OUTCOMES.values()),
    palette.PAPER, (palette.BELOW, palette.ABOVE),
], ids=["overlays", "series", "outcomes", "paper", "around nought"])  # fmt: skip
def test_every_pair_of_a_palette_stays_apart(colours: tuple[str, ...], sight: str) -> None:
    difference, one, other = _nearest(colours, sight)
    assert difference >= LEAST, (one, other)


def test_overlays_stand_off_their_dark_edge_and_lines_off_the_page() -> None:
    for name, colour in palette.OVERLAYS.items():
        assert _contrast(colour, BLACK) >= 3, name
    for colour in (*palette.SERIES, *palette.OUTCOMES.values()):
        assert min(_contrast(colour, WHITE), _contrast(colour, DARK)) >= 1.9, colour
    for colour in palette.PAPER:
        assert _contrast(colour, WHITE) >= 4.5, colour


_WRITTEN = re.compile(r"#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b|rgba?\((\d+), ?(\d+), ?(\d+)")


def _colours(text: str) -> list[str]:
    """What of a file's text is a colour, and no grey."""
    told = []
    for match in _WRITTEN.finditer(text):
        code = match[1] or ""
        code = "".join(2 * digit for digit in code) if len(code) == 3 else code
        levels = ([int(code[place : place + 2], 16) for place in (0, 2, 4)] if code
                  else [int(level) for level in match.groups()[1:]])  # fmt: skip
        if max(levels) - min(levels) > 40:
            told.append(match[0])
    return told


def test_colours_are_written_in_the_palette_alone() -> None:
    assert _colours("#fff rgba(0, 0, 0, 0.5) #8a94a3 #40e0d0 rgb(230,159,0)") == [
        "#40e0d0", "rgb(230,159,0"]  # fmt: skip
    folder = Path(palette.__file__).parents[1]
    files = [file for kind in ("py", "css", "js") for file in folder.rglob(f"*.{kind}")]
    written = {file.name: _colours(file.read_text(encoding="utf-8")) for file in files}
    assert written.pop("palette.py")
    assert len(written) > 100 and not any(written.values()), {
        name: colours for name, colours in written.items() if colours
    }


@pytest.mark.parametrize("name", ["case/browser/case.css", "lab/browser/lab.css",
                                  "errors/browser/threshold.css"])  # fmt: skip
def test_a_components_style_has_the_palettes_names(name: str) -> None:
    file = Path(palette.__file__).parents[1] / name
    text = palette.style(file)
    called = set(re.findall(r"var\(--(truth|model|cool|paper-\w+)\)", text))
    assert called and all(f"--{one}: #" in text for one in called)
    assert text.endswith(file.read_text(encoding="utf-8"))


def test_a_faint_colour_lets_its_share_through() -> None:
    assert palette.faint("#f2a541", 0.78) == "rgba(242,165,65,0.22)"
