"""Whole archives: whole shards, restart, many processes, bad files."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyarrow.parquet as pq
import pytest
import torch
from tiny_archive import FP32, PROMPTS, make
from tiny_model import TinySet, tiny_model

from core.archive.decode import decoded
from core.archive.embed import EmbedOptions, embed
from core.archive.encoder import Encoder, Probe, _fold_quick_gelu, probe
from core.archive.layout import finished, read_description
from core.archive.pipeline import EmbedProgress
from core.backbones.compact import CompactBackbone, CompactConfig
from core.errors import ExplorerError
from core.films.loaded import LoadedImage
from core.inference.predictor import Predictor, load_predictor
from core.lrclr.checkpoint import save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.specs import open_shards, open_studies


class OddSet(TinySet):
    """A set some of whose files cannot be read: one refused, one that raises what it likes."""

    def loaded(self, row: int) -> LoadedImage:
        if row == 3:
            raise ExplorerError("t3.png is damaged; copy it again.")
        if row == 8:
            raise IndexError("private words of a decoder")
        return super().loaded(row)


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Shards with their time and inode: what was not written again stays the same."""
    return {p.name: (p.stat().st_mtime_ns, p.stat().st_ino) for p in folder.glob("shard-*")}


def test_shards_hold_every_study_once(tmp_path):
    predictor, studies, done = make(tmp_path)
    assert (done.done, done.total, done.problems) == (12, 12, 0)
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == [
        "archive.json", "problems.csv", "prompts.parquet", "shard-00000.parquet",
        "shard-00001.parquet", "shard-00002.parquet", "studies.parquet", "texts-00000.npy",
        "texts-00001.npy", "texts-00002.npy",
    ]  # fmt: skip
    tables = [pq.read_table(p) for p in sorted((tmp_path / "a").glob("shard-*"))]
    assert [name for table in tables for name in table["id"].to_pylist()] == studies.ids
    whole = predictor.encode_set(studies)
    read = np.concatenate([np.stack(t["image"].to_pandas().to_list()) for t in tables])
    np.testing.assert_allclose(read.astype(np.float32), whole.image_features, atol=1e-3)


def test_bad_files_are_listed_and_left_out(tmp_path):
    predictor, _, done = make(tmp_path, OddSet())
    assert done.problems == 2
    listed = pd.read_csv(tmp_path / "a" / "problems.csv")
    assert listed["id"].tolist() == ["t3", "t8"] and listed["row"].tolist() == [3, 8]
    assert listed["reason"][0] == "t3.png is damaged; copy it again."
    assert "IndexError" in listed["reason"][1] and "private" not in listed["reason"][1]
    archive = open_studies(f"shards:{tmp_path / 'a'}")
    assert len(archive) == 10 and "t3" not in archive.ids and len(archive.problems) == 2
    assert len(predictor.score_set(archive, PROMPTS)["lrclr"]) == 10


def test_a_set_without_one_good_file_ends_and_is_refused_when_opened(tmp_path):
    class Bad(TinySet):
        def loaded(self, row: int) -> LoadedImage:
            raise ExplorerError("It is damaged.")

    _, _, done = make(tmp_path, Bad())
    assert done.problems == 12
    with pytest.raises(ExplorerError, match="no finished shard with an image"):
        open_shards(tmp_path / "a")


