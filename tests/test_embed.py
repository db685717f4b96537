"""Whole archives: whole shards, restart, many processes, bad files, scores without images."""

import json
import os
import pickle
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
from PIL import Image
from tiny_model import TinySet, tiny_model

from core.archive import embedded_set, rescore
from core.archive.decode import decoded
from core.archive.embed import Options, Progress, embed
from core.archive.embedded_set import open_embedded
from core.archive.encoder import Encoder, Probe, _fold_quick_gelu, probe
from core.archive.layout import finished, read_description
from core.backbones.compact import CompactBackbone, CompactConfig
from core.errors import ExplorerError
from core.evaluation.evaluate import evaluate
from core.inference.predictor import Predictor, load_predictor
from core.inference.prompts import FindingPrompts, PromptSet, default_prompts
from core.lrclr.checkpoint import save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.studies import open_studies

PROMPTS = PromptSet(
    {
        "Lung Opacity": FindingPrompts(("opacity", "left lung opacity"), ("no opacity",)),
        "Fracture": FindingPrompts(("rib fracture",), ("no fracture", "intact bones")),
    }
)
FP32 = Options(precision="fp32", shard_size=5, batch_size=2, workers=0)


class OddSet(TinySet):
    """A set some of whose files cannot be read: one refused, one that raises what it likes."""

    def image(self, row: int) -> np.ndarray:
        if row == 3:
            raise ExplorerError("t3.png is damaged; copy it again.")
        if row == 8:
            raise IndexError("private words of a decoder")
        return super().image(row)


