"""What the browser gets of a pinned film of a run: itself, and what each step changes.

As `explorer.case.sent`, of which it is made.
"""

from typing import Any

import numpy as np

from core.inference.film_words import FilmWords, unread_text
from core.training.timelapse import TimeLapse
from explorer.case import sent
from explorer.shared import alt, figures, film_stage, palette

MOST_STEPS = 40
"""That the browser gets, the first and the last among them: some 20 kB each."""
_MAP = (48, 48)  # cells: grids have some 14, and the browser smooths them


def content(seen: TimeLapse, film: int) -> dict[str, Any]:
    """What the browser gets of a pinned film: as `sent.content`, with what each step changes."""
    name, picture = seen.names[film], seen.pictures[film]
    shape = (picture.shape[0], picture.shape[1])
    steps = np.unique(np.linspace(0, len(seen.steps) - 1, MOST_STEPS).round().astype(int))
    words = [seen.words[step][film] if seen.words else _none(name) for step in steps]
    maps, last = seen.maps[steps, film], words[-1]
    heats = figures.evenly(maps, _MAP)
    said = alt.mapped("The film", "patch similarity", name, maps[-1], name)
    titles = ["The finding:", *_titled("The report:", len(last.texts) - 1 - seen.own),
              *_titled("Texts of your own:", seen.own)]  # fmt: skip
    whole = sent.content(
        f"{name}.", [sent.FilmMap("Map", "of the finding", said, ("", False), heats[-1])], last,
        titles, shape,
    )  # fmt: skip
    lapse = [
        {"step": seen.steps[step], **sent.moved(one, titles, shape), "values": sent.values(heat)}
        for step, one, heat in zip(steps, words, heats, strict=True)
    ]
    uri = figures.data_uri(picture)
    return whole | {
        "film": uri, "caseKey": sent.key_of(uri), "filmKey": sent.key_of(uri), "lapse": lapse,
        "truth": film_stage.outlined([seen.truth[film]], palette.TRUTH, shape),
        "contentKey": sent.key_of(whole["contentKey"], name, len(seen.steps)),
    }  # fmt: skip


def _titled(title: str, count: int) -> list[str]:
    """The title of so many texts stands before the first."""
    return [title, *[""] * count][:count]


def _none(name: str) -> FilmWords:
    nothing = FilmWords((), [], np.zeros((0, 0), np.float32))
    return unread_text(nothing, name, "This run kept maps alone, no words and regions.")
