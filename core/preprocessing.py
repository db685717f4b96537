"""The one path from a radiograph's pixels to a model's input, and back from maps to pixels.

Training, inference, pages and commands all call the same `Preprocess`; each backbone brings its own
statistics. Interpolation is torch's, so that the recipe of CheXzero (docs/method.md) can be said in
these fields: a 320 px Lanczos letterbox, then bicubic to 224 without antialias.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

MODES = ("letterbox", "squash", "crop", "crop-floor")

Rectangle = tuple[float, float, float, float]
"""(x, y, w, h) in pixels; a `Box` of a study has a finding's name besides."""


@dataclass(frozen=True)
class Frame:
    """The rectangle of the model's input that an image fills, in model pixels (may stick out)."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Preprocess:
    """From (H, W) in 0..255 to (C, size, size), normalised."""

    size: int
    mean: tuple[float, ...] = (127.5,)  # per channel, on the 0..255 scale
    std: tuple[float, ...] = (63.75,)
    channels: int = 1
    # Whole image on black; "squash" distorts; "crop" cuts the long side, an odd spare pixel as
    # torchvision does, and "crop-floor" as transformers does.
    mode: str = "letterbox"
    # "crop" of an image whose short side was brought to more than `size` first (BioViL: 512, 448).
    # This, `stretch` and `covered` follow from the model: no part of what names kept encodings.
    shortest: int | None = field(default=None, repr=False)
    stretch: bool = field(default=False, repr=False)  # the darkest to 0, the brightest to 255
    pad_to: int | None = None  # a letterbox at this size first (Lanczos), as CheXzero's 320
    interpolation: str = "bilinear"  # or "bicubic"
    antialias: bool = True
    # Side in pixels that whole patches cover, where it is not `size`: SigLIP's 384 hold 27 patches
    # of 14.
    covered: int | None = field(default=None, repr=False)

    @property
    def span(self) -> int:
        """Side in pixels of the grid of patches, from the left and the top."""
        return self.covered or self.size

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, not {self.mode!r}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Preprocess":
        """What `dataclasses.asdict` and JSON made of one."""
        made: dict[str, Any] = dict(values)
        made.update(mean=tuple(made["mean"]), std=tuple(made["std"]))
        return cls(**made)

    def __call__(self, image: np.ndarray) -> Tensor:
        """Preprocess one image (H, W) in 0..255 to float32 (C, size, size)."""
        return self.normalise(self.resize(image))

    def normalise(self, grey: Tensor) -> Tensor:
        """What `resize` made, (..., 1, size, size), as (..., C, size, size)."""
        mean = torch.tensor(self.mean).view(-1, 1, 1)
        std = torch.tensor(self.std).view(-1, 1, 1)
        return (grey.expand(*grey.shape[:-3], self.channels, -1, -1) - mean).div_(std)

    def batch(self, images: Sequence[np.ndarray]) -> Tensor:
        """Preprocess B images to (B, C, size, size)."""
        return torch.stack([self(image) for image in images])

    def resize(self, image: np.ndarray) -> Tensor:
        """The geometry alone: (H, W) in 0..255 to (1, size, size) in 0..255."""
        grey = np.asarray(image, dtype=np.float32)
        if grey.ndim != 2 or not grey.size:
            raise ValueError(f"expected a grey image (H, W), found shape {grey.shape}")
        if self.stretch and (low := grey.min()) < (high := grey.max()):
            grey = (grey - low) * (255 / (high - low))
        if self.pad_to:
            grey = _letterbox_lanczos(grey, self.pad_to)
        if not grey.flags.writeable:  # as Pillow gives them, and torch warns of
            grey = grey.copy()
        height, width = grey.shape
        frame = self._frame(height, width)
        inner = (round(frame.height), round(frame.width))
        scaled = F.interpolate(
            torch.from_numpy(grey)[None, None], inner, mode=self.interpolation,
            align_corners=False, antialias=self.antialias,
        )[0].clamp(0, 255)  # fmt: skip
        left, top = round(frame.left), round(frame.top)
        spare = (left, self.size - inner[1] - left, top, self.size - inner[0] - top)
        return F.pad(scaled, spare)  # negative padding crops

    def steps(self, image: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """What the model saw, step by step: names and uint8 pictures."""
        found = [("As read", _to_uint8(np.asarray(image, dtype=np.float32)))]
        if self.pad_to:
            padded = _letterbox_lanczos(np.asarray(image, dtype=np.float32), self.pad_to)
            found.append((f"Letterboxed to {self.pad_to}", _to_uint8(padded)))
        found.append((f"Model input, {self.size} px", _to_uint8(self.resize(image)[0].numpy())))
        return found

    def frame(self, shape: tuple[int, int]) -> Frame:
        """Where an image of `shape` (H, W) lies in the model's input."""
        if not self.pad_to:
            return self._frame(*shape)
        scale = self.size / self.pad_to
        height, width = _fit(shape, self.pad_to)
        left, top = (self.pad_to - width) // 2, (self.pad_to - height) // 2
        return Frame(left * scale, top * scale, width * scale, height * scale)

    def to_image_box(self, box: Rectangle, shape: tuple[int, int]) -> Rectangle:
        """Box (x, y, w, h) of model pixels in pixels of an image (H, W), cut at its border."""
        frame = self.frame(shape)
        across, down = shape[1] / frame.width, shape[0] / frame.height
        left = min(max((box[0] - frame.left) * across, 0), shape[1])
        top = min(max((box[1] - frame.top) * down, 0), shape[0])
        right = min(max((box[0] + box[2] - frame.left) * across, 0), shape[1])
        bottom = min(max((box[1] + box[3] - frame.top) * down, 0), shape[0])
        return left, top, right - left, bottom - top

    def from_image_box(self, box: Rectangle, shape: tuple[int, int]) -> Rectangle:
        """Box (x, y, w, h) of an image (H, W) in model pixels; the inverse of `to_image_box`."""
        frame = self.frame(shape)
        across, down = frame.width / shape[1], frame.height / shape[0]
        left, top = frame.left + box[0] * across, frame.top + box[1] * down
        return left, top, box[2] * across, box[3] * down

    def map_to_image(
        self, values: np.ndarray, shape: tuple[int, int], mode: str = "bilinear"
    ) -> np.ndarray:
        """Maps over the model's input, grid (..., h, w) or pixels, as (..., H, W) of the image.

        float32. Half-pixel aligned: the centre of a patch stays the centre of the tissue it saw.
        """
        frame = self.frame(shape)
        rows = (torch.arange(shape[0]) + 0.5) / shape[0] * frame.height + frame.top
        columns = (torch.arange(shape[1]) + 0.5) / shape[1] * frame.width + frame.left
        where = torch.stack(torch.meshgrid(rows, columns, indexing="ij")[::-1], dim=-1)
        source = torch.tensor(np.asarray(values, dtype=np.float32))  # a copy: it may be read-only
        side = self.size if source.shape[-1] == self.size else self.span
        where = where / side * 2 - 1  # grid_sample counts in -1..1, x first
        mapped = F.grid_sample(
            source.reshape(1, -1, *source.shape[-2:]), where[None].float(), mode=mode,
            padding_mode="border", align_corners=False,
        )  # fmt: skip
        return mapped.view(*source.shape[:-2], *shape).numpy()

    def _frame(self, height: int, width: int) -> Frame:
        if self.mode == "squash":
            return Frame(0, 0, self.size, self.size)
        if self.mode.startswith("crop"):  # as torchvision's Resize and CenterCrop, to the pixel
            shortest = min(height, width)
            side = self.shortest or self.size
            inner_height, inner_width = (int(side * n / shortest) for n in (height, width))
            halve = round if self.mode == "crop" else math.floor
            left, top = (-halve((n - self.size) / 2) for n in (inner_width, inner_height))
            return Frame(left, top, inner_width, inner_height)
        inner_height, inner_width = _fit((height, width), self.size)
        left, top = (self.size - inner_width) // 2, (self.size - inner_height) // 2
        return Frame(left, top, inner_width, inner_height)


def _fit(shape: tuple[int, int], size: int) -> tuple[int, int]:
    longest = max(shape)
    return max(round(shape[0] * size / longest), 1), max(round(shape[1] * size / longest), 1)


def _letterbox_lanczos(grey: np.ndarray, size: int) -> np.ndarray:
    height, width = _fit(grey.shape, size)
    picture = Image.fromarray(_to_uint8(grey)).resize((width, height), Image.Resampling.LANCZOS)
    canvas = Image.new("L", (size, size))
    canvas.paste(picture, ((size - width) // 2, (size - height) // 2))
    return np.asarray(canvas, dtype=np.float32)


def _to_uint8(grey: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)
