"""What a benchmark ran on, in one line; and the most memory a process has held."""

import os
import platform
import resource
import sys
from pathlib import Path

import open_clip
import torch


def machine() -> str:
    """CPU, cores, what it has for bfloat16, and versions."""
    kinds = {"AMX": torch.cpu._is_amx_tile_supported(),
             "avx512_bf16": torch.cpu._is_avx512_bf16_supported()}  # fmt: skip
    has = ", ".join(name for name, there in kinds.items() if there) or "no bfloat16"
    return (
        f"{_cpu()}, {os.cpu_count()} cores ({has}); Python {platform.python_version()}, "
        f"torch {torch.__version__}, open_clip {open_clip.__version__}"
    )


def peak_gib() -> float:
    """Most resident memory of this process so far."""
    unit = 1 if sys.platform == "darwin" else 2**10  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def _cpu() -> str:
    try:  # the name alone is the same for several generations
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        told = dict(line.split("\t: ", 1) for line in map(str.strip, lines) if "\t: " in line)
        model = {name.strip(): value for name, value in told.items()}
        return f"{model['model name']} (family {model['cpu family']}, model {model['model']})"
    except (OSError, KeyError):
        return platform.processor() or platform.machine()
