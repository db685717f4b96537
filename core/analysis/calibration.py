"""From a score to a probability: fitted on a validation set, with a band, and kept in a file.

A zero-shot score is no probability. A calibration is one only for films like those it was fitted
on, of which it carries name and fingerprint wherever it goes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.scored import ScoredSet, SetIdentity
from core.errors import ExplorerError
from core.files import write_text_whole
from core.inference.prompts import PromptSet
from core.lrclr.folders import model_folder
from core.metrics.bootstrap import resampled_parts
from core.paths import calibrations_dir
from core.progress import Progress

Array = NDArray[np.float64]

METHODS: dict[str, str] = {
    "temperature": "the score, scaled (Guo et al., ICML 2017); zero stays one half",
    "sigmoid": "the score, scaled and shifted (Platt, 1999)",
    "isotonic": "any rising steps (Zadrozny & Elkan, KDD 2002); wants many films",
}
"""Ways to fit a probability."""

_KNOTS = 101  # quantiles of the fitted scores between which lines are drawn
_VERSION = 1
_FILE = "calibration.json"
_NEWTON_STEPS, _SMALL_STEP = 100, 1e-7
_NEAR = 0.5  # of a logit


@dataclass(frozen=True)
class Calibration:
    """Probability of one finding by score, between knots, with a 95 % band over patients."""

    finding: str
    method: str
    knots: Array  # (K,) scores, rising
    probability: Array  # (K,)
    low: Array
    high: Array
    fitted_on: SetIdentity
    n: int
    positives: int

    def probabilities(self, scores: NDArray[np.floating]) -> tuple[Array, Array, Array]:
        """Probability, low and high of scores (n,); beyond the fitted ones, those of the ends."""
        value, low, high = (
            np.interp(scores, self.knots, y) for y in (self.probability, self.low, self.high)
        )
        return value, low, high

    def optimistic(self, shown: SetIdentity) -> bool:
        """Whether it was fitted on the very films that it is shown on."""
        return self.fitted_on.fingerprint == shown.fingerprint

    def to_json(self) -> dict[str, Any]:
        """Everything, arrays as lists."""
        arrays = {key: getattr(self, key).tolist()
                  for key in ("knots", "probability", "low", "high")}  # fmt: skip
        return {"method": self.method, "n": self.n, "positives": self.positives,
                "fitted_on": self.fitted_on.to_json(), **arrays}  # fmt: skip

    @classmethod
    def from_json(cls, finding: str, values: Mapping[str, Any]) -> "Calibration":
        """What `to_json` gave; `KeyError`, `TypeError` or `ValueError` where it did not."""
        arrays = [np.array(values[key], float) for key in ("knots", "probability", "low", "high")]
        shapes = {array.shape for array in arrays}
        sound = len(shapes) == 1 and arrays[0].ndim == 1 and len(arrays[0]) > 1
        if not sound or not all(np.isfinite(array).all() for array in arrays):
            raise ValueError("curves of different lengths, or not finite")
        if (np.diff(arrays[0]) < 0).any() or any(a.min() < 0 or a.max() > 1 for a in arrays[1:]):
            raise ValueError("knots that fall, or no probabilities")
        fitted_on = SetIdentity(**values["fitted_on"])
        return cls(finding, str(values["method"]), arrays[0], arrays[1], arrays[2], arrays[3],
                   fitted_on, int(values["n"]), int(values["positives"]))  # fmt: skip


def fit_calibrations(
    scored: ScoredSet, method: str = "sigmoid", n_bootstrap: int = 200, seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Calibration]:  # fmt: skip
    """A calibration of each finding of a set.

    Args:
        n_bootstrap: resamples behind the band; each is fitted anew.
        progress: called with (done, total) findings.

    Raises:
        ExplorerError: no such method.
    """
    check_method(method)
    fitted = {}
    for done, finding in enumerate(scored.findings, start=1):
        truth, score = scored.of(finding)
        knots = np.unique(np.quantile(score, np.linspace(0, 1, _KNOTS)))
        if len(knots) < 2:
            knots = np.array([knots[0], np.nextafter(knots[0], np.inf)])
        value, begin = fitted_curve(method, truth, score, np.ones(len(truth)), knots), None
        if method == "sigmoid":  # what resamples are fitted from: theirs are near
            begin = _platt(truth, score, np.ones(len(truth)))
        draws = []
        patients = scored.patients[scored.known(finding)]
        for part in resampled_parts(len(truth), n_bootstrap, seed, patients):
            for weights in part:
                drawn = weights > 0
                if 0 < truth[drawn].sum() < drawn.sum():
                    y, s, w = truth[drawn], score[drawn], weights[drawn].astype(float)
                    draws.append(fitted_curve(method, y, s, w, knots, begin))
        low, high = np.quantile(draws or [value], [0.025, 0.975], axis=0)
        fitted[finding] = Calibration(finding, method, knots, value, low, high, scored.identity,
                                      len(truth), int(truth.sum()))  # fmt: skip
        if progress:
            progress(done, len(scored.findings))
    return fitted


def check_method(method: str) -> None:
    """Refuse a method that there is not.

    Raises:
        ExplorerError: naming those that there are.
    """
    if method not in METHODS:
        raise ExplorerError(f"There is no calibration '{method}'; choose {', '.join(METHODS)}.")


def fitted_curve(
    method: str, truth: Array, score: Array, weights: Array, at: Array,
    begin: tuple[float, float] | None = None,
) -> Array:  # fmt: skip
    """Probability at some scores (K,), fitted on weighted cases (n,) of both classes.

    Args:
        begin: slope and shift that a sigmoid is sought from; quicker where they are near.
    """
    from scipy.special import expit

    if method == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        steps = IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1)
        return np.asarray(steps.fit(score, truth, weights).predict(at), np.float64)
    if method == "temperature":
        return np.asarray(expit(_inverse_temperature(truth, score, weights) * at), np.float64)
    slope, shift = _platt(truth, score, weights, begin)
    return np.asarray(expit(slope * at + shift), np.float64)


def _inverse_temperature(truth: Array, score: Array, weights: Array) -> float:
    """As scikit-learn's: the least log loss, its logarithm between -10 and 10."""
    from scipy.optimize import minimize_scalar

    sign = 2 * truth - 1

    def log_loss(log_beta: float) -> float:
        return float(weights @ np.logaddexp(0, -np.exp(log_beta) * sign * score))

    return float(np.exp(minimize_scalar(log_loss, bounds=(-10, 10)).x))


