"""Boxes and the place of a score as plain HTML: how many, how high, where; nothing unescaped."""

import re

import numpy as np

from explorer.shared.markup import boxes, distribution


def _heights(page: str, tone: str) -> list[float]:
    return [float(h) for h in re.findall(rf"height:([\d.]+)%;background:{tone}", page)]


def test_the_heaviest_box_lies_over_the_others_and_is_brightest() -> None:
    page = boxes((50, 100, 3), [(10, 5, 20, 10), (0, 0, 5, 5)], [0.75, 0.25])
    assert re.findall(r'data-said="([^"]*)"', page) == [
        "Region 2: weight 25 %", "Region 1: weight 75 %",
    ]  # fmt: skip
    assert "left:10.000%;top:10.000%;width:20.000%;height:20.000%" in page
    assert "aspect-ratio:100/50" in page
    tones = [sum(map(int, rgb)) for rgb in re.findall(r"rgb\((\d+),(\d+),(\d+)\)", page)]
    assert tones == sorted(tones)


def test_a_name_of_a_truth_is_text() -> None:
    page = boxes((10, 10), [], [], labels={"<script>x</script>": (5.0, 2.0)})
    assert "<script" not in page and "&lt;script&gt;" in page


def test_bars_count_the_scores_of_each_group_on_one_scale() -> None:
    others = np.array([0.0] * 4 + [1.0] * 2 + [np.nan], np.float32)
    truth = np.array([0, 0, 0, 1, 1, 1, 1], float)
    page = distribution(others, 0.5, truth, "said")
    said = re.findall(r'data-said="[^:]*: ([^"]*)"', page)
    assert said == ["1 true, 3 not true", "2 true, 0 not true"]
    assert _heights(page, "#f2a541") == [33.3, 66.7] and _heights(page, "#5aa9e6") == [100, 0]


def test_a_score_beyond_all_others_is_on_the_axis() -> None:
    for value in (-9.0, 9.0):
        page = distribution(np.zeros(3, np.float32), value, None, 'a "quoted" text')
        left = float(re.findall(r'class="own" style="left:([\d.]+)%', page)[0])
        assert 0 < left < 100
        assert 'aria-label="a &quot;quoted&quot; text"' in page
        assert "text is" not in page  # without truth there is one group, and nothing to tell apart
