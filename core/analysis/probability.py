"""What a model's kept calibrations make of one study's scores."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.calibration import Calibration, calibrations_of
from core.inference.prompts import PromptSet


@dataclass(frozen=True)
class Probability:
    """Of one finding in one study, with a 95 % interval over the patients it was fitted on."""

    value: float  # 0 to 1, as are the ends
    low: float
    high: float
    calibration: Calibration

    def words(self) -> str:
        """In per cent, as a table's cell has it."""
        value, low, high = (round(100 * end) for end in (self.value, self.low, self.high))
        return f"{value} % [{low}, {high}]"

    def source(self) -> str:
        """Which films it was fitted on, in a sentence; without folders."""
        fitted = self.calibration.fitted_on
        return f"fitted on {fitted.n} films of {fitted.patients} patients ({fitted.name})."

    def to_json(self) -> dict[str, Any]:
        """value, low, high and what it was fitted on."""
        fitted_on = self.calibration.fitted_on.to_json()
        return {"value": self.value, "low": self.low, "high": self.high, "fitted_on": fitted_on}


def kept_probabilities(
    model: str, model_hash: str, prompts: PromptSet, scores: NDArray[np.floating], drawn: bool
) -> dict[str, Probability]:
    """Probabilities of the findings that the model has a calibration for; empty without any.

    Args:
        scores: (F,) `lrclr` scores of a study, in the order of the prompts.
        drawn: whether the study is a phantom: what was fitted on films says nothing of drawings,
            and the other way round.

    Raises:
        ExplorerError: the file of calibrations is damaged.
    """
    kept = calibrations_of(model, model_hash, "lrclr", prompts)
    return {
        name: _probability(kept[name], score)
        for name, score in zip(prompts, scores, strict=True)
        if name in kept and kept[name].fitted_on.spec.startswith("phantom:") == drawn
    }


def _probability(calibration: Calibration, score: np.floating) -> Probability:
    value, low, high = (float(end) for end in calibration.probabilities(np.asarray(score)))
    return Probability(value, low, high, calibration)
