"""What a step of fine-tuning costs on other people's towers: seconds and memory, foretold and real.

    python benchmarks/tower_steps.py [--batch 16] [--chunk 0] [--steps 2] [CASE ...]

ViT-B/16 of open_clip with random weights and the layers and losses of the preset `last-blocks`, on
random images and sentences of phantom reports; each case in a process of its own, two threads,
fp32. *Foretold* is what `finetune` says before it starts, without a check; *real* is how much the
most resident memory grew over that of the loaded model. Seconds are of the quickest step, CPU
seconds those of all threads.
"""

import argparse
import gc
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import torch
from machine import machine, peak_gib

CASES = {"224-last": (224, 2), "224-layers": (224, 0), "448-last": (448, 2), "224-all": (224, -1)}
"""Side of the images, and `last_blocks`."""


def main() -> None:
    """Measure and print, or measure one case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=list(CASES), metavar="CASE")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--chunk", type=int, default=0)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--alone", action="store_true", help="in this process")
    options = parser.parse_args()
    if options.alone:
        _measure(options.cases[0], options)
        return
    print(machine())
    print(f"{'case':12} {'batch':>5} {'chunk':>5} {'last_blocks':>11} {'CPU s a step':>12} "
          f"{'s':>6} {'GiB foretold':>12} {'real':>5}", flush=True)  # fmt: skip
    for case in options.cases:
        more = ["--batch", options.batch, "--chunk", options.chunk, "--steps", options.steps]
        command = [sys.executable, __file__, case, "--alone", *map(str, more)]
        subprocess.run(command, check=True)


def _measure(case: str, options: argparse.Namespace) -> None:
    from core.backbones.open_clip_vit import open_clip_backbone
    from core.lrclr.model import LRCLR
    from core.specs import open_studies
    from core.training.config_file import read_config
    from core.training.data import SentenceIndex, TrainingData
    from core.training.engine import Loop
    from core.training.room import room_for

    torch.set_num_threads(2)
    torch.manual_seed(0)
    side, last_blocks = CASES[case]
    config, batch = read_config("last-blocks"), options.batch
    model = LRCLR(open_clip_backbone("ViT-B-16", None, side), config.lrclr).train()
    reports = [list(report) for report in open_studies(f"phantom:train,n={batch}").reports]
    schedule = replace(config.schedule, batch_size=batch, chunk=options.chunk, precision="fp32",
                       last_blocks=last_blocks)  # fmt: skip
    data = TrainingData(
        torch.randn(batch, 3, side, side).half(), SentenceIndex(reports), "random"
    )
    gc.collect()
    loaded = psutil.Process().memory_info().rss / 2**30
    loop = Loop(model, data, schedule, config.weights)
    room = replace(room_for(loop, check_images=1), check=0)
    spent, seconds = [], []
    for step in range(1, options.steps + 1):
        started, before = time.perf_counter(), time.process_time()
        loop.step(step)
        spent.append(time.process_time() - before)
        seconds.append(time.perf_counter() - started)
    print(f"{case:12} {batch:5} {options.chunk:5} {last_blocks:11} {min(spent):12.1f} "
          f"{min(seconds):6.1f} {room.needed / 2**30:12.2f} {peak_gib() - loaded:5.2f}",
          flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
