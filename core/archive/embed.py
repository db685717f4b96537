"""Embeddings of a whole set to shards, by any number of processes, again and again until done.

    python -m core embed --model demo --data phantom:test --out archive
    torchrun --nproc-per-node=2 -m core embed --model demo --data phantom:test --out archive

Worker processes read and resize images while the model computes; a shard is written by a thread
while the next one is computed. On a CPU several batches are encoded side by side, each on cores of
its own: threads that share a batch wait for each other at every layer, and a worker that takes the
core of one halts all. What is held at once is a few batches and two shards, whatever the size of
the set. A run that was stopped goes on with the shards that are missing.
"""

import csv
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from core.archive.decode import Decoded, decoded
from core.archive.encoder import Encoder, Probe, probe
from core.archive.keep import keep_patches, prompts_to_keep_by
from core.archive.layout import (
    PROBLEMS,
    PROMPTS,
    STUDIES,
    Description,
    finished,
    read_description,
    shard_path,
    versions,
    write_description,
)
from core.archive.shard import Problem, read_head, write_shard
from core.errors import ExplorerError
from core.files import write_whole
from core.inference.predictor import Predictor
from core.inference.prompts import prompts_for
from core.labels import PATHOLOGIES
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.precision import PRECISIONS
from core.studies.study import StudySet
from core.training.processes import Processes

SHARD_SIZE = 512  # studies; the demo's take 49 MB, and some ten seconds to compute
_LANES = 4  # batches encoded side by side on a CPU, at most
_PROBED = 16  # images the precision is chosen by
_KEPT = ("id", "text", "view", "patient_id", "text_derived", "group_id", *PATHOLOGIES)


@dataclass(frozen=True)
class Options:
    """How to embed.

    Raises:
        ExplorerError: a number out of range.
    """

    precision: str = "auto"  # or "bf16", "fp32"; auto measures
    patches: int | None = None  # kept of each image; None: all
    shard_size: int = SHARD_SIZE
    batch_size: int = 32
    workers: int | None = None  # that read images; None: as many as the process has cores

    def __post_init__(self) -> None:
        for name, fits, range_of in (
            ("precision", self.precision in PRECISIONS, f"one of {', '.join(PRECISIONS)}"),
            ("patches", self.patches is None or self.patches >= 1, "at least 1"),
            ("shard_size", 1 <= self.shard_size <= 65_536, "from 1 to 65536"),
            ("batch_size", 1 <= self.batch_size <= 4096, "from 1 to 4096"),
            ("workers", self.workers is None or 0 <= self.workers <= 256, "from 0 to 256"),
        ):
            if not fits:
                raise ExplorerError(f"{name} must be {range_of}; got {getattr(self, name)}.")


@dataclass(frozen=True)
class Progress:
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


def embed(
    predictor: Predictor,
    studies: StudySet,
    folder: Path,
    options: Options | None = None,
    progress: Callable[[Progress], None] | None = None,
    told: Callable[[str], None] = lambda sentence: None,
) -> Progress:
    """Write the shards of a set that are missing in `folder`.

    Args:
        progress: called after each batch.
        told: called with sentences: what the precision was chosen by.

    Raises:
        ExplorerError: the folder holds another model's or another set's embeddings, or files that
            are none of ours.
    """
    options = options or Options()
    processes = Processes(predictor.model.device)
    if processes.is_main:
        _prepare(predictor, studies, folder, options, told)
    processes.wait()
    description = read_description(folder)
    if description is None:
        raise ExplorerError(f"{folder} is not there for this process; use a folder all can reach.")
    there = finished(folder, description)
    missing = [shard for shard in range(description.shards) if shard not in there]
    processes.wait()  # nobody adds a shard before all have looked
    mine = missing[processes.rank :: processes.count]
    run = _Run(predictor, studies, folder, description, options)
    done = run.shards(mine, progress)
    if len(finished(folder, description)) == description.shards:
        _write_problems(folder, description)
    return done


