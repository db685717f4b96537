"""Which films a class reads, and what is true of them."""

import numpy as np

from core.errors import ExplorerError
from core.metrics.froc import Mask, lesions_of
from core.records.reading import MOST_FILMS
from core.studies.study import StudySet

FILMS = "phantom:n=96,seed=90"
"""A set that no lesson shows."""
FINDING, COUNT = "Lung Lesion", 12


def choose_films(studies: StudySet, finding: str, count: int, seed: int) -> list[int]:
    """Rows of films, half of them with a finding that has a place, in an order of their own.

    Args:
        count: how many; of an odd number more are without.

    Raises:
        ExplorerError: the set does not say who has the finding, or has too few films of a kind.
    """
    if finding not in studies.labels:
        raise ExplorerError(f"'{studies.spec}' does not say which films have a {finding.lower()}.")
    if not 4 <= count <= MOST_FILMS:
        raise ExplorerError(f"A reading has 4 to {MOST_FILMS} films, not {count}.")
    truth = studies.labels[finding].to_numpy(float)
    rng = np.random.default_rng([seed, 5])
    without = [int(row) for row in rng.permutation(np.flatnonzero(truth == 0))]
    marked = (int(row) for row in rng.permutation(np.flatnonzero(truth == 1)))
    placed: list[int] = []
    for row in marked:
        if len(placed) == count // 2:
            break
        if lesions(studies, finding, row):
            placed.append(row)
    if len(placed) < count // 2 or len(without) < count - count // 2:
        raise ExplorerError(
            f"'{studies.spec}' has {len(placed)} films with a {finding.lower()} whose place is "
            f"known and {len(without)} without one; {count} films need half of each."
        )
    rows = placed + without[: count - count // 2]
    return [rows[place] for place in rng.permutation(len(rows))]


def lesions(studies: StudySet, finding: str, row: int) -> list[Mask]:
    """The lesions of a film, masks (H, W); none where the finding is not there."""
    return lesions_of(studies.masks(row).get(finding))
