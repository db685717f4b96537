"""The lanes of this server: all sessions' passes over films are worked on in them."""

import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.inference.lanes import Lanes

_REMEMBERED = 128  # frames of the lab; up to 0.3 MB each


@cache
def lanes() -> "Lanes":
    """As many as passes fit on the cores side by side."""
    import torch

    from core.inference.lanes import Lanes

    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return Lanes(max(cores // torch.get_num_threads(), 1), _REMEMBERED)
