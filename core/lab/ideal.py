"""The ideal observer: what could be known from the film at best, before any model.

The phantom's signal and noise are known exactly: the mean signal of each pixel with and without a
finding, and noise that knows nothing of its neighbours (`core.phantom.detector.noise_sd`). For such
noise the likelihood ratio is the prewhitening matched filter, and its detectability index is

    d'^2 = sum over pixels of (s1 - s0)^2 / sigma^2

(Barrett & Myers, Foundations of Image Science, 2004, chapter 13: signal and background known
exactly). sigma^2 is the mean of the noise with and without. The observer knows this very anatomy; a
reader who does not has less. It reads the detector, whose values the picture's 8 bits only round.
"""

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.lab.bench import DrawnPatient
from core.phantom.case import Case
from core.phantom.detector import mean_signal, noise_sd


def ideal_dprime(present: DrawnPatient, absent: DrawnPatient, case: Case) -> float:
    """d' of the ideal observer who is to tell two drawings of one anatomy apart.

    Args:
        case: whose exposure and noise the film has.

    Raises:
        ExplorerError: without noise anything is told apart for certain.
    """
    template, difference = matched_filter(present, absent, case)
    return float(np.sqrt(np.sum(template * difference)))


def matched_filter(
    present: DrawnPatient, absent: DrawnPatient, case: Case
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The prewhitened template (S, S) and the difference of the mean signals (S, S).

    Raises:
        ExplorerError: as `ideal_dprime`.
    """
    if case.noise <= 0:
        raise ExplorerError(
            "Without noise an ideal observer has no limit; set the patient's noise above 0."
        )
    raster = present.raster
    one, none = mean_signal(present.line, raster), mean_signal(absent.line, raster)
    variance = (noise_sd(one, raster, case) ** 2 + noise_sd(none, raster, case) ** 2) / 2
    difference = (one - none).astype(np.float64)
    return difference / variance, difference
