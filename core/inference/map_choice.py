"""What a map explains and how, as one string everywhere; and which choice did best on validation.

`gradcam:hirescam:stem:local` is HiResCAM at the stem's output, of the local score;
`occlusion:global` is occlusion of the global score. A name alone leaves the rest to what was stored
with the model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import ExplorerError
from core.inference.zero_shot import SCORES
from core.lrclr.config import LRCLRConfig
from core.metrics.bootstrap import Interval

Layer = int | Literal["stem", "local"]
"""Of an image tower: the tokens that enter a 0-based block, the output of a frozen stem, or the
tokens that regions are made of (`ImageTokens.local`)."""

FAMILY = "gradcam"
"""The method that has variants and layers."""


@dataclass(frozen=True)
class Choice:
    """A method, and the score it explains; of the Grad-CAM family a variant and a layer, too.

    What is "" or None is still to be chosen.
    """

    method: str
    score: str = ""
    variant: str = ""
    layer: Layer | None = None

    def __str__(self) -> str:
        parts = [self.method, self.variant, "" if self.layer is None else str(self.layer)]
        return ":".join(part for part in [*parts, self.score] if part)

    @classmethod
    def parse(cls, spec: str) -> "Choice":
        """Read NAME, NAME:SCORE or gradcam:VARIANT:LAYER:SCORE.

        Raises:
            ExplorerError: another form, or no such score.

        >>> Choice.parse("gradcam:hirescam:2:local")
        Choice(method='gradcam', score='local', variant='hirescam', layer=2)
        >>> str(Choice.parse("occlusion:global"))
        'occlusion:global'
        """
        method, *rest = spec.split(":")
        if method == FAMILY and len(rest) == 3:
            choice = cls(method, rest[2], rest[0], _layer(rest[1], spec))
        elif len(rest) <= 1:
            choice = cls(method, rest[0] if rest else "")
        else:
            raise ExplorerError(
                f"'{spec[:80]}' is no map: write NAME, NAME:SCORE or "
                "gradcam:VARIANT:LAYER:SCORE, such as gradcam:hirescam:stem:local."
            )
        if choice.score and choice.score not in SCORES:
            raise ExplorerError(
                f"There is no score '{choice.score[:60]}' to explain in '{spec[:80]}'; known: "
                f"{', '.join(SCORES)}."
            )
        return choice


def _layer(name: str, spec: str) -> Layer:
    if name == "stem":
        return "stem"
    if name == "local":
        return "local"
    if name.isascii() and name.isdigit() and len(name) < 5:
        return int(name)
    raise ExplorerError(
        f"There is no layer '{name[:60]}' in '{spec[:80]}'; use stem, local or the number of a "
        "block."
    )


def explained_scores(config: LRCLRConfig) -> tuple[str, ...]:
    """Scores that a map of a model can explain: all, less `match` where nothing was trained to."""
    matches = config.added_layers and config.fusion != "none"
    return tuple(name for name in SCORES if name != "match" or matches)


@dataclass(frozen=True)
class MapSearch:
    """How well each choice pointed on a validation set; kept beside a model's weights."""

    data: str  # the set
    cases: int  # of a film and a finding
    patients: int
    pointing: Mapping[Choice, Interval]  # mean over the findings; at least one

    def best(self, methods: tuple[str, ...], score: str = "") -> Choice | None:
        """The choice of these methods that points best, of one score where it is named."""
        fitting = {
            choice: figure.value
            for choice, figure in self.pointing.items()
            if choice.method in methods and score in ("", choice.score)
        }
        return max(fitting, key=lambda choice: fitting[choice]) if fitting else None

    def to_json(self) -> dict[str, Any]:
        """data, cases, patients and pointing_game {map: [value, low, high]}."""
        return {
            "data": self.data, "cases": self.cases, "patients": self.patients,
            "pointing_game": {
                str(choice): [round(number, 5) for number in figure]
                for choice, figure in self.pointing.items()
            },
        }  # fmt: skip

    @classmethod
    def from_json(cls, values: Any) -> "MapSearch":
        """Read what `to_json` wrote.

        Raises:
            ValueError: it is something else.
        """
        try:
            pointing = {
                Choice.parse(name): Interval(*map(float, figure))
                for name, figure in values["pointing_game"].items()
            }
            search = cls(
                str(values["data"]), int(values["cases"]), int(values["patients"]), pointing
            )
        except (KeyError, TypeError, AttributeError, ExplorerError) as error:
            raise ValueError("no search of maps") from error
        if not pointing or not all(0 <= figure.value <= 1 for figure in pointing.values()):
            raise ValueError("no pointing game")
        return search
