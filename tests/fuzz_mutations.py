"""Damage of the kinds that files meet: flipped bits, cuts, splices, and numbers at their limits."""

from random import Random

_LIMITS = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00",
           b"\xff\xff\xff\x7f", b"\xff\xff", b"\x00\x00\x01\x00")  # fmt: skip
_EDGE = 2048  # bytes at either end, where headers and directories are


def mutate(data: bytes, others: list[bytes], rng: Random) -> bytes:
    """A damaged copy.

    Args:
        data: a sound file.
        others: sound files to splice pieces from.
    """
    damaged = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        rng.choice((_flip, _limit, _cut, _splice, _repeat, _remove, _zero))(damaged, others, rng)
    return bytes(damaged)


def _place(damaged: bytearray, rng: Random) -> int:
    """Half of all damage lies near an end."""
    size = max(len(damaged), 1)
    if rng.random() < 0.5:
        near = rng.randrange(min(_EDGE, size))
        return near if rng.random() < 0.7 else size - 1 - near
    return rng.randrange(size)


def _flip(damaged: bytearray, _others: list[bytes], rng: Random) -> None:
    at = _place(damaged, rng)
    damaged[at : at + 1] = bytes([damaged[at] ^ (1 << rng.randrange(8))]) if damaged else b"\x01"


def _limit(damaged: bytearray, _others: list[bytes], rng: Random) -> None:
    at, number = _place(damaged, rng), rng.choice(_LIMITS)
    damaged[at : at + len(number)] = number


def _cut(damaged: bytearray, _others: list[bytes], rng: Random) -> None:
    if rng.random() < 0.5:
        del damaged[_place(damaged, rng) :]


def _splice(damaged: bytearray, others: list[bytes], rng: Random) -> None:
    other = rng.choice(others)
    start, size = rng.randrange(max(len(other), 1)), rng.choice((1, 8, 64, 512))
    at = _place(damaged, rng)
    damaged[at : at + rng.choice((0, size))] = other[start : start + size]


def _repeat(damaged: bytearray, _others: list[bytes], rng: Random) -> None:
    at, size = _place(damaged, rng), rng.choice((1, 4, 32, 256))
    damaged[at:at] = bytes(damaged[at : at + size]) * rng.choice((1, 2, 100))


def _remove(damaged: bytearray, _others: list[bytes], rng: Random) -> None:
    at = _place(damaged, rng)
    del damaged[at : at + rng.choice((1, 2, 16, 200))]


def _zero(damaged: bytearray, _others: list[bytes], rng: Random) -> None:
    at, size = _place(damaged, rng), rng.choice((4, 64, 1024))
    damaged[at : at + size] = bytes(len(damaged[at : at + size]))
