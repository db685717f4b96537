"""Readers that break every rule, so that the runner of the fuzz test is seen to notice."""

import os
from pathlib import Path

from fuzz_formats import Format

from core.errors import ExplorerError


def _read(path: Path) -> object:
    kind = path.read_bytes()
    if kind == b"crash":
        os._exit(7)
    if kind == b"hang":
        while True:
            pass
    if kind == b"memory":
        return sum(block[0] for block in [bytearray(os.urandom(1) * 2**20) for _ in range(2200)])
    if kind == b"raise":
        raise KeyError("rows")
    if kind == b"two":
        raise ExplorerError("The file is damaged. Copy it again.")
    if kind == b"refuse":
        raise ExplorerError("x.dcm is damaged and cannot be read; copy it again.")
    return kind


class _Given(Format):
    def case(self, number: int, seed: int) -> bytes:
        return self.sound()[number]


KINDS = [b"fine", b"refuse", b"crash", b"raise", b"two", b"hang", b"memory"]
FORMATS = [_Given("bad", "x.bad", 1, lambda: KINDS, (), _read)]
