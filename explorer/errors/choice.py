"""What is judged: a finding of scored films, and the threshold that calls one positive."""

from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.analysis.scored import ScoredSet
from core.analysis.threshold import Threshold


class KeyedScores(NamedTuple):
    """A scored set, and what results of it hang on: its model, films and prompts."""

    key: str
    scored: ScoredSet


@dataclass(frozen=True)
class FindingChoice:
    """One finding of the shown films, and how it is called."""

    cases: KeyedScores
    fitted: KeyedScores  # those that thresholds and probabilities are fitted on
    finding: str
    fitted_threshold: Threshold
    threshold: Threshold  # the same, or one that was set by hand

    @property
    def key(self) -> str:
        """Names what a threshold set by hand is for."""
        told = (self.cases.key, self.fitted.key, self.finding, str(self.fitted_threshold.rule))
        return sha256(repr(told).encode()).hexdigest()[:16]

    @property
    def by_hand(self) -> bool:
        """Whether somebody moved the threshold away from the rule's."""
        return self.threshold is not self.fitted_threshold

    def by_row(self, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Labels and scores of the finding by rows of the set (n,) each; NaN where unknown."""
        truth, score = np.full(n, np.nan), np.full(n, np.nan)
        scored, column = self.cases.scored, self.cases.scored.column(self.finding)
        truth[scored.rows], score[scored.rows] = scored.truth[:, column], scored.scores[:, column]
        return truth, score


@dataclass(frozen=True)
class FilmGroup:
    """Films that are looked at together."""

    name: str
    inside: NDArray[np.bool_]  # (N,) rows of the set
