"""What a run's checks give away early: collapse and forgetting, the usual ends of a small run."""

from collections.abc import Sequence
from typing import Any

FALL = 0.05
"""Of the mean AUC below the start: over twice its standard error on 100 studies."""
SAME = 0.5
"""Share of the findings with one and the same image on top; 0.1 to 0.2 in a model that works."""


def alarms(checks: Sequence[dict[str, Any]]) -> list[str]:
    """What is wrong at the last of a run's checks, in sentences; the first is of its start."""
    if not checks:
        return []
    first, last = checks[0], checks[-1]
    found = []
    if last.get("same_first", 0.0) >= SAME:
        found.append(
            f"Collapse: one image is ranked first for {100 * last['same_first']:.0f} % of the "
            "findings, so it answers whatever is asked; take a lower learning rate, a larger batch "
            "or more reports."
        )
    before, now = first.get("score"), last.get("score")
    if before is not None and now is not None and now < before - FALL:
        found.append(
            f"Forgetting: the mean AUC is {now:.3f} and was {before:.3f} at step {first['step']}; "
            "take a lower learning rate, fewer steps, or freeze more. The best check is kept in "
            "best/."
        )
    return found
