"""B images in every form that is read of them; none is made twice, or unless somebody asks."""

from collections.abc import Callable
from threading import RLock
from typing import Literal

import torch
from torch import Tensor

from core.lrclr.encodings import ImageEncoding
from core.lrclr.model import LRCLR

Encoded = tuple[Tensor, ImageEncoding]
"""What the model took of images, and what it made of them."""
Reads = Literal["encoding", "inputs", "pixels"]
"""A form: what the model keeps of the images; what `LRCLR.image_tokens` takes, with a frozen stem
done once; or the preprocessed pixels."""


class Images:
    """See the module; safe to share: threads wait for a form that one of them makes."""

    def __init__(
        self,
        model: LRCLR,
        pixels: Tensor | Callable[[], Tensor],
        encoding: Callable[[], ImageEncoding] | None = None,
        once: Callable[[Tensor, Callable[[], Encoded]], Encoded] | None = None,
    ) -> None:
        """Take what is there.

        Args:
            pixels: (B, C, S, S) from `backbone.preprocess`, or what makes them when asked.
            encoding: of the same images by `model`, where one is kept; otherwise they are encoded.
            once: has the pass over pixels done, or takes what another makes of the same.
        """
        self._model = model
        self._make_pixels = pixels if callable(pixels) else lambda: pixels
        self._make_inputs = self._stem_maps
        self._make_encoding = encoding or self._encoded
        self._once = once or (lambda _, work: work())
        self._lock = RLock()
        self._tensors: dict[str, Tensor] = {}
        self._kept: ImageEncoding | None = None

    @property
    def pixels(self) -> Tensor:
        """(B, C, S, S)."""
        return self._tensor("pixels", self._make_pixels)

    @property
    def inputs(self) -> Tensor:
        """(B, ...) as `LRCLR.image_tokens` takes it: the stem's maps, where there is a stem."""
        return self._tensor("inputs", self._make_inputs)

    @property
    def encoding(self) -> ImageEncoding:
        """Of the B images."""
        with self._lock:
            if self._kept is None:
                self._kept = self._make_encoding()
            return self._kept

    def read(self, form: Reads) -> Tensor | ImageEncoding:
        """The images in a form."""
        return self.encoding if form == "encoding" else getattr(self, form)

    def rows(self, index: list[int]) -> "Images":
        """Some of the images, in that order; what is made of them is made of all, once."""
        part = Images(
            self._model, lambda: self.pixels[index], lambda: self.encoding.rows(torch.tensor(index))
        )
        part._make_inputs = lambda: self.inputs[index]
        return part

    def _tensor(self, form: str, make: Callable[[], Tensor]) -> Tensor:
        with self._lock:
            if form not in self._tensors:
                self._tensors[form] = make().to(self._model.device)
            return self._tensors[form]

    def _stem_maps(self) -> Tensor:
        return self._through_stem(self.pixels)

    @torch.no_grad()
    def _through_stem(self, pixels: Tensor) -> Tensor:
        stem = self._model.backbone.stem
        if stem is None or self._model.config.body_mask:  # the mask of the body reads pixels
            return pixels
        maps: Tensor = stem(pixels)
        return maps

    def _encoded(self) -> ImageEncoding:
        pixels, ready = self.pixels, self._tensors.get("inputs")

        @torch.no_grad()
        def work() -> Encoded:  # in another thread: it must not wait for what this one holds
            inputs = self._through_stem(pixels) if ready is None else ready
            return inputs, self._model.encode_image(inputs)

        self._tensors["inputs"], encoding = self._once(pixels, work)
        return encoding
