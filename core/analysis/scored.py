"""Scores and labels of one set side by side: what every analysis starts from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.metrics.auc import roc_auc
from core.studies import StudySet

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SetIdentity:
    """Which films a figure, a threshold or a calibration comes from."""

    spec: str
    fingerprint: str  # 16 hex digits; another film, id or order gives others
    n: int
    patients: int

    @property
    def name(self) -> str:
        """The spec without folders."""
        return without_folders(self.spec)

    def to_json(self) -> dict[str, Any]:
        """spec, fingerprint, n and patients."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class ScoredSet:
    """The readable films of a set with scores and labels of F findings.

    Attributes:
        scores: (n, F); higher means more likely.
        truth: (n, F) of 1, 0 and NaN where a label is not known; each finding has both.
        rows: (n,) rows of the set.
        patients: (n,) as `StudySet.patients`.
        left_out: findings that were asked for and do not have both labels here.
        unreadable: films without an image, and why.
    """

    identity: SetIdentity
    findings: tuple[str, ...]
    scores: Array
    truth: Array
    rows: NDArray[np.int64]
    patients: NDArray[np.int64]
    ids: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.scores)

    def known(self, finding: str) -> NDArray[np.bool_]:
        """Films whose label is known, (n,)."""
        return ~np.isnan(self.truth[:, self.column(finding)])

    def column(self, finding: str) -> int:
        """Place of a finding.

        Raises:
            ExplorerError: it is not one of `findings`.
        """
        if finding not in self.findings:
            raise ExplorerError(
                f"'{self.identity.spec}' has no films with and without '{finding}'; choose "
                f"{', '.join(self.findings)}."
            )
        return self.findings.index(finding)

    def only(self, finding: str) -> "ScoredSet":
        """The same films with one finding.

        Raises:
            ExplorerError: as `column`.
        """
        return self.among([finding])

    def among(self, findings: Iterable[str]) -> "ScoredSet":
        """The same films with some findings.

        Raises:
            ExplorerError: as `column`.
        """
        names = tuple(findings)
        columns = [self.column(name) for name in names]
        scores, truth = self.scores[:, columns], self.truth[:, columns]
        return replace(self, findings=names, scores=scores, truth=truth)

    def worst_ranked(self) -> str:
        """The finding with the lowest AUC, where there is most to see; the first of equals."""
        return min(self.findings, key=lambda name: roc_auc(*self.of(name)))

    def of(self, finding: str) -> tuple[Array, Array]:
        """Labels and scores of the films whose label is known, (m,) each."""
        column, known = self.column(finding), self.known(finding)
        return self.truth[known, column], self.scores[known, column]


def without_folders(spec: str) -> str:
    """The spec of a set or a model without folders, which may name somebody.

    >>> without_folders("nih:/data/A B/nih,split=test")
    'nih:nih,split=test'
    """
    return re.sub(r"[^:,=+]*[/\\]", "", spec)


def identity_of(studies: StudySet) -> SetIdentity:
    """Name, fingerprint and size of a set."""
    digest = sha256(studies.fingerprint.encode()).hexdigest()[:16]
    patients = int(pd.unique(studies.patients).size)
    return SetIdentity(studies.spec, digest, len(studies), patients)
