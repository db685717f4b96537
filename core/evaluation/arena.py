"""One film and one text by several models side by side: map, scores, seconds.

Scores of two models do not compare; the places of their maps do, and so does each one's rank in a
set (`core.evaluation.study_scores`). What a model that is not here found is measured by the same
measures (`core.evaluation.given_maps`).
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.attribution import attribution_maps, choose
from core.errors import ExplorerError
from core.evaluation.given_maps import GivenMaps
from core.evaluation.study_scores import text_prompts
from core.evaluation.text_truth import stated_findings
from core.inference.images import Images
from core.inference.known_words import check_words
from core.inference.predictor import Predictor
from core.metrics.localisation import MEASURES
from core.preprocessing import Preprocess
from core.studies.study import Mask

Map = NDArray[np.float32]
_NO_NAME = re.compile(r"[^\w.@,=-]+")


@dataclass(frozen=True)
class ArenaEntry:
    """One model's answer; of a model that is not here a map alone."""

    name: str  # the model's spec, or `boxes:FILE` and `maps:FOLDER`
    values: Map  # its map (h, w), over the model's input
    shape: tuple[int, int]  # (H, W) of the film
    preprocess: Preprocess | None = None  # which places the map; None: it lies over the film
    method: str = ""  # the map in words
    cosine: float = float("nan")  # of film and text, -1 to 1
    pair: float = float("nan")  # the text rather than its plain negation, 0 to 1
    seconds: float = float("nan")  # film to map and scores; loading and the text not counted
    remark: str = ""  # of the text, where the model may not know its words

    @cached_property
    def heat(self) -> Map:
        """The map (H, W) in pixels of the film."""
        if self.preprocess is None:
            return self.values
        return np.asarray(self.preprocess.map_to_image(self.values, self.shape), np.float32)

    def measures(self, truth: Mask) -> dict[str, float]:
        """Every measure of the map against a mask (H, W) of the same film."""
        return {name: compute(self.heat, truth) for name, compute in MEASURES.items()}


@dataclass(frozen=True)
class ArenaReport:
    """Every answer to one text on one film, and why some are missing."""

    text: str
    finding: str  # whose truth the maps are measured by; "" where there is none
    entries: tuple[ArenaEntry, ...]
    measured: Mapping[str, dict[str, float]] = field(default_factory=dict)  # by an entry's name
    refused: Mapping[str, str] = field(default_factory=dict)  # a sentence by model

    def table(self) -> str:
        """Lines for a terminal."""
        width = max(len(name) for name in (*(one.name for one in self.entries), *self.refused))
        heads = ["cosine", "pair", "seconds", *(MEASURES if self.measured else ())]
        lines = [f"{'':{width}} " + " ".join(f"{head:>13}" for head in heads)]
        for one in self.entries:
            figures = [one.cosine, one.pair, one.seconds, *self.measured.get(one.name, {}).values()]
            lines.append(f"{one.name:{width}} " + " ".join(map(_figure, figures)))
        lines += [f"{name:{width}} {why}" for name, why in self.refused.items()]
        lines += [f"{one.name}: {one.remark}" for one in self.entries if one.remark]
        truth = f"the truth of {self.finding}" if self.measured else "no truth: maps not measured"
        return "\n".join([*lines, f"“{self.text}”, {truth}. Scores of two models do not compare."])

    def to_json(self) -> dict[str, Any]:
        """text, finding, models {name: method, cosine, pair, seconds, measures}, refused."""
        return {
            "text": self.text, "finding": self.finding,
            "models": {
                one.name: {
                    "method": one.method, "cosine": one.cosine, "pair": one.pair,
                    "seconds": one.seconds, "measures": self.measured.get(one.name, {}),
                    "remark": one.remark,
                }
                for one in self.entries
            },
            "refused": dict(self.refused),
        }  # fmt: skip


def model_entry(
    predictor: Predictor,
    image: NDArray[np.floating],
    text: str,
    method: str = "lrclr",
    seed: int = 0,
    anyway: bool = False,
) -> ArenaEntry:
    """A model's map and scores of one film (H, W) in 0..255, timed.

    Args:
        method: of `core.attribution.METHODS`, or a choice in words.
        anyway: also where the model does not know the words.

    Raises:
        ExplorerError: a text that is no prompt or whose words the model does not know, or no such
            method for this model.
    """
    check, backbone = check_words(text), predictor.model.backbone
    if check.refuses(backbone) and not anyway:
        raise ExplorerError(check.sentence(backbone))
    prompts = text_prompts(text)
    predictor.encode_texts(prompts.all_texts())  # remembered: the clock runs for the film alone
    began = time.perf_counter()
    images = Images(predictor.model, lambda: backbone.preprocess(image)[None])
    maps = attribution_maps(method, predictor, images, [text], seed)
    scores = predictor.score(images.encoding, prompts)
    seconds = time.perf_counter() - began
    cosine = images.encoding.image_features[0] @ predictor.encode_texts([text]).text_features[0]
    return ArenaEntry(
        predictor.name, maps[0], (image.shape[0], image.shape[1]), backbone.preprocess,
        str(choose(method, predictor)), float(cosine), float(scores["pair"][0, 0]), seconds,
        check.sentence(backbone),
    )  # fmt: skip


def given_entry(given: GivenMaps, study: str, text: str, shape: tuple[int, int]) -> ArenaEntry:
    """What a model that is not here found for the findings of a text, or for the text itself.

    Raises:
        ExplorerError: nothing is said of the study, or what is said cannot be read.
    """
    labels = dict.fromkeys((*stated_findings(text), text))
    heat = np.maximum.reduce([given.of(study, label, shape) for label in labels])
    remark = "" if heat.any() else f"Nothing is marked as {' or '.join(labels)} here."
    return ArenaEntry(given.name, heat, shape, remark=remark)


def truth_of(
    masks: Mapping[str, Mask], text: str, finding: str | None = None
) -> tuple[str, Mask] | None:
    """The finding whose truth maps of a text are measured by, with its mask; None without truth.

    Args:
        masks: of the film, by finding.
        finding: to be measured by; by default the first that the text states.

    Raises:
        ExplorerError: `finding` is named and has no mask here.
    """
    there = {name: mask for name, mask in masks.items() if mask.any()}
    if finding is not None and finding not in there:
        names = ", ".join(there) or "none"
        raise ExplorerError(
            f"There is no truth of '{finding[:60]}' on this film; there is {names}."
        )
    asked = (finding,) if finding is not None else stated_findings(text)
    return next(((name, there[name]) for name in asked if name in there), None)


def file_names(entries: tuple[ArenaEntry, ...]) -> list[str]:
    """A name for a file of each entry, without what a file system may not have; none twice.

    >>> no_map = np.zeros((1, 1), np.float32)
    >>> file_names((ArenaEntry("hf:a/b@384", no_map, (1, 1)), ArenaEntry("demo", no_map, (1, 1))))
    ['1-hf-a-b@384', '2-demo']
    """
    return [
        f"{number}-{_NO_NAME.sub('-', one.name).strip('-.')[:80]}"
        for number, one in enumerate(entries, start=1)
    ]


def _figure(value: float) -> str:
    return f"{'':>13}" if np.isnan(value) else f"{value:13.3f}"
