"""A small archive, made in one process."""

from pathlib import Path

from tiny_model import TinySet, tiny_model

from core.archive.embed import EmbedOptions, embed
from core.archive.pipeline import EmbedProgress
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, PromptSet

PROMPTS = PromptSet(
    {
        "Lung Opacity": FindingPrompts(("opacity", "left lung opacity"), ("no opacity",)),
        "Fracture": FindingPrompts(("rib fracture",), ("no fracture", "intact bones")),
    }
)
FP32 = EmbedOptions(precision="fp32", shard_size=5, batch_size=2, workers=0)


def make(
    tmp_path: Path, studies: TinySet | None = None, options: EmbedOptions = FP32, **config: object
) -> tuple[Predictor, TinySet, EmbedProgress]:
    predictor = Predictor(tiny_model(**config), "tiny")
    studies = studies or TinySet()
    done = embed(predictor, studies, tmp_path / "a", options)
    return predictor, studies, done
