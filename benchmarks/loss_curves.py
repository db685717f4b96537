"""The loss in bfloat16 beside fp32 over short real runs, and how long their steps wait for data.

    python benchmarks/loss_curves.py [--arch ViT-B-32-quickgelu]

Two models train on phantoms from the same seed in both precisions; a run in fp32 from another seed
gives the noise to compare with. Images are read from disk while the model computes.
"""

import argparse
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from machine import machine

from core.backbones.open_clip_vit import open_clip_backbone
from core.lrclr.checkpoint import load_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.specs import open_studies
from core.training.data import TrainingData, load_training_data
from core.training.engine import train
from core.training.finetune import with_layers
from core.training.log import RunLog
from core.training.settings import Schedule, Weights

RUNS = (("fp32", 0), ("bf16", 0), ("fp32", 1))


@dataclass(frozen=True)
class Setting:
    """A model and how it trains; `arch` of open_clip, or the demo backbone."""

    name: str
    arch: str | None
    data: str
    schedule: Schedule
    end: int  # last steps whose mean loss is compared

    def model(self) -> LRCLR:
        """The same weights at each call."""
        torch.manual_seed(0)
        if self.arch:
            return LRCLR(open_clip_backbone(self.arch), LRCLRConfig())
        return with_layers(load_model("demo-base"), None)


def settings(arch: str) -> tuple[Setting, Setting]:
    """60 steps of the demo's fine-tuning, and a few steps of the tower whose cost is measured."""
    demo = Schedule(steps=60, batch_size=32, learning_rate=1e-3, sentences_per_report=4, keep=0.75)
    tower = Schedule(steps=10, batch_size=32, learning_rate=1e-4, sentences_per_report=4)
    return (
        Setting("demo-base, 60 steps", None, "phantom:train,n=512", demo, end=20),
        Setting(f"{arch} from a random start, 10 steps", arch, "phantom:train,n=128", tower, end=5),
    )


def print_curves(arch: str) -> None:
    """Train and print, one setting after the other."""
    for setting in settings(arch):
        model = setting.model()
        data = load_training_data(open_studies(setting.data), model.backbone, as_pixels=False)
        model.backbone.remember(data.index.sentences)
        with tempfile.TemporaryDirectory() as folder:
            found = [_run(setting, data, *run, Path(folder) / "log.jsonl") for run in RUNS]
        _print(setting, [np.array([line["loss"] for line in lines]) for lines in found],
               [lines[-1] for lines in found])  # fmt: skip


def _run(
    setting: Setting, data: TrainingData, precision: str, seed: int, log: Path
) -> list[dict[str, float]]:
    log.unlink(missing_ok=True)
    schedule = replace(setting.schedule, precision=precision, seed=seed)
    told = RunLog(log)
    train(setting.model(), data, schedule, Weights(), told, log_every=1)
    return told.lines()


def _print(setting: Setting, losses: list[np.ndarray], ends: list[dict[str, float]]) -> None:
    print(f"{setting.name}, batch {setting.schedule.batch_size}, on {setting.data}")
    print(f"{'run':14s} {'first loss':>10s} {'last loss':>10s} {'s a step':>9s} {'waiting':>8s}")
    for (precision, seed), curve, end in zip(RUNS, losses, ends, strict=True):
        print(f"{precision}, seed {seed:<4d} {curve[0]:10.3f} {curve[-setting.end :].mean():10.3f} "
              f"{end['seconds'] / len(curve):9.2f} {end['waiting']:8.1%}")  # fmt: skip
    fp32, bf16, other = losses
    for name, curve in (("bf16", bf16), ("another seed", other)):
        apart = np.abs(curve - fp32)
        print(f"{name} against fp32: losses of a step differ by {apart.mean():.4f} on average, "
              f"{apart.max():.4f} at most; the last {setting.end} steps' mean by "
              f"{(curve - fp32)[-setting.end :].mean():+.4f}")  # fmt: skip
    print(f"bf16 / fp32: time x {ends[1]['seconds'] / ends[0]['seconds']:.2f}\n", flush=True)


def main() -> None:
    """Read the option, train, print."""
    options = argparse.ArgumentParser(description="Loss curves in two precisions.")
    options.add_argument("--arch", default="ViT-B-32-quickgelu")
    print(machine())
    print_curves(options.parse_args().arch)


if __name__ == "__main__":
    main()
