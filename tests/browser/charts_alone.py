"""The charts of a threshold in a page of their own: the component's files, without a server."""

from typing import Any

import component_alone
import numpy as np

from core.analysis.calibration import fit_calibrations
from core.analysis.reliability import calibration_report
from core.analysis.scored import ScoredSet, SetIdentity
from core.analysis.sweep import Sweep, sweep
from explorer.errors import threshold_table, threshold_view


def swept_scores(rows: int, resamples: int = 60) -> tuple[Sweep, str]:
    """Synthetic scores of one finding, two films a patient, and the table of them."""
    rng = np.random.default_rng(0)
    truth = (rng.random((rows, 1)) < 0.3).astype(float)
    scores = truth + rng.normal(0, 1.2, truth.shape)
    identity = SetIdentity("synthetic", "0" * 16, rows, rows // 2)
    ids = tuple(map(str, range(rows)))
    scored = ScoredSet(identity, ("Edema",), scores, truth, np.arange(rows),
                       np.arange(rows) // 2, ids)  # fmt: skip
    swept = sweep(scored, "Edema", resamples)
    fits = fit_calibrations(scored, n_bootstrap=20)
    holds = calibration_report(scored, fits, resamples).findings["Edema"]
    made = threshold_table.table(swept, fits["Edema"], holds, scores[:, 0], truth[:, 0])
    return swept, made


def start(swept: Sweep, score: float, serial: int = 1) -> dict[str, Any]:
    """Where the threshold begins, as the page says it."""
    return {"serial": serial, "score": score, "by_hand": False, "origin": ["By a rule."],
            "row": threshold_table.row(swept.at(score)), "moved": ["By hand: ", "optimistic"],
            }  # fmt: skip


def mount(page: Any, table: str, begun: dict[str, Any]) -> None:
    """Draw the charts; what Python would hear is in `window.told`."""
    component_alone.mount(page, threshold_view.browser_files(), threshold_view.HTML)
    page.evaluate("data => window.give(data)", {"table": table, "start": begun})


def shown(page: Any) -> dict[str, str]:
    """Counts, rates and ranges as they stand on the page, by name."""
    told: dict[str, str] = {}
    for kind in ("count", "rate", "range"):
        cells = page.locator(f"[data-{kind}]")
        for number in range(cells.count()):
            cell = cells.nth(number)
            told[f"{kind} {cell.get_attribute(f'data-{kind}')}"] = cell.inner_text()
    return told


def expected(swept: Sweep, score: float) -> dict[str, str]:
    """The same as Python has it."""
    told = swept.at(score)
    counts = {"found": told.true_positives, "alarms": told.false_positives,
              "missed": told.false_negatives, "rejected": told.true_negatives}  # fmt: skip
    said = {f"count {name}": str(count) for name, count in counts.items()}
    for name in threshold_table.NAMES:
        value, low, high = (f"{end:.2f}".replace("nan", "–").replace("-0.00", "0.00")
                            for end in told.rates[name])  # fmt: skip
        said[f"rate {name}"] = value
        said[f"range {name}"] = low if low == "–" else f"{low}–{high}"
    return said


def heard(page: Any) -> list[Any]:
    """What Python has heard since the page was drawn."""
    told: list[Any] = page.evaluate("window.told")
    return told
