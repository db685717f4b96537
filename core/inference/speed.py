"""How fast a model is on this machine, measured when asked."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch

from core.lrclr.model import LRCLR
from core.precision import use_bfloat16
from core.progress import Progress

BATCH = 8


@dataclass(frozen=True)
class Speed:
    """Of one precision; medians over repetitions, preprocessing not counted."""

    precision: str
    images_per_second: float  # in batches of BATCH
    ms_per_prompt: float  # one short prompt alone, new each time
    repetitions: int  # batches that were timed
    threads: int
    device: str


@torch.inference_mode()
def measure_speed(
    model: LRCLR, seconds: float = 2.0, progress: Progress | None = None
) -> list[Speed]:
    """Speed in fp32, and in bf16 where the hardware multiplies it.

    Args:
        seconds: spent on images, and half of it on prompts, for each precision; more where one
            repetition takes longer.
        progress: is given (done, total) steps.
    """
    precisions = ["fp32", "bf16"] if use_bfloat16("auto", model.device) else ["fp32"]
    preprocess = model.backbone.preprocess
    shape = (BATCH, preprocess.channels, preprocess.size, preprocess.size)
    pixels = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(model.device)
    numbers = iter(range(1_000_000))  # a text tower may remember what it has read
    found = []
    for place, precision in enumerate(precisions):
        enabled = precision == "bf16"
        with torch.autocast(model.device.type, torch.bfloat16, enabled=enabled):
            images = _times(lambda: model.encode_image(pixels), seconds, model.device)
            if progress:
                progress(2 * place + 1, 2 * len(precisions))
            prompts = _times(
                lambda: model.encode_text([f"pleural effusion of {next(numbers)} ml"]),
                seconds / 2, model.device,
            )  # fmt: skip
        if progress:
            progress(2 * place + 2, 2 * len(precisions))
        found.append(
            Speed(precision, BATCH / median(images), 1000 * median(prompts), len(images),
                  torch.get_num_threads(), _name(model.device))
        )  # fmt: skip
    return found


def _times(run: Callable[[], object], seconds: float, device: torch.device) -> list[float]:
    """Seconds of each repetition after one to warm up; one is enough where it takes long."""
    started = time.perf_counter()
    run()
    least = 3 if time.perf_counter() - started < seconds else 1
    times: list[float] = []
    while len(times) < least or sum(times) < seconds:
        started = time.perf_counter()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - started)
    return times


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
