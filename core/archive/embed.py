"""Embeddings of a whole set to shards, by any number of processes, again and again until done.

    python -m core embed --model demo --data phantom:test --out archive
    torchrun --nproc-per-node=2 -m core embed --model demo --data phantom:test --out archive

A run that was stopped goes on with the shards that are missing.
"""

import csv
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from core.archive.archive import Archive
from core.archive.decode import decoded
from core.archive.encoder import Probe, probe
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
from core.archive.own_texts import missing_texts, write_texts
from core.archive.pipeline import EmbedProgress, Pipeline
from core.archive.rescore import Scoring, TextColumns
from core.archive.shard import read_head
from core.errors import ExplorerError
from core.files import write_whole
from core.inference.predictor import Predictor
from core.inference.prompts import prompts_for
from core.labels import PATHOLOGIES
from core.precision import PRECISIONS
from core.ranks import Ranks
from core.studies.study import StudySet

SHARD_SIZE = 512  # studies; the demo's take 49 MB, and some ten seconds to compute
_PROBED = 16  # images the precision is chosen by
_KEPT = ("id", "text", "view", "patient_id", "text_derived", "group_id", *PATHOLOGIES)


@dataclass(frozen=True)
class EmbedOptions:
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


def embed(
    predictor: Predictor,
    studies: StudySet,
    folder: Path,
    options: EmbedOptions | None = None,
    progress: Callable[[EmbedProgress], None] | None = None,
    told: Callable[[str], None] = lambda sentence: None,
) -> EmbedProgress:
    """Write the shards of a set that are missing in `folder`.

    Args:
        progress: called after each batch.
        told: called with sentences: what the precision was chosen by.

    Raises:
        ExplorerError: the folder holds another model's or another set's embeddings, or files that
            are none of ours.
    """
    options = options or EmbedOptions()
    processes = Ranks(predictor.model.device)
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
    pipeline = Pipeline(
        predictor, studies, folder, description, options.batch_size, options.workers
    )
    done = pipeline.shards(mine, progress)
    processes.wait()
    _write_texts(predictor, folder, processes, progress, told)
    if len(finished(folder, description)) == description.shards:
        _write_problems(folder, description)
    return done


def _scored_alone(predictor: Predictor) -> dict[str, object]:
    """Settings by which kept features are scored without the model; empty where it is needed."""
    return {} if predictor.model.backbone.text_pools else predictor.model.config.to_dict()


def _prepare(
    predictor: Predictor, studies: StudySet, folder: Path, options: EmbedOptions,
    told: Callable[[str], None],
) -> None:  # fmt: skip
    """Describe the archive, or check that it is the one that is there."""
    grid = predictor.model.backbone.grid
    patches = options.patches if options.patches and options.patches < grid[0] * grid[1] else None
    if patches and predictor.model.backbone.text_pools:
        raise ExplorerError(
            f"{predictor.name} scores a text by every patch of a film, so all have to be kept; "
            "leave the number of patches out."
        )
    wanted = Description(
        predictor.name, predictor.model_hash, asdict(predictor.model.backbone.preprocess),
        studies.spec, studies.fingerprint, len(studies), options.precision, patches, grid,
        predictor.model.backbone.embed_dim, options.shard_size, versions=versions(),
        lrclr=_scored_alone(predictor), members=predictor.model.backbone.members,
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


def _write_texts(
    predictor: Predictor, folder: Path, processes: Ranks,
    progress: Callable[[EmbedProgress], None] | None, told: Callable[[str], None],
) -> None:  # fmt: skip
    """What the default prompts say of the films, for models that read these with each text."""
    try:
        archive = Archive(folder)
    except ExplorerError:  # no image could be read: there is nothing to read texts with
        return
    model = predictor.model
    scoring = Scoring(model.config, model.backbone.members, model)
    if TextColumns(archive).patches_alone(scoring):
        return
    missing = missing_texts(archive)
    processes.wait()  # nobody adds a file before all have looked
    mine = missing[processes.rank :: processes.count]
    total = int(sum(archive.starts[place + 1] - archive.starts[place] for place in mine))
    if not total:
        return
    told(f"Reading {len(archive.prompts())} default prompts in {total} films, once for all pages.")
    started = time.perf_counter()

    def say(done: int) -> None:
        if progress:
            progress(EmbedProgress(done, total, 0, time.perf_counter() - started, 0.0))

    write_texts(predictor, archive, mine, say)


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
