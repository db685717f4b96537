"""A run repeated gives the same bits while other processes keep the cores busy."""

import subprocess
import sys

import pytest
import torch

from core.backbones.compact import CompactBackbone, CompactConfig
from core.backbones.minilm import load_minilm
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.specs import open_studies
from core.training.data import TrainingData, load_training_data
from core.training.engine import Loop
from core.training.objectives import Weights
from core.training.repeatable import repeatable
from core.training.settings import Schedule


@pytest.fixture
def busy():
    """Two threads for us, and another process that leaves them no peace."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    yield
    other.kill()
    other.wait()
    torch.set_num_threads(before)


def _model() -> LRCLR:
    torch.manual_seed(0)
    sizes = CompactConfig(image_size=96, width=64, heads=2, embed_dim=64, depth=2)
    return LRCLR(CompactBackbone(sizes), LRCLRConfig(k=4, fusion_heads=2))


def _trained(data: TrainingData) -> dict[str, torch.Tensor]:
    """Weights after a step, and the gradients it took: Adam's first step hides their last bits."""
    loop = Loop(_model(), data, Schedule(steps=2, batch_size=16, precision="fp32"), Weights())
    loop.step(1)
    parameters = loop.model.named_parameters()
    slopes = {f"slope of {name}": p.grad for name, p in parameters if p.grad is not None}
    return {**loop.model.state_dict(), **slopes}


@pytest.fixture
def data(tmp_path, monkeypatch) -> TrainingData:
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path))
    studies = open_studies("phantom:train,n=16,size=96")
    return load_training_data(studies, _model().backbone, False)


@pytest.mark.slow
def test_two_runs_are_the_same_to_the_bit_under_load(data, busy):
    first, second = _trained(data), _trained(data)
    assert any(name.startswith("slope") for name in first)
    different = [name for name in first if not torch.equal(first[name], second[name])]
    assert not different
    assert not torch.are_deterministic_algorithms_enabled()  # left as it was


def test_a_gradient_of_picked_rows_is_summed_in_one_order(busy):
    torch.manual_seed(0)
    features, rows = torch.randn(8, 64, 128, requires_grad=True), torch.randint(8, (128,))
    slope = torch.randn(128, 64, 128)

    def gradient() -> torch.Tensor:
        return torch.autograd.grad(features[rows], features, slope)[0]

    with repeatable(torch.device("cpu")):
        first = gradient()
        assert all(torch.equal(gradient(), first) for _ in range(5))


def test_reading_the_text_tower_moves_no_generator():
    """Layers that are made after it are the same in a process's first run and in its second."""
    torch.manual_seed(0)
    before = torch.get_rng_state()
    load_minilm.__wrapped__()
    assert torch.equal(torch.get_rng_state(), before)
