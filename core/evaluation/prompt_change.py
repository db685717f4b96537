"""What an edit of the prompts changes: AUC of each edited finding, paired on the same studies."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.inference.prompts import PromptSet
from core.metrics.auc import paired_auc_difference, roc_auc
from core.metrics.bootstrap import Interval
from core.studies import StudySet


@dataclass(frozen=True)
class AucChange:
    """One finding whose prompts differ."""

    positives: int
    negatives: int
    before: float  # AUC
    after: float
    change: Interval  # of AUC, after less before


@dataclass(frozen=True)
class PromptChange:
    """What `python -m core prompts` prints; findings whose prompts are the same are not in it."""

    findings: dict[str, AucChange]
    left_out: tuple[str, ...] = ()  # edited findings without both labels in the set

    def to_json(self) -> dict[str, Any]:
        """findings {finding: {positives, negatives, before, after, change {value, low, high}}}.

        And `left_out`, the edited findings that the set cannot judge.
        """
        return {
            "findings": {
                name: {
                    "positives": edit.positives, "negatives": edit.negatives,
                    "before": edit.before, "after": edit.after, "change": edit.change._asdict(),
                }
                for name, edit in self.findings.items()
            },
            "left_out": list(self.left_out),
        }  # fmt: skip

    def table(self) -> str:
        """One line an edited finding."""
        lines = [f"{'AUC':26} {'n+':>5} {'before':>7} {'after':>7}  change with its 95 % interval"]
        for name, edit in self.findings.items():
            value, low, high = edit.change
            lines.append(
                f"{name:26} {edit.positives:5d} {edit.before:7.3f} {edit.after:7.3f}  "
                f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"
            )
        if self.left_out:
            lines.append(f"Without both classes here, so left out: {', '.join(self.left_out)}.")
        return "\n".join(lines)


def prompt_change(
    studies: StudySet,
    before: tuple[PromptSet, NDArray[np.floating]],
    after: tuple[PromptSet, NDArray[np.floating]],
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> PromptChange:
    """Compare two sets of prompts on the findings that both have and whose prompts differ.

    Args:
        before: prompts with their scores (n, F) of the set; NaN where an image cannot be read.
        after: the same of the edited prompts.
        n_bootstrap: resamples behind each interval, the same patients for both.
    """
    old, old_scores = before
    new, new_scores = after
    labels, columns = studies.labels, list(old)
    findings: dict[str, AucChange] = {}
    left_out = []
    for column, name in enumerate(new):
        if name not in old or new[name] == old[name]:
            continue
        first = old_scores[:, columns.index(name)].astype(float)
        second = new_scores[:, column].astype(float)
        labelled = labels[name].to_numpy(float) if name in labels else np.full(len(first), np.nan)
        known = ~np.isnan(labelled) & ~np.isnan(first) & ~np.isnan(second)
        truth, first, second = labelled[known], first[known], second[known]
        if len(np.unique(truth)) < 2:
            left_out.append(name)
            continue
        findings[name] = AucChange(
            int(truth.sum()), int((1 - truth).sum()), roc_auc(truth, first), roc_auc(truth, second),
            paired_auc_difference(
                truth, first, second, n_bootstrap, seed, studies.patients[known]
            ),
        )  # fmt: skip
    return PromptChange(findings, tuple(left_out))
