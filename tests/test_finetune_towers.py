"""Fine-tuning other people's towers on two cores: what trains, what memory it takes, end to end."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import huggingface_hub
import open_clip
import published_models as published
import pytest
import torch
from tiny_model import TinyBackbone
from tiny_open_clip import TEXT, VISION

from core.backbones.base import Backbone
from core.errors import ExplorerError
from core.lrclr.checkpoint import load_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.training import finetune as finetuning
from core.training.config_file import read_config
from core.training.data import SentenceIndex, TrainingData
from core.training.engine import Loop
from core.training.finetune import finetune
from core.training.freeze import freeze_towers
from core.training.live_bytes import LiveBytes
from core.training.log import RunLog
from core.training.room import Room, room_for
from core.training.runs import Run
from core.training.settings import FinetuneConfig, Schedule, Weights

LAYERS = LRCLRConfig(k=3, fusion_heads=2, selection_block=False)


@pytest.fixture(autouse=True, scope="module")
def _no_hub() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        yield


@pytest.fixture(scope="module")
def towers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Specs by how a user names them."""
    root = tmp_path_factory.mktemp("towers")
    config = {"embed_dim": 32, "vision_cfg": {**VISION, "width": 64}, "text_cfg": TEXT}
    (root / "arch").mkdir()
    (root / "arch" / "tiny-films.json").write_text(json.dumps(config))
    open_clip.add_model_config(root / "arch")
    hugging_face = {
        kind: getattr(published, kind)(root / kind) for kind in ("hf_clip", "hf_siglip")
    }
    return {"open_clip": "open_clip:tiny-films"} | {
        kind: f"hf:{folder}" for kind, folder in hugging_face.items()
    }


def _training(backbone: Backbone) -> set[str]:
    return {name for name, parameter in backbone.named_parameters() if parameter.requires_grad}


@pytest.mark.parametrize(("kind", "block", "behind"), [
    ("open_clip", "model.visual.transformer.resblocks.2.", {"model.visual.proj"}),
    ("hf_clip", "model.vision_model.encoder.layers.2.", {"model.visual_projection.weight"}),
    ("hf_siglip", "model.vision_model.encoder.layers.2.", {"model.vision_model.head.probe"}),
])  # fmt: skip
def test_the_last_block_and_what_reads_it_out_train_and_no_text(
    towers: dict[str, str], kind: str, block: str, behind: set[str]
) -> None:
    backbone = load_model(towers[kind]).backbone
    before = {name for name, _ in backbone.named_parameters()}
    freeze_towers(backbone, 1)
    left = _training(backbone)
    last = {name for name in before if name.startswith(block)} or {
        name for name in before if ".2." in name and "vision" in name
    }
    assert last and last | behind <= left
    assert not [name for name in left - last if "text" in name or ".1." in name or ".0." in name]
    assert not [name for name in left if "embedding" in name or "conv1" in name]
    again = load_model(towers[kind]).backbone
    freeze_towers(again, 0)
    assert _training(again) == {"model.logit_scale"}
    with pytest.raises(ExplorerError, match="at most 3"):
        freeze_towers(again, 4)


@pytest.mark.parametrize("kind", ["open_clip", "hf_clip", "hf_siglip"])
@pytest.mark.parametrize("side", [224, 448])
def test_a_run_on_large_films_changes_what_it_may_and_opens_again(
    towers: dict[str, str], kind: str, side: int, tmp_path: Path,
) -> None:  # fmt: skip
    spec = f"{towers[kind]}@{side}"
    shipped = read_config("last-blocks")
    schedule = replace(
        shipped.schedule, steps=2, batch_size=4, last_blocks=1, learning_rate=1e-3
    )
    config = replace(
        shipped, model=spec, data="phantom:train,n=6", check_data="phantom:val,n=4", lrclr=LAYERS,
        schedule=schedule,
    )  # fmt: skip
    heard: list[Any] = []
    trained = finetune(config, tmp_path / "run", listener=heard.append)
    before, after = load_model(spec), load_model(str(tmp_path / "run"))
    assert after.backbone.preprocess.size == side
    start = dict(before.backbone.named_parameters())
    changed = {
        name for name, parameter in trained.backbone.named_parameters()
        if not torch.equal(parameter, start[name])
    }  # fmt: skip
    assert changed and changed <= _training(trained.backbone)
    assert any("2." in name for name in changed) and not any("text" in name for name in changed)
    assert heard[0]["kind"] == "start" and "GiB of memory" in heard[0]["memory"]
    assert [line["memory"] for line in Run(tmp_path / "run").metrics if line["kind"] == "start"]


def test_what_will_not_fit_is_refused_before_the_first_step(
    towers: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetuning, "free_for", lambda device: 20 * 2**20)
    config = FinetuneConfig(
        model=towers["hf_clip"], data="phantom:train,n=6,size=64", lrclr=LAYERS,
        check_data="phantom:val,n=4,size=64", schedule=Schedule(steps=2, batch_size=4),
    )  # fmt: skip
    monkeypatch.setattr(RunLog, "write", lambda *_, **told: pytest.fail(f"began: {told}"))
    monkeypatch.setattr(finetuning, "room_for", lambda *_: Room(2**20, 9 * 2**20, 0, 0, 0, 4))
    with pytest.raises(ExplorerError, match="--chunk 1") as said:
        finetune(config, tmp_path / "run")
    assert "\n" not in str(said.value) and not (tmp_path / "run" / "run.json").is_file()


def test_a_chunk_is_proposed_only_where_it_fits() -> None:
    room = Room(fixed=0, images=100 << 20, small=0, encoded=0, check=0, chunk=32)
    room.check_against(4 << 30)
    with pytest.raises(ExplorerError, match="set chunk to 8 "):
        room.check_against(1 << 30)
    with pytest.raises(ExplorerError, match="smaller model"):
        room.check_against(100 << 20)


def _loop(batch: int, chunk: int = 0, last_blocks: int = -1) -> Loop:
    torch.manual_seed(0)
    model = LRCLR(TinyBackbone(), LAYERS)
    reports = [[f"finding {row}", f"the lung number {row}"] for row in range(batch)]
    pixels = torch.randn(batch, 1, 32, 32).half()
    schedule = Schedule(batch_size=batch, chunk=chunk, precision="fp32", last_blocks=last_blocks)
    return Loop(
        model.train(), TrainingData(pixels, SentenceIndex(reports), ""), schedule, Weights()
    )


@pytest.mark.parametrize(("chunk", "last_blocks"), [(0, -1), (8, -1), (0, 1), (0, 0)])
def test_what_is_foretold_is_what_a_step_of_the_whole_batch_takes(
    chunk: int, last_blocks: int
) -> None:
    loop = _loop(48, chunk, last_blocks)
    random = loop.generator.get_state()
    room = room_for(loop, check_images=1)
    assert torch.equal(loop.generator.get_state(), random)
    assert all(parameter.grad is None for parameter in loop.model.parameters())
    loop.step(1)  # states of the optimiser are made, which `fixed` counts
    with LiveBytes([*loop.model.parameters(), *loop.model.buffers()]) as live:
        loop.step(2)
    foretold = room.small + room.chunk * room.images + room.encoded
    assert 0.9 * live.peak < foretold < 1.6 * live.peak


def test_fewer_blocks_that_train_take_less_memory_and_so_do_chunks() -> None:
    whole, last, none = (room_for(_loop(16, 0, n), 1).needed for n in (-1, 1, 0))
    assert whole > last > none
    assert room_for(_loop(16, 4), 1).needed < whole
