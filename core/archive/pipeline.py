"""The work of one process of `embed`: images read, encoded and written, side by side.

Worker processes read and resize images while the model computes; a shard is written by a thread
while the next one is computed. On a CPU several batches are encoded side by side, each on cores of
its own: threads that share a batch wait for each other at every layer, and a worker that takes the
core of one halts all. What is held at once is a few batches and two shards, whatever the size of
the set.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from core.archive.decode import Decoded, decoded
from core.archive.encoder import Encoder
from core.archive.keep import keep_patches, prompts_to_keep_by
from core.archive.layout import Description, shard_path
from core.archive.shard import Problem, write_shard
from core.inference.predictor import Predictor
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.studies.study import StudySet

_LANES = 4  # batches encoded side by side on a CPU, at most


@dataclass(frozen=True)
class EmbedProgress:
    """How far this process is."""

    done: int  # studies of `total`, which are this process's share of what was missing
    total: int
    problems: int
    seconds: float
    waited: float  # seconds of these in which the model had nothing to do

    @property
    def rate(self) -> float:
        """Studies a second."""
        return self.done / max(self.seconds, 1e-9)

    @property
    def left(self) -> float:
        """Seconds to go at this rate."""
        return (self.total - self.done) / max(self.rate, 1e-9)

    @property
    def waiting(self) -> float:
        """Share of the time, 0..1."""
        return self.waited / max(self.seconds, 1e-9)


class Pipeline:
    """The work of one process."""

    def __init__(
        self, predictor: Predictor, studies: StudySet, folder: Path, description: Description,
        batch_size: int, workers: int | None,
    ) -> None:  # fmt: skip
        self.studies, self.folder, self.description = studies, folder, description
        self.encoder = Encoder(predictor.model, description.precision)
        self.batch_size = batch_size
        here = int(os.environ.get("LOCAL_WORLD_SIZE", 1))  # processes that share the cores
        cores = max((os.cpu_count() or 1) // here, 1)
        self.workers = cores if workers is None else workers
        self.lanes = min(cores, _LANES) if predictor.model.device.type == "cpu" else 1
        self.threads = max(cores // self.lanes, 1)  # of each
        self.ids = studies.ids
        self.kept_by: TextEncoding = prompts_to_keep_by(predictor)

    def shards(
        self, shards: list[int], progress: Callable[[EmbedProgress], None] | None
    ) -> EmbedProgress:
        """Make and write shards in order."""
        rows = [row for shard in shards for row in self.description.rows(shard)]
        workers = self.workers if len(rows) > 2 * self.batch_size else 0
        now = EmbedProgress(0, len(rows), 0, 0.0, 0.0)
        started = time.perf_counter()
        busy = 0.0
        writing: Future[None] | None = None
        with (
            closing(decoded(self.studies, self.encoder.preprocess, rows, workers)) as images,
            closing(self._encoded(images, shards)) as encoded,
            ThreadPoolExecutor(1) as writer,
        ):
            for shard in shards:
                made = _Shard([], [], [])
                own = self.description.rows(shard)
                while len(made.kept) + len(made.problems) < len(own):
                    batch = next(encoded)
                    made.add(batch)
                    busy += batch.seconds / self.lanes
                    seconds = time.perf_counter() - started
                    now = replace(
                        now, done=now.done + len(batch.kept) + len(batch.problems),
                        problems=now.problems + len(batch.problems),
                        seconds=seconds, waited=max(seconds - busy, 0),
                    )  # fmt: skip
                    if progress:
                        progress(now)
                if writing:
                    writing.result()  # one at a time; a full disk is said here
                writing = writer.submit(made.write, shard_path(self.folder, shard), self.ids)
            if writing:
                writing.result()
        return replace(now, seconds=time.perf_counter() - started)

    def _encoded(
        self, images: Iterator[Decoded], shards: list[int]
    ) -> Generator["_Batch", None, None]:
        """Yield batches in order, of one shard each, `lanes` of them under way."""
        under_way: deque[Future[_Batch]] = deque()
        before = torch.get_num_threads()
        try:
            with ThreadPoolExecutor(self.lanes, initializer=self._start_lane) as lanes:
                for shard in shards:
                    for rows in _batches(list(self.description.rows(shard)), self.batch_size):
                        found = [next(images) for _ in rows]
                        under_way.append(lanes.submit(self._encode, rows, found))
                        if len(under_way) > self.lanes:
                            yield under_way.popleft().result()
                while under_way:
                    yield under_way.popleft().result()
        finally:
            torch.set_num_threads(before)

    def _start_lane(self) -> None:
        if self.lanes > 1:
            torch.set_num_threads(self.threads)  # of this thread, and of those that start later

    def _encode(self, rows: list[int], images: list[Decoded]) -> "_Batch":
        started = time.perf_counter()
        problems: list[Problem] = []
        good: list[int] = []
        pixels = []
        for row, image in zip(rows, images, strict=True):
            if isinstance(image, str):
                problems.append(Problem(row, self.ids[row], image))
            else:
                good.append(row)
                pixels.append(image)
        if not good:
            return _Batch([], None, problems, 0.0)
        encoded = self.encoder(torch.from_numpy(np.stack(pixels)))
        finite = encoded.image_features.isfinite().all(dim=1)
        finite &= encoded.patch_features.isfinite().flatten(1).all(dim=1)
        if not finite.all():
            reason = "the model gives no finite features for it."
            sound = dict(zip(good, finite.tolist(), strict=True))
            problems += [Problem(row, self.ids[row], f"{self.ids[row]}: {reason}")
                         for row in good if not sound[row]]  # fmt: skip
            good = [row for row in good if sound[row]]
            encoded = encoded.rows(finite)
        kept = keep_patches(encoded, self.description.patches, self.kept_by) if good else None
        return _Batch(good, kept and _half(kept), problems, time.perf_counter() - started)


@dataclass(frozen=True)
class _Batch:
    """Some studies of a shard, in half precision."""

    kept: list[int]  # rows
    images: ImageEncoding | None  # of the kept
    problems: list[Problem]
    seconds: float  # that the model took


@dataclass(frozen=True)
class _Shard:
    """A shard as it grows."""

    kept: list[int]
    parts: list[ImageEncoding]
    problems: list[Problem]

    def add(self, batch: _Batch) -> None:
        """The next batch, in order."""
        self.kept.extend(batch.kept)
        self.problems.extend(batch.problems)
        if batch.images is not None:
            self.parts.append(batch.images)

    def write(self, path: Path, ids: list[str]) -> None:
        """See `write_shard`."""
        images = ImageEncoding.cat(self.parts) if self.parts else None
        write_shard(path, self.kept, [ids[row] for row in self.kept], images, self.problems)


def _half(images: ImageEncoding) -> ImageEncoding:
    return replace(
        images, image_features=images.image_features.half(),
        patch_features=images.patch_features.half(),
    )  # fmt: skip


def _batches(rows: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