def _prepare(
    predictor: Predictor, studies: StudySet, folder: Path, options: Options,
    told: Callable[[str], None],
) -> None:  # fmt: skip
    """Describe the archive, or check that it is the one that is there."""
    grid = predictor.model.backbone.grid
    patches = options.patches if options.patches and options.patches < grid[0] * grid[1] else None
    wanted = Description(
        predictor.name, predictor.model_hash, asdict(predictor.model.backbone.preprocess),
        studies.spec, studies.fingerprint, len(studies), options.precision, patches, grid,
        predictor.model.backbone.embed_dim, options.shard_size, versions=versions(),
        lrclr=predictor.model.config.to_dict(), members=predictor.model.backbone.members,
    )  # fmt: skip
    there = read_description(folder)
    if there is not None:
        _check_same(folder, there, wanted)
        for partial in folder.glob(".*.partial"):  # of a run that was killed
            partial.unlink(missing_ok=True)
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExplorerError(f"{folder} is there and holds no embeddings; choose a new folder.")
    found = _probe(predictor, studies) if options.precision != "fp32" else None
    if found:
        told(found.sentence())
    chosen = found.choice if found else "fp32"
    precision = chosen if options.precision == "auto" else options.precision
    folder.mkdir(parents=True, exist_ok=True)
    table = studies.table[[name for name in _KEPT if name in studies.table.columns]].copy()
    for name in table.columns.difference([*PATHOLOGIES, "text_derived"]):
        table[name] = table[name].astype("string")
    write_whole(folder / STUDIES, lambda path: table.to_parquet(path, index=False))
    prompts = predictor.encode_texts(prompts_for(PATHOLOGIES).all_texts())
    queries = pa.table(
        {"text": list(prompts.texts), "features": list(prompts.text_features.numpy())}
    )
    write_whole(folder / PROMPTS, lambda path: pq.write_table(queries, path))
    # Last: a folder with a description is complete.
    write_description(
        folder, replace(wanted, precision=precision, probe=found.to_json() if found else {})
    )


def _check_same(folder: Path, there: Description, wanted: Description) -> None:
    differs = {
        "model": there.model_hash != wanted.model_hash,  # its preprocessing is in the hash
        "study set": there.fingerprint != wanted.fingerprint or there.studies != wanted.studies,
        "precision": wanted.precision not in ("auto", there.precision),
        "number of patches": there.patches != wanted.patches,
        "shard size": there.shard_size != wanted.shard_size,
    }
    what = [name for name, other in differs.items() if other]
    if what:
        raise ExplorerError(
            f"{folder} holds embeddings of another {' and another '.join(what)} ({there.model} on "
            f"{there.data}, {there.precision}); choose another folder or what it was begun with."
        )


def _probe(predictor: Predictor, studies: StudySet) -> Probe | None:
    """On the first images that can be read."""
    images: list[np.ndarray] = []
    rows = list(range(min(len(studies), 8 * _PROBED)))
    for image in decoded(studies, predictor.model.backbone.preprocess, rows, 0):
        if not isinstance(image, str):
            images.append(image)
        if len(images) == _PROBED:
            break
    return probe(predictor, torch.from_numpy(np.stack(images))) if images else None


class _Run:
    """The work of one process."""

    def __init__(
        self, predictor: Predictor, studies: StudySet, folder: Path, description: Description,
        options: Options,
    ) -> None:  # fmt: skip
        self.studies, self.folder, self.description = studies, folder, description
        self.encoder = Encoder(predictor.model, description.precision)
        self.batch_size = options.batch_size
        here = int(os.environ.get("LOCAL_WORLD_SIZE", 1))  # processes that share the cores
        cores = max((os.cpu_count() or 1) // here, 1)
        self.workers = cores if options.workers is None else options.workers
        self.lanes = min(cores, _LANES) if predictor.model.device.type == "cpu" else 1
        self.threads = max(cores // self.lanes, 1)  # of each
        self.ids = studies.ids
        self.kept_by: TextEncoding = prompts_to_keep_by(predictor)

    def shards(self, shards: list[int], progress: Callable[[Progress], None] | None) -> Progress:
        """Make and write shards in order."""
        rows = [row for shard in shards for row in self.description.rows(shard)]
        workers = self.workers if len(rows) > 2 * self.batch_size else 0
        now = Progress(0, len(rows), 0, 0.0, 0.0)
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
        problems = [Problem(row, self.ids[row], image)
                    for row, image in zip(rows, images, strict=True)
                    if isinstance(image, str)]  # fmt: skip
        good = [row for row, image in zip(rows, images, strict=True) if not isinstance(image, str)]
        if not good:
            return _Batch([], None, problems, 0.0)
        pixels = [image for image in images if not isinstance(image, str)]
        encoded = self.encoder(torch.from_numpy(np.stack(pixels)))
        finite = encoded.image_features.isfinite().all(dim=1)
        finite &= encoded.patch_features.isfinite().flatten(1).all(dim=1)
        if not finite.all():
            bad = [row for row, sound in zip(good, finite.tolist(), strict=True) if not sound]
            problems += [Problem(row, self.ids[row], f"{self.ids[row]}: the model gives no finite "
                                 "features for it.") for row in bad]  # fmt: skip
            good = [row for row in good if row not in bad]
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


def _write_problems(folder: Path, description: Description) -> None:
    """All problems as a table, by whichever process sees the last shard."""
    problems = [
        problem
        for shard in range(description.shards)
        for problem in read_head(shard_path(folder, shard), description.width).problems
    ]
    table = pd.DataFrame([asdict(problem) for problem in problems], columns=["row", "id", "reason"])
    write_whole(
        folder / PROBLEMS,
        lambda path: table.to_csv(path, index=False, quoting=csv.QUOTE_NONNUMERIC),
    )
