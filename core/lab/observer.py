"""A model beside the ideal observer: how much of what is in the film does its score use?

One anatomy is exposed again and again, with and without the finding, so that noise is all that
differs; the detectability index of the score is

    d'_model = mean difference / standard deviation over exposures,

pooled over anatomies, and its efficiency (d'_model / d'_ideal)^2 (Barlow, 1962; Tanner & Birdsall,
1958). Beside it d' over patients: what the score tells where anatomy differs, too, as in a clinic.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.attribution.randomised import cascade
from core.evaluation.study_scores import text_prompts
from core.inference.predictor import Predictor
from core.lab.bench import Bench, DrawnPatient
from core.lab.frame import SIZE
from core.lab.ideal import ideal_dprime
from core.lrclr.encodings import ImageEncoding
from core.metrics.bootstrap import Interval, interval, resamples
from core.phantom.detector import expose
from core.phantom.patient import NUMBERS, Patient, anatomies, finding_values, without_finding
from core.phantom.render import noise_source
from core.progress import Progress

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Observed:
    """One finding as model and ideal observer see it, over n anatomies."""

    patient: Patient
    scores: Array  # (n, 2, R): of each anatomy, without and with, R exposures
    ideal: Array  # (n,), d' of each anatomy

    def model(self, n_bootstrap: int = 1000, seed: int = 0) -> Interval:
        """d' of the model's score over exposures, with its interval over anatomies."""
        return self._over(n_bootstrap, seed, _within)

    def between(self, n_bootstrap: int = 1000, seed: int = 0) -> Interval:
        """d' of the model's score over patients: anatomy varies, too."""
        return self._over(n_bootstrap, seed, _across)

    def ideal_mean(self, n_bootstrap: int = 1000, seed: int = 0) -> Interval:
        """d' of the ideal observer: the root mean square over anatomies."""
        return self._over(n_bootstrap, seed, lambda scores, ideal: _rms(ideal))

    def efficiency(self, n_bootstrap: int = 1000, seed: int = 0) -> Interval:
        """(d'_model / d'_ideal)^2; 0 where the score falls with the finding."""
        return self._over(
            n_bootstrap, seed,
            lambda scores, ideal: _ratio(max(_within(scores, ideal), 0.0), _rms(ideal)),
        )  # fmt: skip

    def _over(self, n_bootstrap: int, seed: int, figure: Any) -> Interval:
        n = len(self.scores)
        draws = np.array([
            figure(np.repeat(self.scores, times, axis=0), np.repeat(self.ideal, times))
            for times in resamples(n, n_bootstrap, seed)
        ])  # fmt: skip
        return interval(figure(self.scores, self.ideal), draws)

    def to_json(self) -> dict[str, Any]:
        """patient, n, repeats, and value, low, high of model, ideal, efficiency, between."""
        return {
            "patient": str(self.patient), "n": len(self.scores), "repeats": self.scores.shape[2],
            "model": list(self.model()), "ideal": list(self.ideal_mean()),
            "efficiency": list(self.efficiency()), "between": list(self.between()),
        }  # fmt: skip


def observe(
    predictor: Predictor, patient: Patient, index: int, text: str, n: int = 8, repeats: int = 6,
    seed: int = 0, progress: Progress | None = None,
) -> Observed:  # fmt: skip
    """Expose n anatomies with and without a finding, and ask model and ideal observer.

    Args:
        index: number of the finding that is to be detected.
        n: anatomies, drawn at random by `seed`.
        repeats: exposures of each, with and without, at least 2; all have noise of their own.

    Raises:
        ExplorerError: the patient has no noise, or the text is empty.
    """
    bench, ideal = Bench(SIZE), np.zeros(n)
    scores = np.zeros((n, 2, repeats))
    for number, one in enumerate(anatomies(patient, n, seed)):
        pair = (without_finding(one, index), one)
        drawn = [bench.draw(side.case) for side in pair]
        ideal[number] = ideal_dprime(drawn[1], drawn[0], one.case)
        films = [
            exposed(drawn[side], pair[side], 1 + 2 * again + side)
            for side in (0, 1) for again in range(repeats)
        ]  # fmt: skip
        scores[number] = scores_of_films(predictor, films, text).reshape(2, repeats)
        if progress:
            progress(number + 1, n)
    return Observed(patient, scores, ideal)


