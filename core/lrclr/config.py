"""Every number of the added layers, in one flat table."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from core.errors import ExplorerError

LOCAL_FORMS = ("lse", "gloria", "filip")
FUSIONS = {
    "none": "the kept regions' cosines alone: weights are their softmax, the score their pool",
    "reader": "the text's queries read the kept regions; weighted cosines and a match logit",
    "stream": "one transformer over image, kept regions and words, as in the paper's figure",
}
REGION_FEATURES = {
    "local": "before attention has mixed the patches: stem output, or the value path in CLIP",
    "conv": "the same with a 3x3 convolution added, so that a patch is seen against its neighbours",
    "window": "the same after one added block whose attention sees the eight neighbours only",
    "early": "after the first block",
    "value": "the last block's value path, without its attention",
    "last": "output tokens of the tower",
}


def _even_mix() -> dict[str, float]:
    return {"global": 1.0, "local": 1.0, "match": 0.0}


@dataclass(frozen=True)
class LRCLRConfig:
    """Configuration of `LRCLR`; METHOD numbers are those of docs/method.md.

    Raises:
        ExplorerError: an unknown scorer or form, naming the known ones.
    """

    # False: a pretrained model as it is, without the added layers; used for baselines.
    added_layers: bool = True
    # A name of selection.SCORERS. "text" selects per prompt, so the global encoding, which cannot
    # depend on a prompt, then reads every patch.
    scorer: str = "text"
    k: int = 12
    body_mask: bool = False  # never pick patches of black border
    region_features: str = "local"  # a name of REGION_FEATURES
    selection_block: bool = True
    fusion: str = "reader"  # a name of FUSIONS
    queries: int = 4  # of the reader: places a sentence can look at
    fusion_layers: int = 2  # of the stream
    fusion_heads: int = 8
    local_form: str = "lse"  # of the local score without a reader or stream
    gamma: float = 12.0  # sharpness of the pools over regions and over prompts
    # Weights of the zero-shot score; each part is divided by `spread` first, so that they compare.
    mix: dict[str, float] = field(default_factory=_even_mix)
    spread: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from core.lrclr.selection import SCORERS

        _one_of("scorer", self.scorer, tuple(SCORERS))
        _one_of("local_form", self.local_form, LOCAL_FORMS)
        _one_of("fusion", self.fusion, tuple(FUSIONS))
        _one_of("region_features", self.region_features, tuple(REGION_FEATURES))
        if self.k < 1:
            raise ExplorerError(f"k must be at least 1 region; got {self.k}.")
        if min(self.fusion_layers, self.fusion_heads, self.queries) < 1 or not self.gamma > 0:
            raise ExplorerError(
                "fusion_layers, fusion_heads and queries must be at least 1 and gamma above 0; got "
                f"{self.fusion_layers}, {self.fusion_heads}, {self.queries} and {self.gamma}."
            )

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "LRCLRConfig":
        """Read what `to_dict` wrote; unknown names are refused."""
        # Models of before had a stream that no score read; it is not loaded.
        values = {"fusion": "none", **values}
        known = {entry.name for entry in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ExplorerError(
                f"Unknown LRCLR setting '{unknown[0][:60]}'; known: {', '.join(sorted(known))}."
            )
        try:
            return cls(**values)
        except TypeError:  # a word where a number belongs
            raise ExplorerError(
                "An LRCLR setting is of another kind than its default; numbers stay numbers."
            ) from None


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ExplorerError(f"Unknown {name} '{value}'; known: {', '.join(known)}.")
