"""How many absent findings a method draws no box for."""

from dataclasses import dataclass
from typing import Any

from core.metrics.bootstrap import Interval


@dataclass(frozen=True)
class Abstention:
    """One method on a set."""

    threshold: float  # of the evidence
    hits: int  # findings that are there and pointed at; KEPT of them reach the threshold
    absent: int  # pairs of film and finding that is not there
    empty: Interval  # share of these under the threshold; each resample has a threshold of its own
    denied: Interval  # share of the true denials ("no effusion") under it
    findings: dict[str, float]  # `empty` of each finding

    def to_json(self) -> dict[str, Any]:
        """threshold, hits, absent, empty {figure}, denied {figure} and findings {finding}."""
        return {**vars(self), "empty": self.empty._asdict(), "denied": self.denied._asdict()}