def forgetful(predictor: Predictor, text: str, seed: int = 0) -> Predictor:
    """Control: the same model with every weight of its image side shuffled."""
    nothing = np.zeros((SIZE, SIZE), np.float32)
    pixels = predictor.model.backbone.preprocess(nothing)[None]
    texts = predictor.encode_texts([text])
    *_, (_, shuffled) = cascade(predictor.model, pixels, texts, steps=1, seed=seed)
    return Predictor(shuffled, f"{predictor.name}, shuffled")


def observer_table(observed: Sequence[Observed], change: str, index: int) -> str:
    """A line each: d' of model and ideal observer, efficiency, d' over patients."""
    lines = [f"{change or 'patient':>10} {'model d-prime':>22} {'ideal d-prime':>24} "
             f"{'efficiency':>26} {'over patients':>20}"]  # fmt: skip
    for one in observed:
        value = _value_of(one.patient, change, index)
        model, ideal, between = one.model(), one.ideal_mean(), one.between()
        lines.append(
            f"{value:>10} {_told(model, 1):>22} {_told(ideal, 1):>24} "
            f"{_told(one.efficiency(), 4):>26} {_told(between, 1):>20}"
        )
    n, _, repeats = observed[0].scores.shape
    lines.append(
        f"n = {n} anatomies, {repeats} exposures each with and without; 95 % bootstrap intervals "
        "over anatomies. Model and ideal: noise alone differs; over patients: anatomy, too."
    )
    return "\n".join(lines)


def _value_of(patient: Patient, change: str, index: int) -> str:
    own = getattr(patient, change, None) if change in NUMBERS else None
    value = finding_values(patient.findings[index]).get(change) if own is None else own
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _told(figure: Interval, digits: int) -> str:
    return " ".join([f"{figure.value:.{digits}f}",
                     f"[{figure.low:.{digits}f} {figure.high:.{digits}f}]"])  # fmt: skip


def exposed(drawn: DrawnPatient, patient: Patient, repeat: int) -> NDArray[np.uint8]:
    """Another exposure of a patient that is drawn already."""
    case = replace(patient, repeat=repeat).case
    size = drawn.raster.size
    return expose(drawn.line, drawn.raster, case, noise_source(case, size))


def scores_of_films(predictor: Predictor, films: Sequence[NDArray[np.uint8]], text: str) -> Array:
    """Scores (n,) of films for a text against its negation."""
    encoded = ImageEncoding.cat([predictor.encode_image(film.astype(np.float32)) for film in films])
    return predictor.score(encoded, text_prompts(text))["lrclr"][:, 0].astype(np.float64)


def _within(scores: Array, ideal: Array) -> float:
    """Of noise alone: mean over anatomies, pooled variance of the exposures."""
    difference = scores[:, 1].mean(axis=1) - scores[:, 0].mean(axis=1)
    return _ratio_of(difference.mean(), float(scores.var(axis=2, ddof=1).mean()))


def _across(scores: Array, ideal: Array) -> float:
    """Of patients: each side's variance over all its films."""
    sides = scores.transpose(1, 0, 2).reshape(2, -1)
    return _ratio_of(sides[1].mean() - sides[0].mean(), float(sides.var(axis=1, ddof=1).mean()))


def _ratio_of(difference: float, variance: float) -> float:
    return float(difference) / variance**0.5 if variance > 0 else float("nan")


def _rms(values: Array) -> float:
    return float(np.sqrt((values**2).mean()))


def _ratio(model: float, ideal: float) -> float:
    return (model / ideal) ** 2 if ideal > 0 else float("nan")