def make(tmp_path: Path, studies: TinySet | None = None, options: Options = FP32, **config: object):
    predictor = Predictor(tiny_model(**config), "tiny")
    studies = studies or TinySet()
    done = embed(predictor, studies, tmp_path / "a", options)
    return predictor, studies, done


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Shards with their time and inode: what was not written again stays the same."""
    return {p.name: (p.stat().st_mtime_ns, p.stat().st_ino) for p in folder.glob("shard-*")}


def test_shards_hold_every_study_once(tmp_path):
    predictor, studies, done = make(tmp_path)
    assert (done.done, done.total, done.problems) == (12, 12, 0)
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == [
        "archive.json", "problems.csv", "prompts.parquet", "shard-00000.parquet",
        "shard-00001.parquet", "shard-00002.parquet", "studies.parquet",
    ]  # fmt: skip
    tables = [pq.read_table(p) for p in sorted((tmp_path / "a").glob("shard-*"))]
    assert [name for table in tables for name in table["id"].to_pylist()] == studies.ids
    whole = predictor.encode_set(studies)
    read = np.concatenate([np.stack(t["image"].to_pandas().to_list()) for t in tables])
    np.testing.assert_allclose(read.astype(np.float32), whole.image_features, atol=1e-3)


@pytest.mark.parametrize("scorer", ["text", "product"])
def test_scores_regions_and_figures_are_those_of_the_images(tmp_path, scorer):
    predictor, studies, _ = make(tmp_path, scorer=scorer)
    archive = open_studies(f"shards:{tmp_path / 'a'}")
    expected = predictor.score_set(studies, PROMPTS)
    for name, values in predictor.score_set(archive, PROMPTS).items():
        np.testing.assert_allclose(values, expected[name], atol=2e-5, err_msg=name)
    with pytest.raises(ExplorerError, match="cannot be shown"):
        archive.image(0)  # "tiny:12" opens nothing: no score has seen an image
    assert archive.labels.equals(studies.labels) and archive.ids == studies.ids
    one = predictor.regions(predictor.encode_row(archive, 7), ["opacity"], (40, 48))
    other = predictor.regions(predictor.encode_image(studies.image(7)), ["opacity"], (40, 48))
    assert one.boxes == other.boxes
    np.testing.assert_allclose(one.weights, other.weights, atol=2e-3)
    figures = evaluate(predictor, archive, PROMPTS, 20).to_json()
    assert figures == evaluate(predictor, studies, PROMPTS, 20).to_json()


def test_the_default_prompts_are_scored_without_a_model(tmp_path):
    predictor, _, _ = make(tmp_path)
    archive = open_studies(f"shards:{tmp_path / 'a'}")
    with_model = evaluate(predictor, archive, None, 20).to_json()
    alone = open_studies(f"shards:{tmp_path / 'a'}")  # nothing is remembered of the other
    assert evaluate(None, alone, None, 20).to_json() == with_model
    # Other prompts need the text tower; "tiny" loads nothing, so that the attempt is seen.
    with pytest.raises(ExplorerError, match="tiny"):
        evaluate(None, alone, PROMPTS, 20)


def test_a_new_prompt_alone_passes_over_the_patches(tmp_path, monkeypatch):
    predictor, _, _ = make(tmp_path)
    archive = open_studies(f"shards:{tmp_path / 'a'}")
    predictor.score_set(archive, PROMPTS)
    asked = []
    pooled = rescore.lse_pool
    monkeypatch.setattr(
        rescore, "lse_pool",
        lambda cosines, gamma: asked.append(cosines.shape) or pooled(cosines, gamma),
    )  # fmt: skip
    predictor.score_set(archive, PROMPTS)
    assert not asked
    edited = PromptSet({**PROMPTS, "Fracture": FindingPrompts(("broken rib",), ("no fracture",))})
    found = predictor.score_set(archive, edited)
    assert {shape[1] for shape in asked} == {1}
    fresh = predictor.score_set(open_studies(f"shards:{tmp_path / 'a'}"), edited)
    # One text alone is compared in half precision, which rounds its cosines.
    np.testing.assert_allclose(found["lrclr"], fresh["lrclr"], atol=5e-4)


def test_patches_too_many_to_hold_are_read_from_the_shards(tmp_path, monkeypatch):
    predictor, _, _ = make(tmp_path)
    held = predictor.score_set(open_studies(f"shards:{tmp_path / 'a'}"), PROMPTS)
    monkeypatch.setattr(rescore, "_HELD", 0)
    grid, width = predictor.model.backbone.grid, predictor.model.backbone.embed_dim
    monkeypatch.setattr(rescore, "_READ", 2 * 7 * np.prod(grid) * width)
    read = predictor.score_set(open_studies(f"shards:{tmp_path / 'a'}"), PROMPTS)
    np.testing.assert_allclose(read["lrclr"], held["lrclr"], atol=1e-6)


@pytest.mark.parametrize("local_form", ["gloria", "filip"])
def test_scores_that_read_words_come_from_the_shards_too(tmp_path, local_form):
    predictor, studies, _ = make(tmp_path, local_form=local_form)
    found = predictor.score_set(open_studies(f"shards:{tmp_path / 'a'}"), PROMPTS)
    expected = predictor.score_set(studies, PROMPTS)
    np.testing.assert_allclose(found["local"], expected["local"], atol=2e-3)


def test_a_match_score_comes_from_the_shards_too(tmp_path):
    predictor, studies, _ = make(tmp_path, mix={"global": 1.0, "match": 1.0})
    found = predictor.score_set(open_studies(f"shards:{tmp_path / 'a'}"), PROMPTS)
    expected = predictor.score_set(studies, PROMPTS)
    assert np.abs(expected["match"]).max() > 1e-3
    np.testing.assert_allclose(found["lrclr"], expected["lrclr"], atol=1e-4)


def test_some_patches_are_kept_and_pooled(tmp_path):
    predictor, studies, _ = make(tmp_path, options=replace(FP32, patches=3))
    archive = open_studies(f"shards:{tmp_path / 'a'}")
    images = predictor.encode_set(archive)
    assert images.selected is not None and images.selected.shape == (12, 3)
    whole = predictor.encode_set(studies).patch_features
    best = (whole @ predictor.encode_texts(
        list(dict.fromkeys(t for f in default_prompts().values() for t in f.positive))
    ).text_features.T).amax(dim=-1)  # fmt: skip
    for row in range(12):
        chosen = images.selected[row]
        assert set(chosen.tolist()) == set(best[row].topk(3).indices.tolist())
        torch.testing.assert_close(images.patch_features[row, chosen], whole[row, chosen],
                                   atol=1e-3, rtol=0)  # fmt: skip
        assert int(images.patch_features[row].abs().sum(dim=1).gt(0).sum()) == 3
    # Scores from the kept patches alone are those of the selection on the whole grid.
    expected = predictor.score(images, PROMPTS)
    np.testing.assert_allclose(predictor.score_set(archive, PROMPTS)["local"], expected["local"],
                               atol=1e-5)  # fmt: skip


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
        def image(self, row: int) -> np.ndarray:
            raise ExplorerError("It is damaged.")

    _, _, done = make(tmp_path, Bad())
    assert done.problems == 12
    with pytest.raises(ExplorerError, match="no finished shard with an image"):
        open_embedded(tmp_path / "a")


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
        open_embedded(tmp_path / "a")


def test_embeddings_of_another_model_are_not_scored(tmp_path):
    make(tmp_path)
    archive = open_studies(f"shards:{tmp_path / 'a'}")
    with pytest.raises(ExplorerError, match="made by the model tiny"):
        Predictor(tiny_model(seed=1), "other").score_set(archive, PROMPTS)


def test_regions_of_too_many_are_not_taken_at_once(tmp_path, monkeypatch):
    predictor, _, _ = make(tmp_path)
    archive = open_studies(f"shards:{tmp_path / 'a'}")
    assert len(predictor.encode_set(archive)) == 12
    monkeypatch.setattr(embedded_set, "_WHOLE", 1000)
    with pytest.raises(ExplorerError, match="over the limit"):
        predictor.encode_set(archive)
    assert len(predictor.score_set(archive, PROMPTS)["lrclr"]) == 12  # a few at a time


def test_an_archive_goes_to_another_process_as_its_folder(tmp_path):
    make(tmp_path)
    part = open_studies(f"shards:{tmp_path / 'a'}").subset([7, 2])
    assert len(pickle.dumps(part)) < 2000
    again = pickle.loads(pickle.dumps(part))
    assert again.ids == ["t7", "t2"] and again.fingerprint == part.fingerprint


def test_images_are_the_sources_and_may_be_gone(tmp_path):
    folder, films = tmp_path / "a", tmp_path / "films"
    films.mkdir()
    for n in range(3):
        Image.fromarray(np.full((40, 40), 60 * n + 20, np.uint8)).save(films / f"{n}.png")
    predictor, studies = Predictor(tiny_model(), "tiny"), open_studies(str(films))
    embed(predictor, studies, folder, FP32)
    np.testing.assert_array_equal(open_studies(f"shards:{folder}").image(1), studies.image(1))
    (films / "0.png").unlink()  # rows move: another picture must not be shown for it
    with pytest.raises(ExplorerError, match="no longer what was embedded"):
        open_studies(f"shards:{folder}").image(1)
    for film in films.iterdir():
        film.unlink()
    archive = open_studies(f"shards:{folder}")
    with pytest.raises(ExplorerError, match="cannot be shown"):
        archive.image(1)
    assert predictor.score_set(archive, PROMPTS)["lrclr"].shape == (3, 2)


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

    def image(self, row: int) -> np.ndarray:
        if row == 2:
            os._exit(1)
        return super().image(row)


@pytest.mark.slow
def test_a_file_that_ends_its_reader_is_found_and_passed_over():
    found = list(decoded(Killer(6), tiny_model().backbone.preprocess, list(range(6)), 1))
    assert [isinstance(image, str) for image in found] == [row == 2 for row in range(6)]
    assert found[2] == "t2 ended the process that read it; check the file."


def test_progress_tells_rate_time_left_and_waiting():
    now = Progress(30, 90, 0, 10.0, 2.5)
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
    archive = open_embedded(folder).archive
    return np.concatenate(
        [
            archive.image_features.numpy(),
            archive.patches(np.arange(len(archive)))[0].flatten(1).numpy(),
        ],
        axis=1,
    )


def test_two_processes_make_what_one_does_after_one_was_killed(model, tmp_path):
    """kill -9 in the middle: no worker stays, no half shard; two processes do the rest."""
    out = tmp_path / "killed"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    started = subprocess.Popen(command(model, out, "--workers", "1"), env=environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    until = time.monotonic() + 120
    while len(list(out.glob("shard-*"))) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    workers = psutil.Process(started.pid).children(recursive=True)
    started.send_signal(signal.SIGKILL)
    started.wait()
    description = read_description(out)
    assert description is not None
    there = finished(out, description)
    assert 2 <= len(there) < description.shards == 8
    assert len(open_embedded(out)) == 16 * len(there)  # each is whole
    before = files(out)
    assert not psutil.wait_procs(workers, timeout=20)[1]

    launch = ("torch.distributed.run", "--nproc-per-node=2", "--rdzv-backend=c10d",
              "--rdzv-endpoint=localhost:0", "-m")  # fmt: skip
    done = subprocess.run(command(model, out, "--workers", "0", launch=launch), env=environment,
                          capture_output=True, text=True, timeout=240)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    after = files(out)
    assert len(after) == 8 and all(after[name] == before[name] for name in before)
    shares = [line for line in done.stderr.splitlines() if "studies in" in line]
    assert len(shares) == 2 and all(not line.startswith("0 ") for line in shares)
    alone = tmp_path / "alone"
    studies = open_studies("phantom:n=120,seed=3,size=64")
    embed(load_predictor(model), studies, alone, Options(precision="fp32", workers=0))
    np.testing.assert_allclose(features(out), features(alone), atol=2e-3)
    assert json.loads((out / "archive.json").read_text())["studies"] == 120
