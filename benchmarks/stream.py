"""Memory of a run, and its wait for data, as the study set grows beyond memory.

    python benchmarks/stream.py [--images 1000 40000] [--steps 40]

Each size is a process of its own: a file of random inputs of the demo backbone (107 KB each, as its
frozen stem leaves them), from which the engine draws batches of 32. Printed: the file's size, the
process's resident memory at the last step and the share of time a step waited for its images.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from machine import machine, peak_gib

from core.lrclr.checkpoint import load_model
from core.training.data import SentenceIndex, TrainingData
from core.training.engine import train
from core.training.finetune import with_layers
from core.training.inputs import InputFile
from core.training.log import RunLog
from core.training.settings import Schedule, Weights

SHAPE = (272, 14, 14)  # of one image after the demo's stem


def main() -> None:
    """Measure each size in a process of its own, or be that process."""
    options = argparse.ArgumentParser(description="Memory of a run by the size of its set.")
    options.add_argument("--images", type=int, nargs="+", default=[1000, 40000])
    options.add_argument("--steps", type=int, default=40)
    options.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.alone:
        print(_train(chosen.images[0], chosen.steps))
        return
    print(machine(), flush=True)
    for images in chosen.images:
        command = [sys.executable, __file__, "--alone", "--images", str(images),
                   "--steps", str(chosen.steps)]  # fmt: skip
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        print(done.stdout, end="", flush=True)


def _train(images: int, steps: int) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = _write(folder / "inputs.npy", images) / 2**30
        texts = [f"finding {number} of the left lung" for number in range(64)]
        index = SentenceIndex([[texts[row % 64]] for row in range(images)])
        model = with_layers(load_model("demo-base"), None)
        model.backbone.remember(texts)
        log = RunLog(folder / "log.jsonl")
        data = TrainingData(InputFile(folder / "inputs.npy"), index, "random")
        train(model, data, Schedule(steps=steps, batch_size=32, keep=0.75), Weights(), log)
        last = log.lines()[-1]
    return (
        f"{images} images, {size:.2f} GiB: {last['memory'] / 2**30:.2f} GiB resident at step "
        f"{steps}, {peak_gib():.2f} at most; {last['seconds'] / steps:.2f} s a step, "
        f"{last['waiting']:.1%} of it waiting"
    )


def _write(path: Path, images: int) -> int:
    """A file of random inputs; its size in bytes."""
    random = np.random.default_rng(0)
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=(images, *SHAPE))
    block = random.standard_normal((500, *SHAPE), dtype=np.float32).astype(np.float16)
    for start in range(0, images, len(block)):
        array[start : start + len(block)] = block[: images - start]
        if start % 5000 == 0:
            array.flush()
            del array  # mapped pages that were written would count as memory of this process
            array = np.lib.format.open_memmap(path, mode="r+")
    array.flush()
    return path.stat().st_size


if __name__ == "__main__":
    main()
