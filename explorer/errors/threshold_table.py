"""One finding at every threshold, as the charts in the browser take it: JSON, sent once.

What is shown is rounded here, so that the browser shows the figures of `Sweep.at` and no others.
"""

import json
import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from core.analysis.calibration import Calibration
from core.analysis.confusion import Confusion
from core.analysis.errors import Curve
from core.analysis.ranked import GRID
from core.analysis.reliability import Reliability
from core.analysis.sweep import Sweep
from core.metrics.bootstrap import Interval

Array = NDArray[np.float64]
Row = list[int | None]

NAMES = {"sensitivity": "Sensitivity", "specificity": "Specificity", "ppv": "PPV", "npv": "NPV",
         "f1": "F1"}  # fmt: skip
"""Rates that are shown, and how they are called."""
_BINS = 40


def table(swept: Sweep, probability: Calibration, holds: Reliability, score: Array,
          truth: Array) -> str:  # fmt: skip
    """All that the charts of a finding show, at up to 1,000 thresholds and at none.

    Args:
        probability: fitted where thresholds are.
        holds: how its probabilities hold on the shown films.
        score: (n,), with `truth` (n,) of 0 and 1.
    """
    return json.dumps({
        "thresholds": swept.stops.tolist(), "complete": swept.complete,
        "rows": [row(told) for told in swept.at_stops()],
        "positives": swept.positives, "negatives": swept.n - swept.positives,
        "names": NAMES, "roc": _curve(swept.roc), "precision": _curve(swept.precision),
        "histogram": _histogram(score, truth), "calibration": _bins(holds),
        "knots": probability.knots.tolist(), "chances": probability.probability.tolist(),
        "captions": _captions(swept, holds), "alts": _alts(swept, holds),
    }, separators=(",", ":"), allow_nan=False)  # fmt: skip


def row(told: Confusion) -> Row:
    """Films found and false alarms; then value, low and high of each of NAMES, in hundredths."""
    ends = (end for name in NAMES for end in told.rates[name])
    return [told.true_positives, told.false_positives, *map(_hundredths, ends)]


def _hundredths(value: float) -> int | None:
    """As a number is written with two digits; None where nothing is counted.

    >>> _hundredths(0.125), _hundredths(0.135), _hundredths(float("nan"))
    (12, 14, None)
    """
    return None if math.isnan(value) else round(100 * float(f"{value:.2f}"))


def _curve(curve: Curve) -> dict[str, list[float | None]]:
    return {"x": _numbers(GRID), "y": _numbers(curve.y), "low": _numbers(curve.low),
            "high": _numbers(curve.high)}  # fmt: skip


def _histogram(score: Array, truth: Array) -> dict[str, list[float]]:
    """Films without the finding and with it, in the same bins."""
    edges = np.histogram_bin_edges(score, _BINS)
    without, having = (np.histogram(score[truth == label], edges)[0] for label in (0, 1))
    return {"edges": edges.tolist(), "without": without.tolist(), "having": having.tolist()}


def _bins(holds: Reliability) -> list[dict[str, float | None]]:
    return [
        dict(zip(("n", "said", "is", "low", "high"),
                 [one.n, *_numbers([one.predicted, *one.observed])], strict=True))
        for one in holds.bins
    ]  # fmt: skip


def _numbers(values: Iterable[float]) -> list[float | None]:
    """To four digits; None for what is not known, since JSON has no NaN."""
    return [None if math.isnan(value) else round(float(value), 4) for value in values]


def _captions(swept: Sweep, holds: Reliability) -> dict[str, tuple[str, str]]:
    return {
        "roc": ("ROC", f", AUC {_figure(swept.auc)}"),
        "precision": ("Precision", f", average {_figure(swept.average_precision)}"),
        "histogram": ("Scores", f", {swept.positives} of {swept.n} with it"),
        "calibration": ("Calibration", f", ECE {holds.ece.value:.2f}"),
    }


def _alts(swept: Sweep, holds: Reliability) -> dict[str, str]:
    """What each chart shows; the browser adds where the threshold is."""
    name, average = swept.finding, _figure(swept.average_precision)
    return {
        "roc": f"ROC of {name} with its band, AUC {_figure(swept.auc)}",
        "precision": f"Precision over recall of {name} with its band, average {average}",
        "histogram": f"Histogram of the scores for {name}, of films with and without it",
        "calibration": f"Share with {name} over the probability said, in {len(holds.bins)} bins; "
        f"Brier {holds.brier.value:.3f}",
    }


def _figure(figure: Interval) -> str:
    if math.isnan(figure.low):  # not known, or not yet
        return f"{figure.value:.2f}"
    return f"{figure.value:.2f} [{figure.low:.2f} {figure.high:.2f}]"
