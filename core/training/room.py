"""How much memory a run will need, said before it starts, and refused where it isn't there.

Nothing is looked up: a few of the run's own images and texts go through a step, what lives at once
is counted, and what grows with the batch is multiplied. Scores of each image with each text are
computed at the size of the whole batch.
"""

import os
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.errors import ExplorerError
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.memory import free_memory
from core.precision import fast_towers
from core.training.check import TOGETHER
from core.training.engine import Loop
from core.training.live_bytes import LiveBytes
from core.training.objectives import Batch, lrclr_losses

_SPARE = 1.15
"""Over what is counted: what kernels hold inside, and gaps of the allocator."""
_MOST_TRIED = 4  # images


@dataclass(frozen=True)
class Room:
    """Bytes that a run needs beside its loaded model and data; of each process."""

    fixed: int  # states of the optimiser, averaged weights, a copy of the model that is written
    images: int  # each that is encoded at once, with its texts
    small: int  # gradients, and what a step needs whatever the batch
    encoded: int  # encodings and scores of the whole batch
    check: int  # encodings of the images of a check
    chunk: int  # images of a step that this process encodes at once

    @property
    def needed(self) -> int:
        """Bytes at the most."""
        return self.with_chunk(self.chunk)

    def with_chunk(self, chunk: int) -> int:
        """Bytes where so many images are encoded at once."""
        step = self.small + chunk * self.images + self.encoded
        return int(_SPARE * (self.fixed + max(step, self.small + self.check)))

    def sentence(self, free: int) -> str:
        """For people."""
        return f"The run needs about {_gib(self.needed)} of memory; {_gib(free)} are free."

    def check_against(self, free: int) -> None:
        """Refuse a run that will not fit.

        Raises:
            ExplorerError: it needs more than `free` bytes; says what would fit.
        """
        if self.needed <= free:
            return
        chunk = self.chunk
        while chunk > 1 and self.with_chunk(chunk) > free:
            chunk //= 2
        hint = f"set chunk to {chunk} (--chunk {chunk}): the same gradients in less memory"
        if self.with_chunk(chunk) > free:
            hint = ("take a smaller model, a smaller input (MODEL@SIZE), a smaller batch_size or "
                    "fewer last_blocks")  # fmt: skip
        raise ExplorerError(
            f"The run needs about {_gib(self.needed)} of memory and {_gib(free)} are free; {hint}."
        )


def room_for(loop: Loop, check_images: int) -> Room:
    """Try a few images of a run's loop; its generator is left as it was.

    Args:
        check_images: images of the set that is encoded at every check.
    """
    generator = loop.generator.get_state()
    share = loop.processes.share(loop.size)
    own = share.stop - share.start
    more = min(_MOST_TRIED, loop.size)
    few = more // 2
    (least, few_encoded), (most, more_encoded) = _step(loop, few), _step(loop, more)
    each = max((most - least) // (more - few), 0)
    encoded = max((more_encoded - few_encoded) // (more - few), 0)
    trained = sum(_bytes(p) for p in loop.model.parameters() if p.requires_grad)
    averaged = 2 * trained if loop.schedule.ema else 0
    room = Room(
        fixed=2 * trained + averaged + sum(map(_bytes, loop.model.parameters())),
        images=each,
        small=max(least - few * each, trained),
        encoded=_scores(loop, list(range(loop.size))) + 3 * encoded * loop.size,
        check=_forward(loop) * min(TOGETHER, check_images) + encoded * check_images,
        chunk=loop.schedule.chunk if 0 < loop.schedule.chunk < own else own,
    )
    loop.generator.set_state(generator)
    return room


def free_for(device: torch.device) -> int:
    """Bytes that each process of this computer may still take, on the GPU where the model is."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return free_memory() // int(os.environ.get("LOCAL_WORLD_SIZE", 1))


def _step(loop: Loop, count: int) -> tuple[int, int]:
    """Most bytes of a step of so many images with their texts, and bytes of the encodings."""
    model, rows = loop.model, list(range(count))
    batch = loop.batch_of(rows, loop.data.inputs[rows].to(loop.device))
    model.train()
    with LiveBytes([*model.parameters(), *model.buffers()]) as live, loop.computing():
        images = model.encode_image(batch.inputs.float(), loop.schedule.keep)
        texts = model.encode_text(batch.texts)
        encoded = sum(map(_bytes, (images.patch_features, images.image_features)))
        encoded += sum(map(_bytes, (texts.words, texts.text_features)))
        terms = lrclr_losses(model, images, texts, batch, loop.weights)
        torch.stack(list(terms.values())).sum().backward()
    loop.optimiser.zero_grad(set_to_none=True)
    return live.peak, encoded


def _scores(loop: Loop, rows: list[int]) -> int:
    """Most bytes that the losses of the whole batch take, of encodings that a few were made of."""
    model, drawn = loop.model, loop.draw(rows)
    count, texts = len(rows), len(drawn.texts)
    batch = Batch(
        torch.empty(0), drawn.texts, drawn.truth.to(loop.device), drawn.present.to(loop.device)
    )
    with torch.no_grad(), loop.computing():
        images = model.encode_image(loop.data.inputs[rows[:2]].to(loop.device).float())
        words = model.encode_text(drawn.texts[:8])
    images = images.rows(torch.arange(count, device=loop.device) % len(images))
    words = words.rows(torch.arange(texts) % len(words))
    images, words = _leaves(images, words)
    if loop.weights.blank:
        batch = replace(batch, blanked=torch.zeros(images.patch_features.shape[:2]).bool())
    with LiveBytes([*model.parameters(), *model.buffers()]) as live, loop.computing():
        terms = lrclr_losses(model, images, words, batch, loop.weights)
        torch.stack(list(terms.values())).sum().backward()
    loop.optimiser.zero_grad(set_to_none=True)
    return live.peak


def _leaves(images: ImageEncoding, texts: TextEncoding) -> tuple[ImageEncoding, TextEncoding]:
    """The same, as tensors that a gradient is asked of."""
    return (
        replace(images, image_features=images.image_features.detach().requires_grad_(),
                patch_features=images.patch_features.detach().requires_grad_()),
        replace(texts, text_features=texts.text_features.detach().requires_grad_(),
                words=texts.words.detach().requires_grad_()),
    )  # fmt: skip


@torch.no_grad()
def _forward(loop: Loop) -> int:
    """Bytes that each image takes that is encoded without a gradient, at a check."""
    model, peaks = loop.model, []
    for count in (1, 2):
        pixels = loop.data.inputs[:count].float().to(loop.device)
        with LiveBytes([*model.parameters(), *model.buffers()]) as live, fast_towers(loop.device):
            model.encode_image(pixels)
        peaks.append(live.peak)
    return max(peaks[1] - peaks[0], 0)


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
