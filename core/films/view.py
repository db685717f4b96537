"""Whether a picture looks like an upright frontal chest radiograph, by the picture alone.

The picture is compared with the mean of drawn phantoms at 16 x 16 (`assets/frontal.png`) by rank
correlation, so that brightness and contrast do not matter, in the best of a few crops; to this
comes how far the midline is brighter than the darkest place on both sides of it, which a lateral
lacks. Nothing was fitted to radiographs but the two thresholds; `benchmarks/picture_check.py`
measures sensitivity and false alarms. It cannot see a mirrored film, nor tell what else is shown.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.paths import ASSETS

LATERAL_NOTE = "The set says a lateral view; the models know frontal views only."
FRONTAL_VIEWS = ("PA", "AP")
FRONTAL = "frontal"
"""The view where a set says no more than that it is no lateral."""
_LATERAL = {"L", "LL", "RL", "LAT", "LATERAL", "LLAT", "RLAT"}
_LATERAL_WORDS = {"LAT", "LATERAL", "LLAT", "RLAT"}  # also beside other words
_LYING = {"DECUBITUS", "DECUB", "LLD", "RLD"}  # lying on a side, seen from the front
_FRONTAL_WORDS = {
    "PA": "PA", "POSTEROANTERIOR": "PA", "AP": "AP", "ANTEROPOSTERIOR": "AP", "APS": "AP",
    "FRONTAL": FRONTAL,
}  # fmt: skip
SIDE = 16
TEMPLATE = ASSETS / "frontal.png"
_THUMB = 64
_MIDLINE = 0.1  # weight of the midline beside the correlation
_FRONTAL = 0.65  # likeness from which a picture passes for frontal
_TURNED = 0.2  # by which another orientation must be more alike
# Left, top, right, bottom of the crops in 64ths: films come with borders and wide collimation.
_CROPS = (
    (0, 0, 64, 64), (4, 4, 60, 60), (4, 0, 60, 64), (0, 4, 64, 60), (8, 8, 56, 56), (0, 0, 64, 56),
    (0, 8, 64, 64), (0, 0, 64, 50),
)  # fmt: skip
_TURNS = {
    "upside down": lambda thumb: thumb[::-1],
    "turned by half": lambda thumb: thumb[::-1, ::-1],
    "turned to the left": lambda thumb: np.rot90(thumb, -1),
    "turned to the right": lambda thumb: np.rot90(thumb, 1),
    "a negative": lambda thumb: -thumb,
}


@dataclass(frozen=True)
class Look:
    """What a picture looks like.

    Attributes:
        likeness: to an upright frontal chest; laterals and other things are mostly below 0.65.
        turned: a key of `_TURNS` where the picture is one of a chest turned so, else "".
    """

    likeness: float
    turned: str = ""

    @property
    def frontal(self) -> bool:
        """Whether it passes for an upright frontal chest radiograph."""
        return self.likeness >= _FRONTAL and not self.turned


def is_lateral(view: object) -> bool:
    """Whether a set's words for a view, if any, are those for a lateral alone.

    >>> [is_lateral(v) for v in ("L", "XTABLE LATERAL", "PA and lateral", "lateral decubitus")]
    [True, True, False, False]
    """
    said = str(view).strip().upper()
    words = set(re.findall(r"[A-Z]+", said))
    alone = words & _LATERAL_WORDS and not words & (_LYING | set(_FRONTAL_WORDS))
    return said in _LATERAL or bool(alone)


def view_word(view: object) -> str | None:
    """PA, AP, "frontal" or L for lateral, as others write them; None for other views or none.

    >>> [view_word(v) for v in ("Postero-anterior", "AP supine", "Frontal", "LAO")]
    ['PA', 'AP', 'frontal', None]
    """
    if is_lateral(view):
        return "L"
    said = str(view).strip().upper()
    words = re.findall(r"[A-Z]+", re.sub(r"(?<=O)[- ](?=(?:ANT|POST)ERIOR)", "", said))
    meant = {_FRONTAL_WORDS[word] for word in words if word in _FRONTAL_WORDS} - (
        {FRONTAL} if {"PA", "AP"} & set(words) else set()
    )
    if len(meant) != 1 or set(words) & (_LYING | _LATERAL_WORDS):
        return None
    return meant.pop()


def look_at(pixels: NDArray[np.float32]) -> Look:
    """Compare a picture (H, W), any range, dense is bright, with a frontal chest."""
    thumb = thumbnail(pixels)
    here, midline = _likeness(thumb)
    for name, undo in _TURNS.items():
        other, _ = _likeness(np.ascontiguousarray(undo(thumb)))
        if other - here > _TURNED and other > _FRONTAL - 2 * _MIDLINE:
            return Look(here + midline, name)
    return Look(here + midline)


def look_notes(pixels: NDArray[np.float32], view: str) -> tuple[str, ...]:
    """What the picture says against its header or against being scored, in sentences.

    Args:
        view: of the header, "" where it says none; see `core.films.dicom.describe.view`.
    """
    look = look_at(pixels)
    if look.turned:
        return (f"The picture looks like a chest that is {look.turned}; export it upright.",)
    if look.frontal:
        if view != "L":
            return ()
        return ("The picture looks like a frontal view, against its header; check which it is.",)
    but = f", though the header says {view}" if view in FRONTAL_VIEWS else ""
    return (
        f"The picture does not look like a frontal chest radiograph{but}: a lateral or another "
        "part of the body gets scores that mean nothing.",
    )


def thumbnail(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) as (64, 64), by means."""
    picture = Image.fromarray(np.asarray(pixels, np.float32))
    return np.asarray(picture.resize((_THUMB, _THUMB), Image.Resampling.BOX))


def ranks(small: NDArray[np.float32]) -> NDArray[np.float64]:
    """Ranks of a picture's values as a vector of mean 0 and length 1."""
    order = small.ravel().argsort(kind="stable").argsort(kind="stable").astype(float)
    order -= order.mean()
    return np.asarray(order / np.linalg.norm(order))


@lru_cache(maxsize=1)
def _template() -> NDArray[np.float64]:
    with Image.open(TEMPLATE) as picture:
        values = np.asarray(picture, dtype=float).ravel()
    values = values - values.mean()
    return np.asarray(values / np.linalg.norm(values))


def _likeness(thumb: NDArray[np.float32]) -> tuple[float, float]:
    """Correlation with the template, and what the midline adds, in the crop that fits best."""
    picture = Image.fromarray(thumb)
    found = []
    for crop in _CROPS:
        small = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX, box=crop))
        added = _MIDLINE * float(np.clip(_midline(small), -1, 3))
        found.append((float(ranks(small) @ _template()), added))
    return max(found, key=sum)


def _midline(small: NDArray[np.float32]) -> float:
    """How far the middle is brighter than the darkest place on both its sides, in deviations."""
    profile = small[4:10].mean(axis=0)
    profile = (profile - profile.mean()) / (profile.std() + 1e-6)
    sides = max(float(profile[2:7].min()), float(profile[9:14].min()))
    return float(profile[6:10].max()) - sides
