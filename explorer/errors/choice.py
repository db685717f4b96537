"""What is judged: a finding of scored films, and the threshold that calls one positive."""

from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

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