def _platt(
    truth: Array, score: Array, weights: Array, begin: tuple[float, float] | None = None
) -> tuple[float, float]:
    """Slope and shift; targets drawn in a little, so that parted classes have a finite slope.

    Newton's steps, halved where they overshoot: a band takes hundreds of fits.
    """
    from scipy.special import expit

    positives, negatives = float(weights @ truth), float(weights @ (1 - truth))
    target = np.where(truth == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    centre, spread = float(score.mean()), float(score.std()) or 1.0
    design = np.column_stack([(score - centre) / spread, np.ones(len(score))])

    def loss(coefficients: Array) -> float:
        logit = design @ coefficients
        return float(weights @ (np.logaddexp(0, logit) - target * logit))

    fitted = np.zeros(2)
    if begin:
        fitted[:] = begin[0] * spread, begin[1] + begin[0] * centre
    for _ in range(_NEWTON_STEPS):
        chance = expit(design @ fitted)
        slope_of_loss = design.T @ (weights * (chance - target))
        curvature = (design * (weights * chance * (1 - chance))[:, None]).T @ design
        step = np.linalg.solve(curvature + 1e-9 * np.eye(2), slope_of_loss)
        # A step that moves no logit far cannot overshoot: the curvature is nearly the same there.
        if np.abs(design @ step).max() > _NEAR:
            before = loss(fitted)
            while loss(fitted - step) > before and np.abs(step).max() > _SMALL_STEP:
                step /= 2
        fitted -= step
        if np.abs(step).max() <= _SMALL_STEP:
            break
    slope = float(fitted[0]) / spread
    return slope, float(fitted[1]) - slope * centre


def calibration_file(model: str, model_hash: str) -> Path:
    """Where a model's calibrations are kept: in its folder, beside its file, or by its hash."""
    return kept_file(model, model_hash, "calibration")


def kept_file(model: str, model_hash: str, kind: str) -> Path:
    """Where what was measured of a model is kept: in its folder, beside its file, or by its hash.

    Args:
        kind: `calibration` or another one, which names the file.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        return path / f"{kind}.json"
    if path.is_file():
        return path.with_name(f"{path.name}.{kind}.json")
    ending = ".json" if kind == "calibration" else f".{kind}.json"
    return calibrations_dir() / f"{model_hash[:24]}{ending}"


def keep_calibrations(
    path: Path, calibrations: Mapping[str, Calibration], model_hash: str, score: str,
    prompts: PromptSet,
) -> None:  # fmt: skip
    """Write calibrations of one model, score and prompts; whole, or the file stays as it was."""
    told = {
        "version": _VERSION, "model_hash": model_hash, "score": score,
        "findings": {name: {**one.to_json(), "prompts": _prompts_hash(prompts, name)}
                     for name, one in calibrations.items()},
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text_whole(path, json.dumps(told, indent=1) + "\n")


def calibrations_of(
    model: str, model_hash: str, score: str, prompts: PromptSet
) -> dict[str, Calibration]:
    """Calibrations that were kept here for a model, else those that the model came with.

    Raises:
        ExplorerError: the file is damaged.
    """
    own = kept_calibrations(calibration_file(model, model_hash), model_hash, score, prompts)
    folder = model_folder(model)
    if own or folder is None:
        return own
    return kept_calibrations(folder / _FILE, model_hash, score, prompts)


def kept_calibrations(
    path: Path, model_hash: str, score: str, prompts: PromptSet
) -> dict[str, Calibration]:
    """Calibrations kept for this very model and score, of findings with these very prompts.

    Empty where nothing is kept, or for another model or score.

    Raises:
        ExplorerError: the file is damaged.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["version"] != _VERSION or told["model_hash"] != model_hash:
            return {}
        if told["score"] != score:
            return {}
        return {
            name: Calibration.from_json(name, values)
            for name, values in told["findings"].items()
            if name in prompts and values["prompts"] == _prompts_hash(prompts, name)
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError, UnicodeDecodeError):
        raise ExplorerError(
            f"{path} is no calibration, or damaged; remove it and run `python -m core calibrate "
            "--keep` again."
        ) from None


def _prompts_hash(prompts: PromptSet, finding: str) -> str:
    told = prompts[finding]
    return sha256(repr((told.positive, told.negative)).encode()).hexdigest()[:16]
