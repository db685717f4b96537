"""Where a run stands in the queue of runs, and for about how long."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.training.runs import Run, list_runs


@dataclass(frozen=True)
class QueuePlace:
    """A waiting run's place."""

    number: int  # 1 is next
    seconds: float | None  # until its turn, about; None while no run has told how quick it is

    def said(self) -> str:
        """In words.

        >>> QueuePlace(3, 700.0).said()
        '3rd in the queue, about 12 minutes'
        >>> QueuePlace(1, None).said()
        'next in the queue'
        """
        place = "next" if self.number == 1 else ordinal(self.number)
        if self.seconds is None:
            return f"{place} in the queue"
        minutes = max(math.ceil(self.seconds / 60), 1)
        return f"{place} in the queue, about {minutes} minute{'s' * (minutes > 1)}"


def ordinal(number: int) -> str:
    """2nd, 3rd, 11th, 21st."""
    last = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"


def place_in_queue(run: Run) -> QueuePlace:
    """The place of a run that waits, by those before it and how quick the newest run was."""
    before = [Run(run.dir.parent / name) for name in run.waits_for]
    running = {one.name for one in before if one.status == "running"}
    rate = _images_per_second(list_runs())
    left = [_seconds_left(one, rate) for one in before]
    known = [seconds for seconds in left if seconds is not None]
    seconds = sum(known) if before and len(known) == len(left) else None
    return QueuePlace(len(before) - len(running) + 1, seconds)


def _seconds_left(run: Run, rate: float | None) -> float | None:
    """Of a run that waits or runs: as it says itself, else by its images and the rate of others."""
    steps = _steps(run)
    if steps:
        return float(steps[-1]["left"])
    images = run_images(run.command)
    return images / rate if images and rate else None


def _images_per_second(runs: Iterable[Run]) -> float | None:
    """Of the newest run that has taken a step."""
    for run in runs:
        steps = _steps(run)
        if steps and steps[-1]["images_per_second"] > 0:
            return float(steps[-1]["images_per_second"])
    return None


def _steps(run: Run) -> list[dict[str, Any]]:
    return [line for line in run.metrics if line["kind"] == "step"]


def run_images(command: list[str]) -> int:
    """Images that a command trains on, steps times batch; 0 where it does not say both.

    >>> run_images(["finetune", "--steps", "20", "--batch-size", "32"])
    640
    """
    try:
        steps, batch = (command.index(option) + 1 for option in ("--steps", "--batch-size"))
        return int(command[steps]) * int(command[batch])
    except (ValueError, IndexError):
        return 0
