"""Re-scoring an archive after a prompt edit, and searching it, without a model's image tower.

    python benchmarks/rescore.py [--model demo] [--studies 100000] [--patches 16]

The archive is random unit vectors in shards as `embed` writes them. Printed: seconds until the
shards are open; the first scores with the default prompts; then milliseconds after one prompt of
one finding was edited (median of ten, least to most): the new text through the text tower, and all
scores of all findings, for which it passes over the images and their kept regions.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from machine import machine, peak_gib
from numpy.typing import NDArray

from core.archive.layout import (
    PROMPTS,
    STUDIES,
    Description,
    shard_path,
    versions,
    write_description,
)
from core.archive.shard import write_shard
from core.inference.predictor import Predictor, load_predictor
from core.inference.prompts import FindingPrompts, PromptSet, default_prompts
from core.lrclr.encodings import ImageEncoding
from core.specs import open_shards
from core.studies.study import StudySet

_SHARD = 4096


def main() -> None:
    """Read the options, measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", default="demo")
    options.add_argument("--studies", type=int, default=100_000)
    options.add_argument("--patches", type=int, default=16, help="kept of each image")
    chosen = options.parse_args()
    predictor = load_predictor(chosen.model)
    print(f"{machine()}; {chosen.model}, {chosen.studies:,} studies, {chosen.patches} patches each")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LRCLR_CACHE"] = str(Path(folder) / "cache")
        write_archive(Path(folder), predictor, chosen.studies, chosen.patches)
        started = time.perf_counter()
        studies = open_shards(Path(folder))
        print(f"shards opened     {time.perf_counter() - started:8.2f} s")
        _score(predictor, studies)
    print(f"peak memory       {peak_gib():8.2f} GiB")


def _score(predictor: Predictor, studies: StudySet) -> None:
    prompts = default_prompts()
    started = time.perf_counter()
    predictor.score_set(studies, prompts)
    print(f"first scores      {time.perf_counter() - started:8.2f} s, {len(prompts)} findings, "
          f"{len(set(prompts.all_texts()))} texts")  # fmt: skip
    texts, scores, again = [], [], []
    for number in range(10):
        edited = _edited(prompts, number)
        texts.append(_timed(lambda edited=edited: predictor.encode_texts(edited.all_texts())))
        scores.append(_timed(lambda edited=edited: predictor.score_set(studies, edited)))
        again.append(_timed(lambda: predictor.score_set(studies, prompts)))
    for name, times in (("the new text", texts), ("all scores after", scores),
                        ("known prompts", again)):  # fmt: skip
        print(
            f"{name:17} {statistics.median(times):8.0f} ms ({min(times):.0f} to {max(times):.0f})"
        )


def _edited(prompts: PromptSet, number: int) -> PromptSet:
    name = next(iter(prompts))
    old = prompts[name]
    new = FindingPrompts((*old.positive[:-1], f"finding number {number}"), old.negative)
    return PromptSet({**prompts, name: new})


def _timed(action: object) -> float:
    assert callable(action)
    started = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - started)


def write_archive(folder: Path, predictor: Predictor, count: int, patches: int) -> None:
    """Shards of random unit vectors, as `embed` would have written them for `predictor`."""
    backbone = predictor.model.backbone
    texts = predictor.encode_texts(default_prompts().all_texts())
    description = Description(
        predictor.name, predictor.model_hash, {}, "nowhere", "random", count, "fp32", patches,
        backbone.grid, backbone.embed_dim, _SHARD, versions=versions(),
    )  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    cells = torch.stack([torch.randperm(backbone.grid[0] * backbone.grid[1], generator=generator)
                         for _ in range(_SHARD)])[:, :patches]  # fmt: skip

    def made(rows: range) -> ImageEncoding:
        images = torch.randn(len(rows), description.width, generator=generator)
        regions = torch.randn(len(rows), patches, description.width, generator=generator)
        return ImageEncoding(_unit(images), _unit(regions), cells[: len(rows)], description.grid)

    _write(folder, description, made, list(texts.texts), texts.text_features.numpy())


def write_archive_of(folder: Path, vectors: torch.Tensor) -> None:
    """Shards whose image features are `vectors` (n, d), with one patch each; for no model."""
    width = vectors.shape[1]
    description = Description("none", "none", {}, "nowhere", "given", len(vectors), "fp32", 1,
                              (1, 2), width, _SHARD, versions=versions())  # fmt: skip

    def made(rows: range) -> ImageEncoding:
        some = vectors[rows.start : rows.stop]
        return ImageEncoding(some, some[:, None], torch.zeros(len(some), 1).long(), (1, 2))

    queries = _unit(torch.randn(64, width, generator=torch.Generator().manual_seed(2)))
    _write(folder, description, made, [str(n) for n in range(64)], queries.numpy())


def _write(
    folder: Path, description: Description, made: Callable[[range], ImageEncoding],
    texts: list[str], features: NDArray[np.float32],
) -> None:  # fmt: skip
    ids = [f"s{row}" for row in range(description.studies)]
    for shard in range(description.shards):
        rows = description.rows(shard)
        named = [ids[row] for row in rows]
        write_shard(shard_path(folder, shard), list(rows), named, made(rows), [])
    table = pd.DataFrame({"id": ids, "text": "", "view": "", "patient_id": ""})
    table.to_parquet(folder / STUDIES, index=False)
    pq.write_table(pa.table({"text": texts, "features": list(features)}), folder / PROMPTS)
    write_description(folder, description)


def _unit(vectors: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(vectors, dim=-1)


if __name__ == "__main__":
    main()
