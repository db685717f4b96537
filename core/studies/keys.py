"""The identities of all films of a set, worked out once and kept on disk."""

import os
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256

from core.errors import ExplorerError
from core.files import write_text_whole
from core.paths import cache_dir
from core.processes import map_in_processes
from core.progress import Progress
from core.studies.study import StudySet

_FEW = 48  # below this the workers' start costs more than it saves
_worker_set: StudySet


def image_keys(
    studies: StudySet, progress: Progress | None = None, workers: int | None = None
) -> list[str]:
    """`StudySet.image_key` of every row; empty for films that cannot be read.

    Every film is decoded once, for as long as the set's fingerprint stays as it is.

    Args:
        workers: processes; by default one a core, and none for a few films.
    """
    name = sha256(studies.fingerprint.encode()).hexdigest()[:40]
    path = cache_dir() / "image-keys" / f"{name}.txt"
    with suppress(OSError, ValueError):
        kept = path.read_text(encoding="utf-8").split("\n")[:-1]
        if len(kept) == len(studies):
            return kept
    keys = []
    for key in _computed(studies, workers):
        keys.append(key)
        if progress:
            progress(len(keys), len(studies))
    with suppress(OSError):  # a disk that refuses is no reason to fail
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text_whole(path, "".join(f"{key}\n" for key in keys))
    return keys


def _computed(studies: StudySet, workers: int | None) -> Iterable[str]:
    count = (os.cpu_count() or 1) if workers is None else workers
    rows = range(len(studies))
    if count < 2 or len(rows) < _FEW:
        return (_key(studies, row) for row in rows)
    return map_in_processes(_key_of_worker, rows, count, 16, _start, (studies,))


def _start(studies: StudySet) -> None:
    global _worker_set
    _worker_set = studies


def _key_of_worker(row: int) -> str:
    return _key(_worker_set, row)


def _key(studies: StudySet, row: int) -> str:
    """What was looked at lately is not read again, and nothing is pushed out of memory."""
    try:
        return studies.loaded(row).key
    except ExplorerError:
        return ""
