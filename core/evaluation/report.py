"""What evaluation found, as JSON with stable keys and as a table for a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ExplorerError
from core.evaluation.abstained import Abstention
from core.metrics.bootstrap import Interval
from core.metrics.localisation import MEASURES

if TYPE_CHECKING:
    from core.inference.place import PlaceThreshold

SCORES = ("positive", "pair", "global", "local", "lrclr")
"""The zero-shot scores that are reported, of `core.inference.zero_shot.SCORES`."""

_NAMED = 3  # studies that a page names; a terminal and the JSON name all

Measured = dict[str, dict[str, Interval]]
"""method -> measure -> figure"""


@dataclass(frozen=True)
class FindingAuc:
    """One finding: how many studies have it and lack it, and the AUC of each score."""

    positives: int
    negatives: int
    auc: dict[str, Interval]


@dataclass(frozen=True)
class EvaluationReport:
    """What `python -m core evaluate` prints."""

    n: int  # studies whose image could be read
    findings: dict[str, FindingAuc]
    mean: dict[str, Interval]  # over the findings, by score
    patients: int  # that the intervals resample
    left_out: tuple[str, ...] = ()  # findings of the prompts without both classes in the set
    unreadable: tuple[str, ...] = ()  # studies whose image could not be read, and why

    @property
    def mean_auc(self) -> dict[str, float]:
        """Mean over the findings, by score."""
        return {score: figure.value for score, figure in self.mean.items()}

    def to_json(self) -> dict[str, Any]:
        """n, patients, mean_auc {score: value}, mean_auc_interval {score: figure} and findings.

        `findings` is {finding: {positives, auc {score: figure}}}. With `unreadable`, a list of
        sentences, where images could not be read.
        """
        return {
            **_unreadable(self.unreadable),
            "n": self.n,
            "patients": self.patients,
            "mean_auc": self.mean_auc,
            "mean_auc_interval": {score: figure_json(value) for score, value in self.mean.items()},
            "findings": {
                name: {
                    "positives": found.positives,
                    "auc": {score: figure_json(value) for score, value in found.auc.items()},
                }
                for name, found in self.findings.items()
            },
        }

    def table(self) -> str:
        """One line a finding."""
        lines = [f"{'AUC':26} {'n+':>5} " + " ".join(f"{score:>19}" for score in SCORES)]
        for name, found in self.findings.items():
            cells = " ".join(_cell(found.auc[score]) for score in SCORES)
            lines.append(f"{name:26} {found.positives:5d} {cells}")
        means = " ".join(_cell(self.mean[score]) for score in SCORES)
        lines.append(f"{'mean of the findings':26} {'':5} {means}")
        lines.append(_resampled(self.n, self.patients))
        if self.left_out:
            lines.append(f"Without both classes here, so left out: {', '.join(self.left_out)}.")
        return "\n".join([*lines, *_said(self.unreadable)])


@dataclass(frozen=True)
class LocalizationReport:
    """What `python -m core localize` prints."""

    n: int  # studies in which at least one finding has a mask or box
    methods: Measured  # mean over the findings that count
    findings: dict[str, Measured]
    cases: dict[str, int]  # studies of each finding
    pooled: Measured  # mean over the cases of all findings that every method is defined for
    shared: tuple[str, ...]  # these findings
    min_cases: int  # of a finding that counts in `methods`
    patients: int  # that the intervals resample
    prior: str | None = None  # set behind `mean-location`
    unreadable: tuple[str, ...] = ()  # studies whose image could not be read, and why
    less: Measured = field(default_factory=dict)  # of `methods`, what `lrclr` has over each
    less_pooled: Measured = field(default_factory=dict)  # the same of `pooled`
    maps: dict[str, str] = field(default_factory=dict)  # method -> what it explains and how
    rivals: dict[str, str | None] = field(default_factory=dict)  # best gradcam, best other, best
    unmeasured: str = ""  # the best other method on validation, where it is not among `methods`
    abstention: dict[str, Abstention] = field(default_factory=dict)  # method -> absent findings

    @property
    def mean_over(self) -> list[str]:
        """Findings that count in `methods`."""
        return [name for name in self.shared if self.cases[name] >= self.min_cases]

    def place(self, data: str) -> "PlaceThreshold":
        """From what evidence on the region weights show boxes, as a model keeps it.

        Raises:
            ExplorerError: `lrclr` was not measured, never hit, or no finding was absent.
        """
        from core.inference.place import PlaceThreshold  # pages import this file before torch

        found = self.abstention.get("lrclr")
        if found is None:
            raise ExplorerError(
                f"On {data} there is nothing to learn a threshold from; measure lrclr on a set "
                "with masks, hits and films without the finding, such as phantom:val."
            )
        return PlaceThreshold(
            found.threshold, data, found.hits, found.absent, found.empty.value
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """n, methods {method: {measure: figure}}, findings {finding: the same}, cases {finding}.

        Also pooled (as methods), mean_over [finding], min_cases, patients and prior (a set or
        null). `maps` {method: map in words} says what each explains and how; `rivals` {gradcam,
        other, best} names the best of each kind here, or null; `lrclr_less` and
        `lrclr_less_pooled` (as methods) are paired; `abstention` {method: {threshold, hits, absent,
        empty, denied, findings}} says how many absent findings have an empty map. With
        `unreadable`, a list of sentences, where images could not be read.
        """
        return {
            **_unreadable(self.unreadable),
            "n": self.n,
            "patients": self.patients,
            "methods": _measured(self.methods),
            "pooled": _measured(self.pooled),
            "mean_over": self.mean_over,
            "min_cases": self.min_cases,
            "prior": self.prior,
            "findings": {name: _measured(found) for name, found in self.findings.items()},
            "cases": self.cases,
            "maps": self.maps,
            "rivals": self.rivals,
            "lrclr_less": _measured(self.less),
            "lrclr_less_pooled": _measured(self.less_pooled),
            "abstention": {name: found.to_json() for name, found in self.abstention.items()},
        }

    def table(self) -> str:
        """One line a method, over the findings and pooled, then the pointing game by finding."""
        lines = []
        for title, measured in (("mean of the findings", self.methods),
                                ("all cases pooled", self.pooled)):  # fmt: skip
            lines.append(f"{title:26} {'':5} " + " ".join(f"{m:>22}" for m in MEASURES))
            for method, found in measured.items():
                cells = " ".join(_cell(figure, width=6) for figure in found.values())
                lines.append(f"{method:26} {'':5} {cells}")
            lines.append("")
        lines += self._against()
        names = " ".join(f"{method[:14]:>14}" for method in self.methods)
        lines.append(f"{'pointing game':26} {'n':>5} {names}")
        for name, by_method in self.findings.items():
            cells = " ".join(f"{by_method[m]['pointing_game'].value:14.3f}" for m in self.methods)
            lines.append(f"{name:26} {self.cases[name]:5d} {cells}")
        lines += self._abstained()
        lines += [*self._counted(), _resampled(self.n, self.patients)]
        return "\n".join([*lines, *_said(self.unreadable)])

    def _against(self) -> list[str]:
        """What `lrclr` has over each other method, rivals first."""
        ranked = [self.rivals.get(kind) for kind in ("gradcam", "other")]
        told = [name for name in ranked if name] + list(self.less)
        names = [name for name in dict.fromkeys(told) if name in self.less and name != "lrclr"]
        if not names:
            return []
        lines = [f"{'lrclr less, mean':32} " + " ".join(f"{m:>24}" for m in MEASURES)]
        for name in names:
            cells = " ".join(_gain(figure) for figure in self.less[name].values())
            lines.append(f"{name:32} {cells}")
        lines.append("Paired; * excludes zero.")
        for kind, title in (("gradcam", "Best Grad-CAM"), ("other", "Best other method")):
            best = self.rivals.get(kind)
            lines.append(f"{title} here: " + (self.maps.get(best, best) if best else "none") + ".")
        if self.unmeasured:
            lines.append(
                f"The best other method on validation, {self.unmeasured}, was not measured; name "
                "it in --methods."
            )
        return [*lines, ""]

    def _abstained(self) -> list[str]:
        """Of how many absent findings the map is empty, where 90 % of the true hits keep theirs."""
        lines = [""] if self.abstention else []
        for method, found in self.abstention.items():
            lines.append(
                f"{method:20} no box for {_cell(found.empty)} of {found.absent} absent findings, "
                f"{_cell(found.denied)} of denials, at {found.threshold:.3f} ({found.hits} hits)"
            )
        return lines

    def _counted(self) -> list[str]:
        """Which findings the means take, and what the mean location was made from."""
        over = ", ".join(self.mean_over) or "none, so that there is no mean"
        lines = [f"The mean takes findings with {self.min_cases} cases or more that every method "
                 f"is defined for: {over}."]  # fmt: skip
        if self.prior:
            lines.append(f"mean-location is the mean mask of each finding in {self.prior}.")
        undefined = [name for name in self.cases if name not in self.shared]
        if undefined:
            lines.append(f"Not every method is defined for {', '.join(undefined)}.")
        return lines


def left_out_sentence(unreadable: Sequence[str]) -> str:
    """How many studies were left out and why; the first few, empty without any."""
    if not unreadable:
        return ""
    count = "1 study" if len(unreadable) == 1 else f"{len(unreadable)} studies"
    named = " ".join(unreadable[:_NAMED])
    more = f" And {len(unreadable) - _NAMED} more." if len(unreadable) > _NAMED else ""
    return f"{count} left out, since the image cannot be read. {named}{more}"


def _resampled(n: int, patients: int) -> str:
    return f"n = {n} studies of {patients} patients; 95 % bootstrap intervals over patients."


def _unreadable(sentences: tuple[str, ...]) -> dict[str, list[str]]:
    return {"unreadable": list(sentences)} if sentences else {}


def _said(sentences: tuple[str, ...]) -> list[str]:
    """Every study that was left out, a line each."""
    head = f"Left out, since their image cannot be read: {len(sentences)}."
    return [head, *sentences] if sentences else []


def _measured(methods: Measured) -> dict[str, dict[str, dict[str, float | None]]]:
    return {
        method: {measure: figure_json(value) for measure, value in found.items()}
        for method, found in methods.items()
    }


def figure_json(figure: Interval) -> dict[str, float | None]:
    """JSON has no NaN: what cannot be known is null."""
    return {
        name: None if np.isnan(value) else float(value) for name, value in figure._asdict().items()
    }


def _gain(figure: Interval) -> str:
    value, low, high = figure
    star = "*" if low > 0 or high < 0 else " "
    return f"{value:+.3f} [{low:+.3f} {high:+.3f}]{star}".rjust(24)


def _cell(figure: Interval, width: int = 5) -> str:
    value, low, high = (f"{number:{width}.3f}" for number in figure)
    return f"{value} [{low} {high}]"
