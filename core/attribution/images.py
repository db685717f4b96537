"""B images in every form that methods read; none is made twice, and none that nobody asks for."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from core.lrclr.encodings import ImageEncoding

if TYPE_CHECKING:
    from core.lrclr.model import LRCLR

Reads = Literal["encoding", "inputs", "pixels"]
"""What a method reads: what the model keeps of the images; what `LRCLR.image_tokens` takes, with a
frozen stem done once; or the preprocessed pixels."""


class Images:
    """See the module."""

    def __init__(
        self,
        model: "LRCLR",
        pixels: Tensor | Callable[[], Tensor],
        encoding: Callable[[], ImageEncoding] | None = None,
    ) -> None:
        """Take what is there.

        Args:
            pixels: (B, C, S, S) from `backbone.preprocess`, or what makes them when asked.
            encoding: of the same images by `model`, where one is kept; otherwise they are encoded.
        """
        self._model, self._pixels, self._encoding = model, pixels, encoding
        self._inputs: Callable[[], Tensor] | None = None

    @cached_property
    def pixels(self) -> Tensor:
        """(B, C, S, S)."""
        pixels = self._pixels if isinstance(self._pixels, Tensor) else self._pixels()
        return pixels.to(self._model.device)

    @cached_property
    def inputs(self) -> Tensor:
        """(B, ...) as `LRCLR.image_tokens` takes it: the stem's maps, where there is a stem."""
        if self._inputs is not None:
            return self._inputs()
        stem = self._model.backbone.stem
        if stem is None or self._model.config.body_mask:  # the mask of the body reads pixels
            return self.pixels
        with torch.no_grad():
            return stem(self.pixels)

    @cached_property
    def encoding(self) -> ImageEncoding:
        """Of the B images."""
        if self._encoding is not None:
            return self._encoding()
        with torch.no_grad():
            return self._model.encode_image(self.inputs)

    def read(self, form: Reads) -> Tensor | ImageEncoding:
        """The images in a form."""
        found: Tensor | ImageEncoding = getattr(self, form)
        return found

    def rows(self, index: list[int]) -> "Images":
        """Some of the images, in that order; what is made of them is made of all, once."""
        part = Images(
            self._model, lambda: self.pixels[index], lambda: self.encoding.rows(torch.tensor(index))
        )
        part._inputs = lambda: self.inputs[index]
        return part
