"""Embeddings of a whole set to shards, by any number of processes, again and again until done.

    python -m core embed --model demo --data phantom:test --out archive
    torchrun --nproc-per-node=2 -m core embed --model demo --data phantom:test --out archive

Worker processes read and resize images while the model computes; a shard is written by a thread
while the next one is computed. What is held at once is a few batches and two shards, whatever the
size of the set. A run that was stopped goes on with the shards that are missing.
"""

import csv
import os
import time
from collections.abc import Callable, Iterator
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
    write_whole,
)
from core.archive.shard import Problem, read_head, write_shard
from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.inference.prompts import default_prompts
from core.labels import PATHOLOGIES
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.precision import PRECISIONS
from core.studies.study import StudySet
from core.training.processes import Processes

SHARD_SIZE = 512  # studies; the demo's take 49 MB, and some ten seconds to compute
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
    prompts = predictor.encode_texts(default_prompts().all_texts())
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
        self.ids = studies.ids
        self.kept_by: TextEncoding = prompts_to_keep_by(predictor)

    def shards(self, shards: list[int], progress: Callable[[Progress], None] | None) -> Progress:
        """Make and write shards in order."""
        rows = [row for shard in shards for row in self.description.rows(shard)]
        workers = self.workers if len(rows) > 2 * self.batch_size else 0
        now = Progress(0, len(rows), 0, 0.0, 0.0)
        started = time.perf_counter()
        writing: Future[None] | None = None
        with (
            closing(decoded(self.studies, self.encoder.preprocess, rows, workers)) as images,
            ThreadPoolExecutor(1) as writer,
        ):
            for shard in shards:
                made = _Shard(list(self.description.rows(shard)), self.ids)
                for batch in _batches(made.rows, self.batch_size):
                    before = time.perf_counter()
                    found = [next(images) for _ in batch]
                    waited = time.perf_counter() - before
                    self._encode(made, batch, found)
                    now = replace(
                        now, done=now.done + len(batch),
                        problems=now.problems + sum(isinstance(image, str) for image in found),
                        seconds=time.perf_counter() - started, waited=now.waited + waited,
                    )  # fmt: skip
                    if progress:
                        progress(now)
                if writing:
                    writing.result()  # one at a time; a full disk is said here
                writing = writer.submit(made.write, shard_path(self.folder, shard))
            if writing:
                writing.result()
        return replace(now, seconds=time.perf_counter() - started)

    def _encode(self, shard: "_Shard", rows: list[int], images: list[Decoded]) -> None:
        good = [(row, image) for row, image in zip(rows, images, strict=True)
                if not isinstance(image, str)]  # fmt: skip
        for row, image in zip(rows, images, strict=True):
            if isinstance(image, str):
                shard.problem(row, image)
        if not good:
            return
        grey = torch.from_numpy(np.stack([image for _, image in good]))
        encoded = self.encoder(grey)
        finite = encoded.image_features.isfinite().all(dim=1)
        finite &= encoded.patch_features.isfinite().flatten(1).all(dim=1)
        for (row, _), sound in zip(good, finite.tolist(), strict=True):
            if not sound:
                shard.problem(row, f"{self.ids[row]}: the model gives no finite features for it.")
        kept = [row for (row, _), sound in zip(good, finite.tolist(), strict=True) if sound]
        if kept:
            some = encoded if finite.all() else encoded.rows(finite)
            shard.add(kept, keep_patches(some, self.description.patches, self.kept_by))


class _Shard:
    """A shard as it grows, in half precision."""

    def __init__(self, rows: list[int], ids: list[str]) -> None:
        self.rows, self.ids = rows, ids
        self._kept: list[int] = []
        self._parts: list[ImageEncoding] = []
        self._problems: list[Problem] = []

    def problem(self, row: int, reason: str) -> None:
        """A study without an embedding."""
        self._problems.append(Problem(row, self.ids[row], reason))

    def add(self, rows: list[int], images: ImageEncoding) -> None:
        """Encodings of some rows, in order."""
        self._kept += rows
        self._parts.append(
            replace(
                images,
                image_features=images.image_features.half(),
                patch_features=images.patch_features.half(),
            )
        )

    def write(self, path: Path) -> None:
        """See `write_shard`."""
        images = ImageEncoding.cat(self._parts) if self._parts else None
        ids = [self.ids[row] for row in self._kept]
        write_shard(path, self._kept, ids, images, self._problems)


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
