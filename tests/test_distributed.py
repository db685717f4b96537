"""Chunks and processes give the loss and the gradients of one large batch."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from core.backbones.compact import CompactBackbone, CompactConfig
from core.errors import ExplorerError
from core.lrclr.checkpoint import save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.ranks import Ranks
from core.training.encode import backward
from core.training.objectives import Batch, lrclr_losses
from core.training.settings import Weights

pytestmark = pytest.mark.slow
SMALL = CompactConfig(image_size=64, width=16, heads=2, embed_dim=16, depth=3)
TEXTS = ["left pleural effusion", "no fracture", "the heart is enlarged", "clear lungs", "edema"]


def make_model(scorer: str = "text", local_form: str = "lse") -> LRCLR:
    torch.manual_seed(0)
    backbone = CompactBackbone(SMALL)
    backbone.remember(TEXTS)  # as a run does: how texts are batched moves frozen features by 1e-6
    return LRCLR(backbone, LRCLRConfig(k=4, fusion_heads=2, scorer=scorer,
                                       local_form=local_form))  # fmt: skip


def make_batch() -> Batch:
    generator = torch.Generator().manual_seed(1)
    truth = (torch.rand(8, len(TEXTS), generator=generator) < 0.4).float()
    truth[torch.arange(8), torch.arange(8) % len(TEXTS)] = 1
    present = torch.tensor([True, False, True, False, True])
    return Batch(torch.randn(8, 1, 64, 64, generator=generator), TEXTS, truth, present)


def gradients(
    model: LRCLR, batch: Batch, keep: float, chunk: int = 0
) -> tuple[dict[str, float], dict[str, torch.Tensor]]:
    """Loss terms and gradients of one step; every draw starts from the same seeds."""
    torch.manual_seed(7)
    terms = backward(
        model, batch,
        lambda images, texts: lrclr_losses(model, images, texts, batch, Weights()),
        Ranks(torch.device("cpu")), keep, chunk,
    )  # fmt: skip
    found = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    return {name: term.item() for name, term in terms.items()}, found


def assert_equal(
    first: tuple[dict[str, float], dict[str, torch.Tensor]],
    second: tuple[dict[str, float], dict[str, torch.Tensor]],
) -> None:
    assert first[0] == pytest.approx(second[0], rel=1e-5)
    for name, gradient in first[1].items():
        # A parameter that one way leaves without a gradient has a zero one in the other.
        other = second[1].get(name, torch.zeros_like(gradient))
        size = max(float(gradient.abs().max()), 1.0)
        assert torch.allclose(gradient / size, other / size, atol=1e-5, rtol=0), name
    assert sum(gradient.abs().sum() for gradient in first[1].values()) > 1


@pytest.mark.parametrize("scorer", ["text", "product"])
@pytest.mark.parametrize("keep", [1.0, 0.5])
@pytest.mark.parametrize("chunk", [2, 3])
def test_chunks_give_the_gradients_of_the_whole_batch(scorer: str, keep: float, chunk: int) -> None:
    if scorer != "text" and keep < 1:
        pytest.skip("selection by attention needs every patch")
    batch = make_batch()
    whole = gradients(make_model(scorer), batch, keep)
    assert_equal(whole, gradients(make_model(scorer), batch, keep, chunk))


@pytest.mark.parametrize("local_form", ["lse", "gloria", "filip"])
def test_scores_in_parts_give_the_gradients_of_all_at_once(
    local_form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = make_batch()
    whole = gradients(make_model(local_form=local_form), batch, 1.0)
    monkeypatch.setattr("core.training.objectives._ROWS", 3)
    assert_equal(whole, gradients(make_model(local_form=local_form), batch, 1.0, 2))


WORKER = """
import sys, torch
tests = sys.argv[2]
sys.path[:0] = [tests, tests + "/.."]
from test_distributed import gradients, make_batch, make_model
from core.ranks import Ranks
found = [gradients(make_model(), make_batch(), 0.5, chunk) for chunk in (0, 2)]
if Ranks(torch.device("cpu")).is_main:
    torch.save(found, sys.argv[1])
"""


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As in each of the processes, so that texts are encoded alike."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_two_processes_give_the_gradients_of_one(tmp_path: Path) -> None:
    """Whole, and in chunks of two; the one is a new process, too: texts are encoded alike there."""
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    two = ["-m", "torch.distributed.run", "--nproc-per-node=2", "--rdzv-backend=c10d",
           "--rdzv-endpoint=localhost:0"]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    told = []
    for start in ([], two):
        out = tmp_path / f"found{len(told)}.pt"
        command = [sys.executable, *start, str(script), str(out), str(Path(__file__).parent)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)
        assert done.returncode == 0, done.stderr[-2000:]
        told.append(torch.load(out, weights_only=True))
    (alone, _), (whole, in_chunks) = told
    assert_equal(alone, whole)
    assert_equal(alone, in_chunks)


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    processes = Ranks(torch.device("cpu"))
    processes.count = 3
    with pytest.raises(ExplorerError, match="multiple of 3"):
        processes.share(8)


OPTIONS = ["--data", "phantom:train,n=8,size=64", "--check-data", "phantom:val,n=8,size=64",
           "--steps", "4", "--batch-size", "4", "--precision", "fp32",
           "--check-every", "2"]  # fmt: skip


def _launch(start: list[list[str]], base: Path, out: Path) -> None:
    """One run, made by processes that are started together."""
    options = ["core", "finetune", "--model", str(base), *OPTIONS, "--out", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    launched = [
        subprocess.Popen([sys.executable, "-m", *words, *options], env=environment,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for words in start
    ]  # fmt: skip
    for process in launched:
        _, said = process.communicate(timeout=600)
        assert process.returncode == 0, said[-2000:]


def _curve(out: Path) -> list[float]:
    """Losses of one run, which wrote its files once."""
    assert (out / "model.safetensors").is_file() and len(list(out.glob("events.out.*"))) == 1
    lines = (out / "log.jsonl").read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    assert [line["step"] for line in told if line["kind"] == "check"] == [0, 2, 4]
    return [line["loss"] for line in told if line["kind"] == "step"]


@pytest.mark.usefixtures("one_thread")
def test_launched_runs_train_as_one_process_does(run: Any, tmp_path: Path) -> None:
    """By torchrun, by accelerate launch, and as two machines of one process each."""
    base = tmp_path / "base"
    save_model(make_model(), base)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    torchrun = "torch.distributed.run"
    machine = [torchrun, "--nnodes=2", "--nproc-per-node=1", "--master-addr=localhost",
               f"--master-port={port}"]  # fmt: skip
    launchers = {
        "torchrun": [[torchrun, "--nproc-per-node=2", "--rdzv-backend=c10d",
                      "--rdzv-endpoint=localhost:0", "-m"]],
        "accelerate": [["accelerate.commands.launch", "--cpu", "--num_processes=2",
                        "--num_machines=1", "--mixed_precision=no", "--dynamo_backend=no",
                        "--main_process_port=0", "-m"]],
        "machines": [[*machine, f"--node-rank={rank}", "-m"] for rank in (0, 1)],
    }  # fmt: skip
    code, _, said = run("finetune", "--model", base, *OPTIONS, "--out", tmp_path / "one")
    assert code == 0, said
    alone = _curve(tmp_path / "one")
    assert len(alone) == 2
    for name, start in launchers.items():
        _launch(start, base, tmp_path / name)
        assert _curve(tmp_path / name) == pytest.approx(alone, rel=1e-4), name
