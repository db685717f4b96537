"""How much memory there is: of the computer, or of the container where that is less."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from core.errors import ExplorerError

_GROUPS, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_SHARE = 0.5  # of all memory for models that are kept; the rest is for what they work on
_MODELS = "LRCLR_MODEL_MEMORY"


def total_memory() -> int:
    """Bytes that this process may have at most."""
    return min([psutil.virtual_memory().total, *(limit for limit, _ in _limits())])


def free_memory() -> int:
    """Bytes that are free for it now."""
    left = [limit - used for limit, used in _limits()]
    return max(min([psutil.virtual_memory().available, *left]), 0)


def memory_for_models() -> int:
    """Bytes of models that are kept ready: half of all, or the GiB of `LRCLR_MODEL_MEMORY`.

    Raises:
        ExplorerError: it is set to something else than a number above 0.
    """
    told = os.environ.get(_MODELS)
    if told is None:
        return int(_SHARE * total_memory())
    try:
        size = float(told)
    except ValueError:
        size = 0.0
    if not 0 < size < float("inf"):
        raise ExplorerError(f"{_MODELS} is '{told[:20]}'; set it to a number of GiB, such as 4.")
    return int(size * 2**30)


def _limits(
    groups: Path = _GROUPS, own: Path = Path("/proc/self/cgroup")
) -> Iterator[tuple[int, int]]:
    """Limit and use, in bytes, of each control group that this process is in and that has one."""
    try:
        names = [line.split(":", 2) for line in own.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return  # not Linux
    for number, kinds, name in names:
        if number == "0":
            root, limit, used = groups, "memory.max", "memory.current"
        elif "memory" in kinds.split(","):
            root, limit, used = groups / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        place = root / name.strip("/")
        for folder in [place, *place.parents]:
            if not folder.is_relative_to(root):
                break
            try:
                yield int((folder / limit).read_text()), int((folder / used).read_text())
            except (OSError, ValueError):  # "max", or a group that is not seen from here
                continue
