"""Of which studies of a set a text is true, as far as the set's own truth tells."""

import numpy as np
from numpy.typing import NDArray

from core.language.claim import ABSENT, UNCERTAIN
from core.language.reader import read
from core.language.truth import is_true
from core.studies.phantom_set import PhantomSet
from core.studies.study import StudySet


def stated_findings(text: str) -> tuple[str, ...]:
    """The findings that a text says are there, each once.

    >>> stated_findings("Left pleural effusion, no pneumothorax.")
    ('Pleural Effusion',)
    """
    return tuple(dict.fromkeys(c.finding for c in read(text) if c.polarity != ABSENT))


def denied_findings(text: str) -> tuple[str, ...]:
    """The findings that a text says are absent, each once."""
    return tuple(dict.fromkeys(c.finding for c in read(text) if c.polarity == ABSENT))


def text_truth(studies: StudySet, text: str) -> NDArray[np.float64]:
    """Whether a text is true of each study (n,): 1, 0, or NaN where the set does not tell.

    Of a phantom everything is known, side and place too. Labels know neither: a text that says
    where, or that doubts, is held against them by its findings alone.
    """
    claims = read(text)
    unknown = np.full(len(studies), np.nan)
    if not claims or any(claim.polarity == UNCERTAIN for claim in claims):
        return unknown
    if isinstance(studies, PhantomSet):
        return np.array([float(is_true(text, case)) for case in studies.cases])
    labels = studies.labels
    if any(claim.finding not in labels for claim in claims):
        return unknown
    parts = [
        1 - labels[claim.finding] if claim.polarity == ABSENT else labels[claim.finding]
        for claim in claims
    ]
    columns = np.stack([part.to_numpy(float) for part in parts])  # (claims, n)
    # One false claim makes the text false, whatever is unknown beside it.
    return np.where((columns == 0).any(axis=0), 0.0, columns.min(axis=0))


def true_of(studies: StudySet, row: int, text: str) -> float:
    """Whether a text is true of one study: 1, 0, or NaN where its set does not tell."""
    return float(text_truth(studies, text)[row])
