"""How many bytes of tensors a computation holds at once, counted while it runs.

Counted are storages, each from the operation that returns it until nobody holds it any more; what a
kernel needs inside is not seen.
"""

import weakref
from collections.abc import Iterable
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary


class LiveBytes(TorchDispatchMode):
    """Within it tensors are counted.

    Attributes:
        now: bytes of what was made within and still lives.
        peak: the most that ever lived at once.

    >>> import torch
    >>> with LiveBytes() as live:
    ...     kept = torch.zeros(256)
    ...     _ = torch.ones(512) + 1
    >>> live.peak, live.now - 2048
    (5120, 1024)
    """

    def __init__(self, there: Iterable[Tensor] = ()) -> None:
        """Nothing counted yet.

        Args:
            there: tensors from before, whose views are not counted either.
        """
        super().__init__()
        self.now = self.peak = 0
        self._known = WeakIdKeyDictionary()
        for tensor in there:
            self._known[tensor.untyped_storage()] = True

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run an operation and count what it returns."""
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, Tensor):
                self._count(leaf)
        return out

    def _count(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        if storage in self._known:
            return
        self._known[storage] = True
        size = storage.nbytes()
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._freed, size)

    def _freed(self, size: int) -> None:
        self.now -= size
