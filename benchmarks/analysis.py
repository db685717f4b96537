"""What error analysis costs, and that the cost grows linearly with the films.

    OMP_NUM_THREADS=1 python benchmarks/analysis.py [--rows 20000 200000] [--n-bootstrap 100]

Synthetic scores and labels of one finding, two films a patient. Prints CPU seconds of this process
and microseconds a film; the AUC in resamples beside scikit-learn's `roc_auc_score` in a loop over
as many resamples, as a ratio, the largest difference between both, and the most memory.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from machine import machine, peak_gib
from sklearn.metrics import roc_auc_score

from core.analysis.calibration import fit_calibrations
from core.analysis.delong import delong
from core.analysis.errors import error_report
from core.analysis.ranked import Ranked, curve_draws
from core.analysis.reliability import calibration_report
from core.analysis.scored import ScoredSet, SetIdentity
from core.analysis.slices import slice_report
from core.analysis.threshold import fit_thresholds, parse_rule
from core.metrics.bootstrap import Draws, resampled_parts

LOOPED = 10  # resamples of scikit-learn's at most, which are then counted as the others


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--n-bootstrap", type=int, default=100)
    chosen = parser.parse_args()
    print(machine())
    print(f"{chosen.n_bootstrap} resamples")
    print(f"{'films':>8} {'what':34} {'CPU s':>8} {'us a film':>9}")
    for rows in chosen.rows:
        measure(rows, chosen.n_bootstrap)
        print(f"{rows:8d} most memory so far {peak_gib():.2f} GiB", flush=True)


def measure(rows: int, count: int) -> None:
    """Every part on sets of `rows` films."""
    cases = synthetic(rows)
    truth, score = cases.of("Edema")
    other = score + np.random.default_rng(1).normal(0, 1, rows)
    limits = fit_thresholds(parse_rule("youden"), cases)
    rng = np.random.default_rng(2)
    values = [["AP", "PA"], ["F", "M"], ["a", "b", "c", "d", "e"]]
    columns = {
        name: rng.choice(np.array(told, object), rows)
        for name, told in zip(("view", "sex", "site"), values, strict=True)
    }
    seconds("draw patients", rows, lambda: sum(len(part) for part in drawn(cases, count)))
    ours, auc = seconds("AUC, ROC, precision in resamples", rows, lambda: curves(cases, count))
    some = min(LOOPED, count)
    theirs, looped = seconds(
        f"  scikit-learn, {some} resamples, AUC alone", rows, lambda: loop(cases, some)
    )
    apart = np.abs(auc[:some] - looped).max()
    ratio = theirs / some * count / ours
    print(f"{'':8} a resample of scikit-learn's AUC costs {ratio:.1f} times one of ours with ROC")
    print(f"{'':8} and precision; the AUC differs by {apart:.1g} at most")
    seconds("errors", rows, lambda: error_report(cases, limits, count))
    seconds("DeLong", rows, lambda: delong(truth, score, other, cases.patients))
    for metric in ("auc", "error"):
        for pairs in (False, True):
            title = f"slices, {metric}, {'3 columns and pairs' if pairs else '3 columns'}"
            seconds(title, rows, lambda metric=metric, pairs=pairs: slice_report(
                cases, "Edema", columns, None, metric, limits["Edema"], 20, pairs, count
            ))  # fmt: skip
    _, fitted = seconds("sigmoid, 10 fits", rows, lambda: fit_calibrations(cases, "sigmoid", 10))
    seconds("calibration judged", rows, lambda: calibration_report(cases, fitted, count))


def synthetic(rows: int) -> ScoredSet:
    """One finding in a fifth of the films, AUC about 0.84."""
    rng = np.random.default_rng(0)
    truth = (rng.random((rows, 1)) < 0.2).astype(float)
    scores = 1.4 * truth + rng.normal(0, 1, truth.shape)
    identity = SetIdentity("synthetic", "0" * 16, rows, rows // 2)
    ids = tuple(map(str, range(rows)))
    return ScoredSet(
        identity, ("Edema",), scores, truth, np.arange(rows), np.arange(rows) // 2, ids
    )


def drawn(cases: ScoredSet, count: int) -> Iterator[Draws]:
    """Resamples, some at a time."""
    return resampled_parts(len(cases), count, 0, cases.patients)


def curves(cases: ScoredSet, count: int) -> np.ndarray:
    """AUC of every resample, on the way to ROC and precision."""
    ranked = Ranked.of(*cases.of("Edema"))
    parts = [curve_draws(ranked.counts(part)).auc for part in drawn(cases, count)]
    return np.concatenate(parts)


def loop(cases: ScoredSet, count: int) -> np.ndarray:
    """AUC of the first resamples by scikit-learn, each drawn out."""
    truth, score = cases.of("Edema")
    weights = np.concatenate(list(drawn(cases, count)))
    return np.array([roc_auc_score(np.repeat(truth, w), np.repeat(score, w)) for w in weights])


def seconds(what: str, rows: int, run: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of a run, printed, and its result."""
    started = time.process_time()
    result = run()
    spent = time.process_time() - started
    print(f"{rows:8d} {what:34} {spent:8.2f} {spent / rows * 1e6:9.1f}", flush=True)
    return spent, result


if __name__ == "__main__":
    main()
