"""Thresholds of a score: by which rule, and on which set they were fitted.

A threshold fitted on the films it is then judged on looks better than it is: `Threshold.optimistic`
says so, and nothing else may call it anything but optimistic.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.ranked import Ranked
from core.analysis.scored import ScoredSet, SetIdentity
from core.errors import ExplorerError

Array = NDArray[np.float64]

RULES: dict[str, str] = {
    "youden": "the most sensitivity and specificity together",
    "sensitivity=S": "the highest that finds the share S of the positive films",
    "specificity=S": "the lowest that calls the share S of the negative films negative",
    "prevalence": "as many are called positive as are labelled so",
    "cost=C": "the least cost where a miss costs C false alarms",
}
"""Rules that fit a threshold."""


@dataclass(frozen=True)
class Rule:
    """How a threshold comes about: a rule of RULES with its value, or `score` and the value."""

    name: str
    value: float | None = None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}={self.value:g}"


@dataclass(frozen=True)
class Threshold:
    """A score that reaches `value` is called positive."""

    value: float
    rule: Rule
    fitted_on: SetIdentity | None  # None where somebody gave the value

    def optimistic(self, shown: SetIdentity) -> bool:
        """Whether it was fitted on the very films that it is shown on."""
        return self.fitted_on is not None and self.fitted_on.fingerprint == shown.fingerprint

    def origin(self, shown: SetIdentity) -> str:
        """Where it comes from, in a sentence without its full stop."""
        if self.fitted_on is None:
            return "given"
        if self.optimistic(shown):
            return f"{self.rule}, fitted on these very films: optimistic"
        return f"{self.rule}, fitted on {self.fitted_on.name} (n = {self.fitted_on.n})"

    def to_json(self, shown: SetIdentity) -> dict[str, Any]:
        """value, rule, fitted_on (a set or null) and optimistic."""
        return {
            "value": self.value,
            "rule": str(self.rule),
            "fitted_on": self.fitted_on and self.fitted_on.to_json(),
            "optimistic": self.optimistic(shown),
        }


def parse_rule(text: str) -> Rule:
    """Read a rule of RULES, or a number, which is the threshold itself.

    Raises:
        ExplorerError: neither, or a value out of range.

    >>> parse_rule("sensitivity=0.9")
    Rule(name='sensitivity', value=0.9)
    """
    name, _, value = text.strip().lower().partition("=")
    wanted = {"youden": False, "prevalence": False, "sensitivity": True, "specificity": True,
              "cost": True}  # fmt: skip
    if not value and (number := _number(name)) is not None:
        return Rule("score", number)
    if name not in wanted or wanted[name] != bool(value):
        raise _unknown(text)
    if not value:
        return Rule(name)
    number = _number(value)
    if number is None or number <= 0 or (name != "cost" and number > 1):
        raise _unknown(text)
    return Rule(name, number)


def _unknown(text: str) -> ExplorerError:
    return ExplorerError(
        f"'{text}' is no rule for a threshold; give {', '.join(RULES)} (S above 0 and up to 1, C "
        "above 0), or a score such as 0.1."
    )


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def fitted_value(rule: Rule, truth: Array, score: Array) -> float:
    """The threshold that a rule gives for cases with truth (n,) of 0 and 1, both of them there.

    Of thresholds that are equally good the highest is taken.

    >>> fitted_value(Rule("youden"), np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.8
    """
    if rule.name == "score":
        assert rule.value is not None
        return rule.value
    ranked = Ranked.of(truth, score)
    hits, alarms = (counts[0] for counts in ranked.whole())
    positives, negatives = hits[-1], alarms[-1]
    if rule.name == "youden":
        place = int(np.argmax(hits * negatives - alarms * positives))
    elif rule.name == "cost":
        assert rule.value is not None
        place = int(np.argmin(rule.value * (positives - hits) + alarms))
    elif rule.name == "sensitivity":
        place = int(np.argmax(hits >= _share(rule) * positives - 1e-9))
    elif rule.name == "specificity":
        allowed = (1 - _share(rule)) * negatives + 1e-9
        within = np.flatnonzero(alarms <= allowed)
        if not len(within):  # the highest score is a negative film's: nobody is called
            return float(np.nextafter(ranked.thresholds[0], np.inf))
        place = int(within[-1])
    else:
        place = int(np.argmax(hits + alarms >= positives))
    return float(ranked.thresholds[place])


def _share(rule: Rule) -> float:
    assert rule.value is not None
    return rule.value


def fit_thresholds(rule: Rule, scored: ScoredSet) -> dict[str, Threshold]:
    """A threshold for each finding of a set, which it is then fitted on."""
    fitted_on = None if rule.name == "score" else scored.identity
    return {
        name: Threshold(fitted_value(rule, *scored.of(name)), rule, fitted_on)
        for name in scored.findings
    }


def thresholds_for(rule: Rule, shown: ScoredSet, fitted: ScoredSet) -> dict[str, Threshold]:
    """A threshold for each finding of a set, by a rule, from another set or from itself.

    Raises:
        ExplorerError: the other set lacks a finding with both labels.
    """
    lacking = [name for name in shown.findings if name not in fitted.findings]
    if lacking and rule.name != "score":
        raise ExplorerError(
            f"'{fitted.identity.spec}' has no films with and without {', '.join(lacking)}, so that "
            "no threshold can be fitted; choose another set with --fit, or give a score."
        )
    if rule.name == "score":
        return fit_thresholds(rule, shown)
    return fit_thresholds(rule, fitted.among(shown.findings))
