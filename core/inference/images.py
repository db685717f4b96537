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


class Forms:
    """What was made of B images so far. Knows no model: it may outlive the one that made it."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.tensors: dict[str, Tensor] = {}
        self.encoding: ImageEncoding | None = None


class Images:
    """See the module; safe to share: threads wait for a form that one of them makes."""

    def __init__(
        self,
        model: LRCLR,
        pixels: Tensor | Callable[[], Tensor],
        encoding: Callable[[], ImageEncoding] | None = None,
        once: Callable[[Tensor, Callable[[], Encoded]], Encoded] | None = None,
        forms: Forms | None = None,
    ) -> None:
        """Take what is there.

        Args:
            pixels: (B, C, S, S) from `backbone.preprocess`, or what makes them when asked.
            encoding: of the same images by `model`, where one is kept; otherwise they are encoded.
            once: has the pass over pixels done, or takes what another makes of the same.
            forms: of the same images by a model of the same weights; what is missing is added.
        """
        self._model = model
        self._make_pixels = pixels if callable(pixels) else lambda: pixels
        self._make_inputs = self._stem_maps
        self._make_encoding = encoding or self._encoded
        self._once = once or (lambda _, work: work())
        self._forms = forms or Forms()

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
        with self._forms.lock:
            if self._forms.encoding is None:
                self._forms.encoding = self._make_encoding()
            return self._forms.encoding

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
        with self._forms.lock:
            if form not in self._forms.tensors:
                self._forms.tensors[form] = make().to(self._model.device)
            return self._forms.tensors[form]

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
        pixels, ready = self.pixels, self._forms.tensors.get("inputs")

        @torch.no_grad()
        def work() -> Encoded:  # in another thread: it must not wait for what this one holds
            inputs = self._through_stem(pixels) if ready is None else ready
            return inputs, self._model.encode_image(inputs)

        self._forms.tensors["inputs"], encoding = self._once(pixels, work)
        return encoding
