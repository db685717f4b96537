"""What an LRCLR step costs beside a plain CLIP step of the same tower, and in bfloat16.

    python benchmarks/step_cost.py [--arch ViT-B-32-quickgelu] [--batch-size 32] [--repeats 5]

The plain step is written directly on open_clip: its model, its ClipLoss, AdamW. Weights and images
are random; texts are one sentence an image. Times alternate between the variants in one process;
peak memory is that of a process of its own for each. Printed: medians, spread, and ratios.
"""

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import open_clip
import torch

from core.backbones.open_clip_vit import open_clip_backbone
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.training.data import SentenceIndex, TrainingData
from core.training.engine import Loop, Schedule
from core.training.objectives import Weights

PAIRS = (("LRCLR fp32", "plain fp32"), ("LRCLR bf16", "plain bf16"), ("LRCLR bf16", "LRCLR fp32"))
VARIANTS = ("plain fp32", "LRCLR fp32", "plain bf16", "LRCLR bf16")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description="Cost of a training step.")
    options.add_argument("--arch", default="ViT-B-32-quickgelu")
    options.add_argument("--batch-size", type=int, default=32)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--memory-of", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.memory_of:
        step = _step(chosen.memory_of, chosen)
        for _ in range(3):
            step()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
        return
    print(f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, open_clip "
          f"{open_clip.__version__}; {chosen.arch}, batch {chosen.batch_size}")  # fmt: skip
    memory = {variant: _peak(variant, chosen) for variant in VARIANTS}
    steps = {variant: _step(variant, chosen) for variant in VARIANTS}
    times: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    for repeat in range(chosen.repeats + 1):
        for variant, step in steps.items():
            started = time.perf_counter()
            step()
            if repeat:  # the first warms up
                times[variant].append(time.perf_counter() - started)
    print(f"{'step':12s} {'s, median':>10s} {'least to most':>16s} {'peak GiB':>9s}")
    for variant, found in times.items():
        middle, spread = statistics.median(found), f"{min(found):.2f} to {max(found):.2f}"
        print(f"{variant:12s} {middle:10.2f} {spread:>16s} {memory[variant]:9.2f}")
    for one, two in PAIRS:
        slower = statistics.median(times[one]) / statistics.median(times[two])
        print(f"{one} / {two}: time x {slower:.2f}, memory x {memory[one] / memory[two]:.2f}")


def _peak(variant: str, chosen: argparse.Namespace) -> float:
    command = [sys.executable, __file__, "--arch", chosen.arch, "--batch-size",
               str(chosen.batch_size), "--memory-of", variant]  # fmt: skip
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _step(variant: str, chosen: argparse.Namespace) -> Callable[[], object]:
    torch.manual_seed(0)
    kind, precision = variant.split()
    texts = [f"finding {number} of the left lung" for number in range(chosen.batch_size)]
    pixels = torch.randn(chosen.batch_size, 3, 224, 224)
    if kind == "LRCLR":
        model = LRCLR(open_clip_backbone(chosen.arch), LRCLRConfig())
        data = TrainingData(pixels.half(), SentenceIndex([[text] for text in texts]), "random")
        schedule = Schedule(steps=10_000, batch_size=chosen.batch_size, sentences_per_report=1,
                            precision=precision)  # fmt: skip
        loop = Loop(model.train(), data, schedule, Weights())
        return lambda: loop.step(1)
    plain = open_clip.create_model(chosen.arch).train()
    tokens, loss_of = open_clip.get_tokenizer(chosen.arch)(texts), open_clip.ClipLoss()
    optimiser = torch.optim.AdamW(plain.parameters(), lr=3e-4, weight_decay=0.05)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            images, words = plain.encode_image(pixels, True), plain.encode_text(tokens, True)
            loss = loss_of(images, words, plain.logit_scale.exp())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        optimiser.step()

    return step


if __name__ == "__main__":
    main()
