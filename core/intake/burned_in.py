"""Text burned into a picture: rows of small, sharp shapes of one height and one grey.

A film's own structures are soft; letters put there by a machine are flat and have hard edges. This
finds printed lines such as a name and a date. It misses single letters (an L or R at the side is no
identifier), handwriting, text as faint as the anatomy behind it, and text smaller than six or
larger than 60 pixels when the picture's long side is 1024. How often it is right: docs/import.md.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Place = tuple[int, int, int, int]  # x, y, w, h in the picture's pixels

_SIDE = 1024  # pictures are looked at with this long side at most
_STROKE = 13  # wider than a stroke of the largest letters looked for
_CONTRAST = 70  # grey levels of a letter over what lies around it
_HEIGHTS = (6, 60)
_LETTERS = 4  # in a row


def text_boxes(pixels: NDArray[np.float32]) -> list[Place]:
    """Where lines of text may be in a picture (H, W) of 0..255; empty for most films."""
    longest = max(pixels.shape)
    scale = max(longest / _SIDE, 1.0)
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if scale > 1:
        size = (max(round(picture.width / scale), 1), max(round(picture.height / scale), 1))
        picture = picture.resize(size, Image.Resampling.BOX)
    grey = np.asarray(picture)
    found = []
    for side in (grey, 255 - grey):  # white letters, then black ones
        found += _lines(side)
    return [tuple(round(value * scale) for value in place) for place in found]


def _lines(grey: NDArray[np.uint8]) -> list[Place]:
    raised = grey - ndimage.grey_opening(grey, (_STROKE, _STROKE))
    numbers, count = ndimage.label(raised > _CONTRAST, np.ones((3, 3)))
    if not count:
        return []
    letters = _letters(grey, numbers, count)
    return [place for row in _rows(letters) if (place := _line(letters[row]))]


def _letters(
    grey: NDArray[np.uint8], numbers: NDArray[np.int32], count: int
) -> NDArray[np.float64]:
    """Shapes that may be letters as (n, 5): x, y, w, h and the grey of the stroke."""
    found = []
    for number, place in enumerate(ndimage.find_objects(numbers), start=1):
        height, width = (side.stop - side.start for side in place)
        if not (_HEIGHTS[0] <= height <= _HEIGHTS[1] and 1 <= width <= 1.6 * height):
            continue
        shape = numbers[place] == number
        values = grey[place][shape]
        if shape.mean() < 0.12:
            continue
        found.append((place[1].start, place[0].start, width, height, values.max()))
    return np.array(found, dtype=np.float64).reshape(-1, 5)


def _rows(letters: NDArray[np.float64]) -> list[list[int]]:
    """Letters that follow each other from left to right: same height, base line and grey."""
    order = np.argsort(letters[:, 0], kind="stable")
    rows: list[list[int]] = []
    for index in order:
        x, y, _, height, grey = letters[index]
        for row in rows:
            left, top, width, tall, tone = letters[row[-1]]
            alike = abs(tall - height) <= 0.4 * max(tall, height) and abs(tone - grey) <= 25
            level = min(abs(top - y), abs(top + tall - y - height)) <= max(0.12 * height, 1.5)
            if alike and level and -1 <= x - (left + width) <= 1.3 * height:
                row.append(int(index))
                break
        else:
            rows.append([int(index)])
    return [row for row in rows if len(row) >= _LETTERS]


def _line(letters: NDArray[np.float64]) -> Place | None:
    left, top = letters[:, 0].min(), letters[:, 1].min()
    right = (letters[:, 0] + letters[:, 2]).max()
    bottom = (letters[:, 1] + letters[:, 3]).max()
    return (int(left), int(top), int(right - left), int(bottom - top))
