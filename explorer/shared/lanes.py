"""The lanes of this server: all sessions' passes over films are worked on in them."""

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
    from core.processes import cores

    return Lanes(max(cores() // torch.get_num_threads(), 1), _REMEMBERED)


@cache
def resampling() -> "Lanes":
    """For what takes no pass but seconds of counting; a core is left to who draws a page."""
    from core.inference.lanes import Lanes
    from core.processes import cores

    return Lanes(max(cores() - 1, 1))
