"""Has a text a place on this film at all? A finding that is absent, or denied, has no box.

The regions of a text are the best there are, whether or not they are good: K of them on every film.
What they come to is the local score, the sum of weight times cosine. Where it lies under what true
hits reach on validation films, no box is shown. A text that only denies has none by its meaning.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from core.inference.regions import Regions
from core.language.facts import has_place
from core.language.reader import read
from core.lrclr.model import Reading

PLACE = "place"
"""Where config.json keeps the threshold; a model that is trained on needs it measured anew."""
KEPT = 0.9
"""Share of true hits whose map is not empty at the threshold."""

_NO_PLACE = 0.5  # share of the weight on no region, where no threshold was measured


@dataclass(frozen=True)
class PlaceThreshold:
    """Least evidence with which boxes are shown, and how it was measured."""

    threshold: float
    data: str  # validation set
    hits: int  # findings that were pointed at
    absent: int  # findings that are not there
    empty: float  # share of these under the threshold

    def to_json(self) -> dict[str, Any]:
        """As config.json keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "PlaceThreshold":
        """Read what `to_json` gave.

        Raises:
            ValueError: it is something else.
        """
        try:
            return cls(
                float(values["threshold"]), str(values["data"]), int(values["hits"]),
                int(values["absent"]), float(values["empty"]),
            )  # fmt: skip
        except (KeyError, TypeError) as error:
            raise ValueError("no threshold of places") from error


def evidence(reading: Reading) -> Tensor:
    """What the regions come to for the text that they fit best, (B,) of a reading of P texts."""
    best: Tensor = torch.max(reading.local, dim=1).values
    return best


def without_place(
    regions: Regions, texts: Sequence[str], threshold: PlaceThreshold | None
) -> str:
    """Why no box is to be shown, in a sentence; "" where the texts have a place."""
    claims = [read(text) for text in texts]
    if all(said and not has_place(said) for said in claims):
        return "This text says what is not there or normal: that has no place on a film."
    if threshold is None:
        if regions.nowhere < _NO_PLACE:
            return ""
        return (
            f"This text has no place here: {100 * regions.nowhere:.0f} % of its weight lies on no "
            "region."
        )
    if regions.evidence >= threshold.threshold:
        return ""
    return (
        f"This text has no place here: its best regions come to {regions.evidence:.2f}, and "
        f"{100 * KEPT:.0f} % of the findings that are there and pointed at reach "
        f"{threshold.threshold:.2f}."
    )
