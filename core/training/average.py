"""Averaged weights: an exponential moving average of what trains (Polyak & Juditsky, 1992)."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """The average after each `update`; with a decay of 0 the weights themselves."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._trained = [p for p in model.parameters() if p.requires_grad]
        self.decay, self.updates = decay, 0
        self.weights = [p.detach().clone() for p in self._trained] if decay else []

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights after a step; the first steps count more, not the random start."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for kept, parameter in zip(self.weights, self._trained, strict=False):
            kept.lerp_(parameter.detach(), 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The model has the averaged weights inside, its own again after."""
        own = [p.detach().clone() for p in self._trained] if self.decay else []
        self.copy_to_model()
        yield
        self._set(own)

    def copy_to_model(self) -> None:
        """Give the model the averaged weights for good."""
        self._set(self.weights)

    def state(self) -> dict[str, list[Tensor] | int]:
        """For a training state."""
        return {"weights": self.weights, "updates": self.updates}

    def restore(self, state: dict[str, list[Tensor] | int]) -> None:
        """Take back what `state` gave."""
        weights, updates = state["weights"], state["updates"]
        assert isinstance(weights, list) and isinstance(updates, int)
        for kept, value in zip(self.weights, weights, strict=True):
            kept.copy_(value)
        self.updates = updates

    @torch.no_grad()
    def _set(self, values: list[Tensor]) -> None:
        for parameter, value in zip(self._trained, values, strict=False):
            parameter.copy_(value)
