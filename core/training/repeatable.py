"""The same steps give the same bits, however busy the machine is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """Within it, gradients on a CPU are summed in one order.

    By default torch's gradient of `tensor[index]` is added up by several threads as they come
    (atomic additions above 32,768 numbers), so that the last bits follow the load of the machine,
    and a run that is repeated or resumed drifts from the first. On a GPU nothing is changed.
    """
    if device.type != "cpu":
        yield
        return
    deterministic: Any = torch.utils.deterministic  # its attributes are made when it is imported
    before, filling = _mode(), deterministic.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    deterministic.fill_uninitialized_memory = False  # costs time, and hides nothing
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        deterministic.fill_uninitialized_memory = filling


def _mode() -> tuple[bool, bool]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
