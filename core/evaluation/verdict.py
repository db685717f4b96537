"""What a score says in words: for a text, against it, or undecided, by the films of a set.

A score has no unit and is no probability. What it can say is where it lies: among the scores of
films of which the text is true, and of those of which it is not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evaluation.study_scores import rank_in_set

CLEAR = 0.95
"""Share of films on the other side that a clear score leaves behind."""
LEAST = 5
"""Films of a kind that it takes to speak of the kind."""

FOR, AGAINST, UNDECIDED = "for", "against", "undecided"
HIGH, LOW, MIDDLE = "high", "low", "middle"

TITLES = {
    FOR: "Clearly for this text",
    AGAINST: "Clearly against this text",
    UNDECIDED: "Undecided",
    HIGH: "Higher than most films",
    LOW: "Lower than most films",
    MIDDLE: "In the middle",
}


@dataclass(frozen=True)
class Verdict:
    """Where one film's score for a text lies among the other films of a set."""

    call: str  # of TITLES
    rank: float  # per cent of the others that score lower; NaN where there is none
    others: int  # films with a score
    lower: int  # of them, those that score lower
    with_it: int  # others of which the text is true
    with_lower: int  # of them, those that score lower
    without: int  # others of which it is not
    without_lower: int

    @property
    def title(self) -> str:
        """The call in words."""
        return TITLES[self.call]

    @property
    def sentence(self) -> str:
        """What the call rests on."""
        if not self.others:
            return "There is no other film in the set to compare with."
        if self.call == FOR:
            return (f"It scores higher than {_of(self.without_lower, self.without)} of which the "
                    "text is not true.")  # fmt: skip
        if self.call == AGAINST:
            return (f"It scores lower than {_of(self.with_it - self.with_lower, self.with_it)} of "
                    "which the text is true.")  # fmt: skip
        if self.call == UNDECIDED:
            return (
                f"It scores higher than {_of(self.without_lower, self.without)} of which the text "
                f"is not true, and lower than {_of(self.with_it - self.with_lower, self.with_it)} "
                "of which it is."
            )
        told = self.with_it + self.without
        return f"It scores higher than {_of(self.lower, self.others)}. " + (
            f"The text is true of {self.with_it} of them: too few to compare with."
            if told
            else "Of how many of them the text is true, this set does not tell."
        )


def verdict(
    others: NDArray[np.floating],
    score: float,
    truth: NDArray[np.floating],
    row: int | None = None,
) -> Verdict:
    """Where a score lies.

    Args:
        others: (n,) scores of the set for the text; NaN, of films that cannot be read, are left
            out.
        truth: (n,) whether the text is true of each, NaN where unknown.
        row: the film's own, where it is one of the set.
    """
    counts = ~np.isnan(others)
    if row is not None:
        counts[row] = False
    lower = others < score
    with_it, without = counts & (truth == 1), counts & (truth == 0)
    rank = rank_in_set(others, score, row)
    numbers = (int(counts.sum()), int((counts & lower).sum()), int(with_it.sum()),
               int((with_it & lower).sum()), int(without.sum()), int((without & lower).sum()))
    return Verdict(_call(rank, *numbers[2:]), rank, *numbers)


def _call(rank: float, with_it: int, with_lower: int, without: int, without_lower: int) -> str:
    clearly_for = without >= LEAST and without_lower >= CLEAR * without
    clearly_against = with_it >= LEAST and with_it - with_lower >= CLEAR * with_it
    if clearly_for != clearly_against:
        return FOR if clearly_for else AGAINST
    if min(with_it, without) >= LEAST:  # among both, or in a gap between the two
        return UNDECIDED
    return HIGH if rank >= 100 * CLEAR else LOW if rank <= 100 * (1 - CLEAR) else MIDDLE


def _of(count: int, total: int) -> str:
    return f"all {total} other films" if count == total else f"{count} of the {total} other films"
