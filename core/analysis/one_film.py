"""One film: its findings as a threshold calls them, beside its labels and its place in a set."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.analysis.threshold import Threshold
from core.evaluation.study_scores import FindingScore


@dataclass(frozen=True)
class CalledFinding:
    """A finding of a film, called by a threshold where there is one."""

    finding: str
    score: float  # the one that is judged by
    rank: float  # per cent of the set's other films that score lower; NaN where that is not known
    labelled: bool | None  # None where the label is not known
    threshold: float | None = None
    called: bool | None = None  # positive; None without a threshold

    @property
    def wrong(self) -> bool | None:
        """Whether the call differs from the label; None where either is not known."""
        if self.called is None or self.labelled is None:
            return None
        return self.called != self.labelled


def called_findings(
    lines: Iterable[FindingScore], thresholds: Mapping[str, Threshold], by: str = "lrclr"
) -> list[CalledFinding]:
    """The findings of a film in their order, each called where it has a threshold.

    Args:
        by: the score that thresholds are of, of `core.inference.score_names.SCORES`.
    """
    called = []
    for line in lines:
        score, limit = line.scores[by], thresholds.get(line.finding)
        told = (None, None) if limit is None else (limit.value, score >= limit.value)
        called.append(CalledFinding(line.finding, score, line.rank, line.labelled, *told))
    return called