def test_a_run_goes_on_with_what_is_missing(tmp_path):
    predictor, studies, _ = make(tmp_path)
    folder = tmp_path / "a"
    before = files(folder)
    (folder / "shard-00001.parquet").unlink()
    reads, seen = studies.reads, []
    done = embed(predictor, studies, folder, FP32, seen.append)
    assert studies.reads == reads + 5 and done.total == 5
    assert [progress.done for progress in seen] == [2, 4, 5]
    after = files(folder)
    assert {name for name in before if before[name] != after[name]} == {"shard-00001.parquet"}
    assert embed(predictor, studies, folder, FP32).total == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 1}, "another model"),
        ({"set": TinySet(seed=1)}, "another study set"),
        ({"options": replace(FP32, patches=2)}, "another number of patches"),
        ({"options": replace(FP32, precision="bf16")}, "another precision"),
        ({"options": replace(FP32, shard_size=6)}, "another shard size"),
    ],
)
def test_what_differs_is_refused_into_the_same_folder(tmp_path, change, said):
    make(tmp_path)
    predictor = Predictor(tiny_model(seed=change.get("seed", 0)), "tiny")
    before = files(tmp_path / "a")
    with pytest.raises(ExplorerError, match=said) as refused:
        embed(predictor, change.get("set", TinySet()), tmp_path / "a", change.get("options", FP32))
    assert "\n" not in str(refused.value) and files(tmp_path / "a") == before


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "letter.txt").write_text("mine")
    with pytest.raises(ExplorerError, match="holds no embeddings"):
        make(tmp_path)
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("damage", ["cut", "noise", "empty"])
def test_a_damaged_shard_is_one_sentence(tmp_path, damage):
    make(tmp_path)
    shard = tmp_path / "a" / "shard-00001.parquet"
    data = shard.read_bytes()
    shard.write_bytes(
        {"cut": data[: len(data) // 2], "noise": os.urandom(4000), "empty": b""}[damage]
    )
    with pytest.raises(ExplorerError, match="shard-00001.parquet is damaged"):
        open_shards(tmp_path / "a")


def test_the_probe_compares_both_precisions():
    predictor = Predictor(tiny_model(), "tiny")
    grey = torch.from_numpy(np.stack([
        predictor.model.backbone.preprocess.resize(TinySet().image(row)).numpy() for row in range(4)
    ]))  # fmt: skip
    found = probe(predictor, grey)
    assert found is not None and found.images == 4
    fast = Encoder(predictor.model, "bf16")(grey).image_features
    exact = Encoder(predictor.model, "fp32")(grey).image_features
    assert found.image_cosine_min == pytest.approx(float((fast * exact).sum(dim=1).min()))
    assert 0.98 < found.image_cosine_min < 1
    assert found.score_difference_max > 0 and predictor.model.global_bias.dtype == torch.float32


def test_the_probe_takes_bfloat16_only_where_it_is_fast_and_agrees():
    found = Probe(4, 10.0, 30.0, 0.999, 0.995, 0.99, 0.9, 0.01, 0.1)
    assert found.choice == "bf16"
    assert replace(found, bf16_rate=11.0).choice == "fp32"
    assert replace(found, image_cosine_min=0.9).choice == "fp32"


def test_quick_gelu_is_folded_into_the_layers_around_it():
    """The same function, by a layout of modules as open_clip names them."""
    from collections import OrderedDict

    from open_clip.transformer import QuickGELU
    from torch import nn

    torch.manual_seed(0)
    holder = nn.Module()
    holder.mlp = nn.Sequential(OrderedDict(
        c_fc=nn.Linear(8, 32), gelu=QuickGELU(), c_proj=nn.Linear(32, 8)
    ))  # fmt: skip
    inputs = torch.randn(5, 8)
    before = holder.mlp(inputs)
    _fold_quick_gelu(holder)
    assert isinstance(holder.mlp.gelu, nn.SiLU)
    torch.testing.assert_close(holder.mlp(inputs), before, atol=1e-5, rtol=1e-5)


class Killer(TinySet):
    """One file ends the process that reads it, as a decoder in C may."""

    def loaded(self, row: int) -> LoadedImage:
        if row == 2:
            os._exit(1)
        return super().loaded(row)


@pytest.mark.slow
def test_a_file_that_ends_its_reader_is_found_and_passed_over():
    found = list(decoded(Killer(6), tiny_model().backbone.preprocess, list(range(6)), 1))
    assert [isinstance(image, str) for image in found] == [row == 2 for row in range(6)]
    assert found[2] == "t2 ended the process that read it; check the file."


def test_progress_tells_rate_time_left_and_waiting():
    now = EmbedProgress(30, 90, 0, 10.0, 2.5)
    assert (now.rate, now.left, now.waiting) == (3.0, 20.0, 0.25)


# Through the command line, with worker processes and kills.


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    torch.manual_seed(0)
    config = CompactConfig(image_size=64, width=16, heads=2, embed_dim=16, depth=2, text_depth=1)
    folder = tmp_path_factory.mktemp("model") / "small"
    save_model(LRCLR(CompactBackbone(config), LRCLRConfig(k=3)), folder)
    return str(folder)


def command(model: str, out: Path, *more: str, launch: tuple[str, ...] = ()) -> list[str]:
    return [sys.executable, "-m", *launch, "core", "embed", "--model", model, "--data",
            "phantom:n=120,seed=3,size=64", "--out", str(out), "--precision", "fp32",
            "--shard-size", "16", "--batch-size", "8", *more]  # fmt: skip


def features(folder: Path) -> np.ndarray:
    archive = open_shards(folder).archive
    return np.concatenate(
        [
            archive.image_features.numpy(),
            archive.patches(np.arange(len(archive)))[0].flatten(1).numpy(),
        ],
        axis=1,
    )


@pytest.mark.slow
def test_two_processes_make_what_one_does_after_one_was_killed(model, tmp_path):
    """kill -9 in the middle: no worker stays, no half shard; two processes do the rest."""
    out = tmp_path / "killed"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    started = subprocess.Popen(command(model, out, "--workers", "1"), env=environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    until = time.monotonic() + 600
    while len(list(out.glob("shard-*"))) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    workers = psutil.Process(started.pid).children(recursive=True)
    started.send_signal(signal.SIGKILL)
    started.wait()
    description = read_description(out)
    assert description is not None
    there = finished(out, description)
    assert 2 <= len(there) < description.shards == 8
    assert len(open_shards(out)) == 16 * len(there)  # each is whole
    before = files(out)
    assert not psutil.wait_procs(workers, timeout=120)[1]

    launch = ("torch.distributed.run", "--nproc-per-node=2", "--rdzv-backend=c10d",
              "--rdzv-endpoint=localhost:0", "-m")  # fmt: skip
    done = subprocess.run(command(model, out, "--workers", "0", launch=launch), env=environment,
                          capture_output=True, text=True, timeout=600)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    after = files(out)
    assert len(after) == 8 and all(after[name] == before[name] for name in before)
    shares = [line for line in done.stderr.splitlines() if "studies in" in line]
    assert len(shares) == 2 and all(not line.startswith("0 ") for line in shares)
    alone = tmp_path / "alone"
    studies = open_studies("phantom:n=120,seed=3,size=64")
    embed(load_predictor(model), studies, alone, EmbedOptions(precision="fp32", workers=0))
    np.testing.assert_allclose(features(out), features(alone), atol=2e-3)
    assert json.loads((out / "archive.json").read_text())["studies"] == 120
