"""One process or many: who holds which images of a batch, and features gathered with gradient.

Every process draws the same batch from the same generator and encodes its own share of the images;
all encodings are gathered, so that the contrastive loss sees the whole batch everywhere. Texts are
few and short: each process encodes them all. Each computes the whole loss, so the mean of the
gradients over processes is the gradient of one process with the whole batch.
"""

import atexit
from contextlib import AbstractContextManager
from typing import Any, cast

import torch
import torch.distributed as dist
from accelerate import Accelerator
from torch import Tensor, nn
from torch.distributed.nn.functional import all_gather  # before a group is: it keeps what is there

from core.errors import ExplorerError
from core.lrclr.encodings import ImageEncoding


class Ranks:
    """The processes of a run, by Accelerate: alone, or started by torchrun or accelerate launch."""

    def __init__(self, device: torch.device | None = None) -> None:
        cpu = device is not None and device.type == "cpu"
        self._accelerator = Accelerator(cpu=cpu)
        self.count = self._accelerator.num_processes
        self.rank = self._accelerator.process_index
        self.is_main = self._accelerator.is_main_process
        if self.count > 1:
            # Gloo's threads let go of tensors after the call that waited for them; one that does so
            # while Python ends aborts its process, and torchrun then ends all others.
            atexit.register(self._accelerator.end_training)

    def share(self, total: int) -> slice:
        """The images of a batch of `total` that this process encodes.

        Raises:
            ExplorerError: the batch cannot be shared evenly.
        """
        if total % self.count:
            raise ExplorerError(
                f"A batch of {total} cannot be shared by {self.count} processes; make it a "
                f"multiple of {self.count}."
            )
        size = total // self.count
        return slice(self.rank * size, (self.rank + 1) * size)

    def gather(self, images: ImageEncoding) -> ImageEncoding:
        """Encodings of the whole batch; gradients reach the process that made each."""
        if self.count == 1:
            return images
        return ImageEncoding(
            _gathered(images.image_features),
            _gathered(images.patch_features),
            None if images.selected is None else _gathered(images.selected),
            images.grid,
        )

    def average_gradients(self, model: nn.Module) -> None:
        """Mean over the processes; a parameter that no loss touched counts as zero."""
        if self.count == 1:
            return
        for parameter in model.parameters():
            if parameter.requires_grad:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
                parameter.grad = self._accelerator.reduce(parameter.grad, "mean")

    def agreed(self, flag: bool) -> bool:
        """What the main process says, everywhere."""
        if self.count == 1:
            return flag
        told: list[Any] = [flag]
        dist.broadcast_object_list(told, src=0)
        return bool(told[0])

    def main_first(self) -> AbstractContextManager[None]:
        """The others wait until the main process has done what is inside."""
        return cast(AbstractContextManager[None], self._accelerator.main_process_first())

    def wait(self) -> None:
        """Until every process is here."""
        self._accelerator.wait_for_everyone()


def _gathered(features: Tensor) -> Tensor:
    return torch.cat(list(all_gather(features.contiguous())))
