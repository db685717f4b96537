"""What a training step costs: LRCLR beside plain CLIP, bfloat16 beside fp32, 2 processes beside 1.

    python benchmarks/step_cost.py [--arch ViT-B-32-quickgelu] [--batch-size 32] [--repeats 5]
        [--threads 1] [--parts memory processes steps curves]

The plain step is written directly on open_clip (benchmarks/steps.py). Times of the four steps
alternate in one process; peak memory is that of a process of its own for each. Then short real
runs (benchmarks/loss_curves.py) compare the loss in both precisions and say how long a step waits
for its data. Printed: medians, spread and ratios, by the clock and in CPU seconds. On a machine
that others use only the latter tell, and only with `--threads 1` (threads that wait count, too).
`--parts` leaves parts out.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

import torch
from loss_curves import print_curves
from machine import machine, peak_gib
from steps import Step, lrclr_step, plain_step

PAIRS = (("LRCLR fp32", "plain fp32"), ("LRCLR bf16", "plain bf16"), ("LRCLR bf16", "LRCLR fp32"))
VARIANTS = ("plain fp32", "LRCLR fp32", "plain bf16", "LRCLR bf16")
PARTS = ("memory", "processes", "steps", "curves")
STEPS = 3  # of a process whose memory is measured


def main() -> None:
    """Measure and print, or be one of the processes that are measured."""
    options = argparse.ArgumentParser(description="Cost of a training step.")
    options.add_argument("--arch", default="ViT-B-32-quickgelu")
    options.add_argument("--batch-size", type=int, default=32)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--threads", type=int, default=0, help="of torch; 0: as it chooses")
    options.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    options.add_argument("--memory-of", help=argparse.SUPPRESS)
    options.add_argument("--shared", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    if chosen.memory_of:
        kind, precision = chosen.memory_of.split()
        step = _make(kind, chosen)
        for _ in range(STEPS):
            step(precision)
        print(peak_gib())
    elif chosen.shared:
        _one_of_several(chosen)
    else:
        print(f"{machine()}, {torch.get_num_threads()} threads; {chosen.arch}, batch "
              f"{chosen.batch_size}\n", flush=True)  # fmt: skip
        # Processes first: later this one holds two models, and they would share the memory.
        if "memory" in chosen.parts:
            memory = {variant: _peak(variant, chosen) for variant in VARIANTS}
            _print("peak memory, GiB", {variant: [peak] for variant, peak in memory.items()})
        if "processes" in chosen.parts:
            _print_processes({count: _seconds_of(count, chosen) for count in (1, 2)})
        if "steps" in chosen.parts:
            for name, times in _times(chosen).items():
                _print(name, times)
        if "curves" in chosen.parts:
            print_curves(chosen.arch)


def _make(kind: str, chosen: argparse.Namespace) -> Step:
    make = lrclr_step if kind == "LRCLR" else plain_step
    return make(chosen.arch, chosen.batch_size)


def _times(chosen: argparse.Namespace) -> dict[str, dict[str, list[float]]]:
    """Of each variant's steps, by the clock and of the CPU."""
    steps = {kind: _make(kind, chosen) for kind in ("plain", "LRCLR")}
    clock: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    busy: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    for repeat in range(chosen.repeats + 1):
        for variant in VARIANTS:
            kind, precision = variant.split()
            started, worked = time.perf_counter(), time.process_time()
            steps[kind](precision)
            if repeat:  # the first warms up
                clock[variant].append(time.perf_counter() - started)
                busy[variant].append(time.process_time() - worked)
    return {"seconds of a step": clock, "CPU seconds of a step": busy}


def _print(what: str, found: dict[str, list[float]]) -> None:
    print(what)
    for variant, values in found.items():
        print(f"  {variant:12s} {statistics.median(values):7.2f}  ({_spread(values)})")
    for one, two in PAIRS:
        ratio = statistics.median(found[one]) / statistics.median(found[two])
        print(f"  {one} / {two}: x {ratio:.2f}")
    print(flush=True)


def _print_processes(told: dict[int, str]) -> None:
    for count, seconds in told.items():
        print(f"LRCLR bf16, {count} process{'es' if count > 1 else ''}: {seconds}")
    one, two = (float(seconds.split()[0]) for seconds in told.values())
    print(f"2 processes / 1 process: x {two / one:.2f}\n", flush=True)


def _spread(found: list[float]) -> str:
    return f"{min(found):.2f} to {max(found):.2f}"


def _peak(variant: str, chosen: argparse.Namespace) -> float:
    return float(_told([sys.executable], ["--memory-of", variant], chosen))


def _seconds_of(processes: int, chosen: argparse.Namespace) -> str:
    start = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={processes}",
             "--rdzv-backend=c10d", "--rdzv-endpoint=localhost:0"]  # fmt: skip
    threads = str(max((os.cpu_count() or 1) // processes, 1))
    return _told(start, ["--shared"], chosen, OMP_NUM_THREADS=threads)


def _told(start: list[str], more: list[str], chosen: argparse.Namespace, **values: str) -> str:
    command = [*start, __file__, "--arch", chosen.arch, "--batch-size", str(chosen.batch_size),
               "--repeats", str(chosen.repeats), *more]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True,
                          env={**os.environ, **values})  # fmt: skip
    return done.stdout.strip()


def _one_of_several(chosen: argparse.Namespace) -> None:
    """A process of several that share a batch; the first one tells."""
    step, found = _make("LRCLR", chosen), []
    for _ in range(chosen.repeats + 1):
        started = time.perf_counter()
        step("bf16")
        found.append(time.perf_counter() - started)
    if int(os.environ["RANK"]) == 0:
        print(f"{statistics.median(found[1:]):.2f} s, {_spread(found[1:])}; "
              f"peak {peak_gib():.2f} GiB a process")  # fmt: skip
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
