"""Probes: of two texts that differ in one thing, does the image choose the true one?

Pairs are made from a set's own sentences: a sentence that is known to be true, and the same with
one thing changed that is known to be false (its side, lobe, degree, count, device, a negation, the
sides of two findings). "Known" is by the facts of each study, which for phantoms are exact; after
Winoground (Thrush et al., CVPR 2022) and ARO (Yuksekgonul et al., ICLR 2023). Chance is 0.5.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.inference.prompts import prompts_for
from core.inference.zero_shot import mix
from core.language.contradict import contradictions
from core.language.facts import Facts
from core.language.reader import read
from core.lrclr.encodings import ImageEncoding
from core.metrics.bootstrap import Interval, interval, resamples
from core.studies import StudySet

SCORES = ("global", "local", "match", "lrclr")
SWAPPED = "sides-swapped"
_AT_ONCE = 32  # pairs
_MOST = 600  # of one probe


@dataclass(frozen=True)
class TextPair:
    """Two texts about one study of which exactly the first is true."""

    row: int
    true: str
    false: str
    probe: str  # of `core.language.contradict.CHANGES`


@dataclass(frozen=True)
class ProbeReport:
    """Share of pairs in which the true text scores higher, ties one half."""

    n: dict[str, int]  # probe -> pairs
    accuracy: dict[str, dict[str, Interval]]  # probe -> score -> share, resampling patients
    zero: dict[str, dict[str, float]]  # finding -> score -> balanced accuracy at zero

    def to_json(self) -> dict[str, object]:
        """As the command writes it."""
        probes = {
            probe: {"n": self.n[probe],
                    "accuracy": {name: value._asdict() for name, value in scores.items()}}
            for probe, scores in self.accuracy.items()
        }  # fmt: skip
        return {"probes": probes, "mean": self.mean(), "zero": self.zero}

    def mean(self) -> dict[str, float]:
        """Mean over the probes of each score."""
        rows = self.accuracy.values()
        return {name: float(np.mean([row[name].value for row in rows])) for name in SCORES}

    def table(self) -> str:
        """To be read in a terminal."""
        lines = [f"{'probe':24}{'n':>6}" + "".join(f"{name:>24}" for name in SCORES)]
        for probe, scores in self.accuracy.items():
            cells = (f"{s.value:.3f} [{s.low:.3f}, {s.high:.3f}]" for s in scores.values())
            lines.append(f"{probe:24}{self.n[probe]:6}" + "".join(f"{cell:>24}" for cell in cells))
        means = "".join(f"{value:>24.3f}" for value in self.mean().values())
        lines += [f"{'mean of the probes':30}{means}", "", "Sense at zero, balanced accuracy:"]
        for finding, shares in self.zero.items():
            cells_at_zero = "".join(f"{shares[name]:>24.3f}" for name in SCORES)
            lines.append(f"{finding:30}{cells_at_zero}")
        return "\n".join(lines)


def pairs_of(studies: StudySet, seed: int = 0) -> list[TextPair]:
    """Every pair that the reports of a set give, at most 600 of each probe, drawn by the seed."""
    rng = np.random.default_rng(seed)
    by_probe: dict[str, dict[tuple[int, str, str], None]] = defaultdict(dict)
    for row, (facts, report) in enumerate(zip(studies.facts(), studies.reports, strict=True)):
        for text in report:
            if facts.truth(read(text)) != 1:
                continue
            for other, change in contradictions(text, rng, report):
                if facts.truth(read(other)) == 0:
                    by_probe[change][row, text, other] = None
        for true, false in _swapped(facts):
            by_probe[SWAPPED][row, true, false] = None
    pairs = []
    for probe, found in sorted(by_probe.items()):
        chosen = rng.permutation(len(found))[:_MOST]
        listed = list(found)
        pairs += [TextPair(*listed[int(place)], probe) for place in sorted(chosen)]
    return pairs


def _swapped(facts: Facts) -> list[tuple[str, str]]:
    """Two findings on opposite sides, named right and the wrong way round."""
    texts = []
    for one, two in facts.opposed:
        true = f"{one.side} {_noun(one.finding)} and {two.side} {_noun(two.finding)}"
        false = f"{two.side} {_noun(one.finding)} and {one.side} {_noun(two.finding)}"
        if facts.truth(read(true)) == 1 and facts.truth(read(false)) == 0:
            texts.append((true, false))
    return texts


def _noun(finding: str) -> str:
    return {"Lung Lesion": "lung nodule or mass", "Support Devices": "device"}.get(
        finding, finding.lower()
    )


def probe(
    predictor: Predictor,
    studies: StudySet,
    images: ImageEncoding | None = None,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> ProbeReport:
    """Accuracy of every score on every probe that the set's reports give.

    Args:
        images: the encodings of `studies`, where they are there already.
        seed: of the pairs' draw and of the resamples.

    Raises:
        ExplorerError: the reports give no pair.
    """
    pairs = pairs_of(studies, seed)
    if not pairs:
        raise ExplorerError(
            f"The reports of '{studies.spec}' give no pair of a true and a false sentence; "
            "choose a set whose reports name findings, such as phantom:test."
        )
    images = predictor.encode_set(studies) if images is None else images
    margins = _margins(predictor, images, pairs)
    rows = np.array([pair.row for pair in pairs])
    names = np.array([pair.probe for pair in pairs])
    weights = resamples(len(studies), n_bootstrap, seed, studies.patients)
    accuracy = {
        name: {score: _share(values[names == name], weights[:, rows[names == name]])
               for score, values in margins.items()}
        for name in sorted(set(names.tolist()))
    }  # fmt: skip
    counts = {name: int((names == name).sum()) for name in accuracy}
    return ProbeReport(counts, accuracy, _at_zero(predictor, studies, images))


def _share(margin: NDArray[np.float64], weights: NDArray[np.integer]) -> Interval:
    right = (margin > 0) + 0.5 * (margin == 0)
    count = weights.sum(axis=1)
    draws = np.divide(weights @ right, count, out=np.full(len(count), np.nan), where=count > 0)
    return interval(float(right.mean()), draws)


@torch.no_grad()
def _margins(
    predictor: Predictor, images: ImageEncoding, pairs: list[TextPair]
) -> dict[str, NDArray[np.float64]]:
    """Score of the true text less that of the false one, (n,) for each of SCORES."""
    model, made = predictor.model, {name: list[float]() for name in SCORES}
    for start in range(0, len(pairs), _AT_ONCE):
        some = pairs[start : start + _AT_ONCE]
        texts = predictor.encode_texts([text for pair in some for text in (pair.true, pair.false)])
        own = images.rows(torch.tensor([pair.row for pair in some]))
        reading = model.read(own, texts)
        cosine = model.cosines(own, texts.text_features)
        parts = {"global": cosine.mean(dim=0), "local": reading.local, "match": reading.match}
        parts["lrclr"] = mix(parts, model.config.mix, model.config.spread)
        place = torch.arange(len(some))
        for name, scores in parts.items():
            margin = scores[place, 2 * place] - scores[place, 2 * place + 1]
            made[name] += margin.double().tolist()
    return {name: np.array(values) for name, values in made.items()}


def _at_zero(
    predictor: Predictor, studies: StudySet, images: ImageEncoding
) -> dict[str, dict[str, float]]:
    """Balanced accuracy of "the positive prompt scores higher" for each finding and score."""
    labels = studies.labels
    names = [name for name in labels.columns if labels[name].nunique(dropna=True) == 2]
    scores = predictor.score(images, prompts_for(names)) if names else {}
    found: dict[str, dict[str, float]] = {}
    for column, name in enumerate(names):
        truth = labels[name].to_numpy(float)
        found[name] = {
            score: float(np.mean([(scores[score][truth == 1, column] > 0).mean(),
                                  (scores[score][truth == 0, column] <= 0).mean()]))
            for score in SCORES
        }  # fmt: skip
    return found
