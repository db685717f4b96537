"""Training end to end on a few phantoms: it learns, repeats itself, stops when told, says why."""

import json
import math
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core.backbones.compact import CompactBackbone, CompactConfig
from core.backbones.registry import RANDOM
from core.errors import ExplorerError
from core.lrclr.checkpoint import load_model, save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.training.augment import augment
from core.training.data import SentenceIndex, TrainingData
from core.training.engine import train
from core.training.finetune import finetune, with_layers
from core.training.log import RunLog
from core.training.objectives import Batch, lrclr_losses
from core.training.pretrain import pretrain
from core.training.runs import Run, recorded, start_run
from core.training.settings import FinetuneConfig, PretrainConfig, Schedule, Weights

SMALL = CompactConfig(image_size=64, width=16, heads=2, embed_dim=16, depth=2)
LAYERS = LRCLRConfig(k=4, fusion_heads=2)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    folder = tmp_path / "base"
    save_model(LRCLR(CompactBackbone(SMALL), LRCLRConfig(added_layers=False)), folder)
    return folder


def _config(base: Path, **schedule: Any) -> FinetuneConfig:
    values = {"steps": 4, "batch_size": 4, "precision": "fp32", **schedule}
    return FinetuneConfig(
        model=str(base), data="phantom:train,n=8,size=64",
        check_data="phantom:val,n=12,size=64", check_every=100, lrclr=LAYERS,
        schedule=Schedule(**values),
    )  # fmt: skip


def _losses(folder: Path) -> list[float]:
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [line["loss"] for line in map(json.loads, lines) if line["kind"] == "step"]


def test_the_same_command_gives_the_same_numbers(base: Path, tmp_path: Path) -> None:
    models = [finetune(_config(base, seed=3), tmp_path / name) for name in "ab"]
    assert _losses(tmp_path / "a") == _losses(tmp_path / "b")
    for first, again in zip(*(model.state_dict().values() for model in models), strict=True):
        assert torch.equal(first, again)
    finetune(_config(base, seed=4), tmp_path / "c")
    assert _losses(tmp_path / "c") != _losses(tmp_path / "a")


def test_a_run_becomes_a_model_that_gives_what_it_gave(base: Path, tmp_path: Path) -> None:
    trained = finetune(_config(base), tmp_path / "run")
    loaded = load_model(str(tmp_path / "run"))
    assert loaded.config == trained.config and loaded.config.spread["local"] > 0
    pixels = torch.randn(2, 1, 64, 64)
    with torch.no_grad():
        first, again = (m.encode_image(pixels).patch_features for m in (trained, loaded))
    assert torch.allclose(first, again, atol=5e-3)  # kept in half precision


def test_it_learns_what_it_is_shown(tmp_path: Path) -> None:
    """Two kinds of image, two sentences: after some steps each image prefers its own."""
    torch.manual_seed(0)
    model = LRCLR(CompactBackbone(SMALL), LAYERS)
    pixels = torch.zeros(16, 1, 64, 64)
    pixels[::2, :, :32] = 2.0
    pixels[1::2, :, 32:] = 2.0
    reports = [["right pneumothorax"], ["left pleural effusion"]] * 8
    data = TrainingData(pixels.half(), SentenceIndex(reports), "toy")
    schedule = Schedule(steps=200, batch_size=8, learning_rate=3e-3, precision="fp32")
    train(model, data, schedule, Weights(), RunLog(tmp_path / "log.jsonl"))
    with torch.no_grad():
        images = model.encode_image(pixels[:2])
        texts = model.encode_text(["right pneumothorax", "left pleural effusion"])
        for scores in (images.image_features @ texts.text_features.T,
                       model.read(images, texts).local):  # fmt: skip
            assert scores[0, 0] > scores[0, 1] and scores[1, 1] > scores[1, 0]


@pytest.mark.parametrize("off", ["global_", "local", "match", "nowhere"])
def test_every_loss_can_be_switched_off(off: str) -> None:
    torch.manual_seed(0)
    model = LRCLR(CompactBackbone(SMALL), LAYERS)
    batch = Batch(
        torch.randn(3, 1, 64, 64), ["a b", "c d"],
        torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, torch.nan]]), torch.tensor([True, False]),
    )  # fmt: skip
    weights = replace(Weights(nowhere=0.5), **{off: 0.0})
    images, texts = model.encode_image(batch.inputs), model.encode_text(batch.texts)
    terms = lrclr_losses(model, images, texts, batch, weights)
    assert set(terms) == {"global", "local", "match", "nowhere"} - {off.rstrip("_")}
    sum(terms.values(), torch.tensor(0.0)).backward()
    touched = {n for n, p in model.named_parameters() if p.grad is not None and p.grad.any()}
    assert any(name.startswith("fusion.match.") for name in touched) == (off != "match")
    assert any(name.startswith("region_head.") for name in touched)


def test_pretraining_writes_a_plain_model_and_its_log(tmp_path: Path) -> None:
    config = PretrainConfig(
        data="phantom:train,n=6,size=64", check_data="phantom:val,n=12,size=64"
    )
    config = replace(config, schedule=replace(config.schedule, steps=2, batch_size=4))
    pretrain(config, tmp_path / "base")
    assert len(_losses(tmp_path / "base")) == 2
    loaded = load_model(str(tmp_path / "base"))
    assert not loaded.config.added_layers
    assert with_layers(loaded, None).config.added_layers


def test_layers_a_model_has_are_kept_where_they_fit() -> None:
    torch.manual_seed(0)
    model = LRCLR(CompactBackbone(SMALL), LAYERS)
    made = with_layers(model, replace(LAYERS, fusion="stream", fusion_layers=1))
    assert torch.equal(made.region_head[1].weight, model.region_head[1].weight)
    assert len(made.stream.blocks) == 1


@pytest.mark.parametrize(
    "change",
    [{"data": "phantom:n=1"}, {"model": "no-such-model"}, {"weights": Weights(0, 0, 0)},
     {"weights": Weights(form="hinge")}],
)  # fmt: skip
def test_what_cannot_be_trained_is_one_sentence(
    base: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    with pytest.raises(ExplorerError):
        finetune(replace(_config(base), **change), tmp_path / "run")


@pytest.mark.parametrize(
    "schedule",
    [{"steps": 0}, {"batch_size": 1}, {"keep": 0.0}, {"keep": 1.5}, {"precision": "fp16"},
     {"learning_rate": 0.0}, {"learning_rate": math.nan}, {"weight_decay": -1.0}, {"warmup": -1},
     {"chunk": -1}, {"sentences_per_report": 0}, {"augment": -0.1}, {"text_augment": 1.1},
     {"ema": 1.0}, {"patience": -1}, {"layer_decay": 0.0}, {"layer_decay": 1.1}, {"seed": -1}],
)  # fmt: skip
def test_a_schedule_that_is_none_is_refused(schedule: dict[str, Any]) -> None:
    with pytest.raises(ExplorerError, match=f"{next(iter(schedule))} must be"):
        Schedule(**schedule)


@pytest.mark.parametrize("name", ["check_every", "save_every", "keep_states"])
def test_intervals_are_at_least_one(name: str) -> None:
    with pytest.raises(ExplorerError, match=f"{name} must be at least 1"):
        FinetuneConfig(**{name: 0})  # type: ignore[arg-type]


def test_a_diverging_run_says_so(base: Path, tmp_path: Path) -> None:
    model = load_model(str(base))
    data = TrainingData(torch.zeros(4, 1, 64, 64).half(), SentenceIndex([["a"]] * 4), "toy")
    with torch.no_grad():
        model.global_bias.fill_(math.nan)
    with pytest.raises(ExplorerError, match="not a finite number at step 1"):
        train(model, data, Schedule(steps=2, batch_size=2, precision="fp32"),
              Weights(1.0, 0.0, 0.0), RunLog(tmp_path / "log.jsonl"))  # fmt: skip


def test_augmentation_never_flips_and_moves_little() -> None:
    pixels = torch.zeros(8, 1, 64, 64)
    pixels[..., 40:] = 1.0
    moved = augment(pixels, torch.Generator().manual_seed(0))
    assert (moved[..., 50:].mean(dim=(1, 2, 3)) > moved[..., :14].mean(dim=(1, 2, 3)) + 0.5).all()
    assert torch.equal(augment(pixels, torch.Generator(), 0.0), pixels)


class TestRuns:
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LRCLR_RUNS", str(tmp_path / "runs"))

    def _wait(self, run: Run, seconds: float = 600) -> str:
        deadline = time.monotonic() + seconds
        while run.status in ("queued", "running") and time.monotonic() < deadline:
            time.sleep(0.2)
        return run.status

    def test_a_failed_run_says_why(self) -> None:
        run = start_run("bad", ["--model", "no-such-model"])
        assert self._wait(run) == "failed"
        assert "no-such-model" in str(run.error)
        assert "Traceback" not in (run.dir / "run.log").read_text(encoding="utf-8")

    def test_a_process_that_vanished_has_failed(self, tmp_path: Path) -> None:
        folder = tmp_path / "runs" / "gone"
        folder.mkdir(parents=True)
        process = subprocess.Popen([sys.executable, "-c", "pass"])
        process.wait()
        (folder / "pid.json").write_text(json.dumps({"pid": process.pid, "created": 1.0}))
        assert Run(folder).status == "failed" and "without a word" in str(Run(folder).error)

    def test_a_pid_that_another_process_has_now_is_not_the_run(self, tmp_path: Path) -> None:
        import os

        folder = tmp_path / "runs" / "stale"
        folder.mkdir(parents=True)
        (folder / "pid.json").write_text(json.dumps({"pid": os.getpid(), "created": 1.0}))
        assert Run(folder).status == "failed"

    def test_an_interrupted_run_is_cancelled_not_failed(self, tmp_path: Path) -> None:
        def interrupted() -> None:
            raise KeyboardInterrupt

        recorded(tmp_path / "run", [], interrupted)
        assert Run(tmp_path / "run").status == "cancelled"

    @pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 65, "a b", "ü"])
    def test_a_name_stays_inside_the_folder_of_runs(self, name: str) -> None:
        with pytest.raises(ExplorerError, match="cannot name"):
            start_run(name, [])


class TestCheckpoints:
    def test_damage_and_other_architectures_are_one_sentence(self, base: Path) -> None:
        weights, config = base / "model.safetensors", base / "config.json"
        whole, text = weights.read_bytes(), config.read_text()
        cases: list[tuple[Path, bytes, str]] = [
            (weights, whole[: len(whole) // 2], "damaged"),
            (weights, b"junk", "damaged"),
            (config, text.replace('"width": 16', '"width": 32').encode(), "another architecture"),
            (config, b"{}", "not a model description"),
            (config, b"\xff\xfe", "not a model description"),
            (config, text.replace('"compact"', '"alien"').encode(), "does not know"),
            (config, text.replace('"k":', '"kk":').encode(), "Unknown LRCLR setting 'kk'"),
        ]
        for path, data, word in cases:
            weights.write_bytes(whole)
            config.write_text(text)
            path.write_bytes(data)
            with pytest.raises(ExplorerError, match=word):
                load_model(str(base))
        weights.unlink()
        config.write_text(text)
        with pytest.raises(ExplorerError, match="missing"):
            load_model(str(base))

    @pytest.mark.parametrize("spec", ["no-such-model", "", "../..", "alien:thing"])
    def test_an_unknown_model_is_one_sentence(self, spec: str) -> None:
        with pytest.raises(ExplorerError):
            load_model(spec)


def test_the_compact_backbone_trains_from_a_random_start(tmp_path: Path) -> None:
    """Centred on its own data: images and sentences start from embeddings without a common mean."""
    config = FinetuneConfig(
        model=RANDOM, data="phantom:train,n=8,size=64", check_data="phantom:val,n=12,size=64",
        check_every=100,
        schedule=Schedule(steps=1, batch_size=4, learning_rate=1e-9, precision="fp32"),
    )  # fmt: skip
    one, two = (finetune(config, tmp_path / name) for name in "ab")
    assert torch.equal(one.backbone.projection.weight, two.backbone.projection.weight)
    assert one.backbone.stem_std.std() > 0


def test_a_trained_selection_block_stays_when_the_layers_do_without_it() -> None:
    """The same global features: the block takes the place of the one it was copied from."""
    torch.manual_seed(0)
    model = LRCLR(CompactBackbone(CompactConfig(depth=2)), LRCLRConfig(fusion="none")).eval()
    for parameter in model.selection_block.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    pixels = torch.rand(2, 1, 64, 64)
    with torch.no_grad():
        before = model.encode_image(pixels).image_features
        made = with_layers(model, replace(model.config, selection_block=False)).eval()
        assert torch.allclose(made.encode_image(pixels).image_features, before, atol=1e-6)


def test_sentences_without_statements_are_refused() -> None:
    with pytest.raises(ExplorerError, match="statements"):
        FinetuneConfig(sentences="indiana")


@pytest.mark.slow
def test_a_stem_trains_on_statements_at_a_smaller_side(tmp_path: Path) -> None:
    """Later stages of the stem move; its first ones and the batch norms do not."""
    data = "phantom:train,n=6,size=64 + phantom:train,n=6,seed=3,size=64"
    schedule = Schedule(steps=2, batch_size=4, statements=True, balance=True, side=64, stem=0.5,
                        sharpness=0.5, augment=1.0, sentences_per_report=2)  # fmt: skip
    config = FinetuneConfig(
        model=RANDOM, data=data, check_data="phantom:val,n=4,size=64", check_every=2,
        weights=Weights(form="balanced", nowhere=0.5), schedule=schedule,
        lrclr=LRCLRConfig(k=4, fusion_heads=2, region_features="conv", selection_block=False),
    )  # fmt: skip
    finetune(config, tmp_path / "run")
    start = CompactBackbone(CompactConfig())
    start.stem.load_imagenet()
    model = load_model(str(tmp_path / "run"))
    before = dict(start.stem.named_parameters())
    after = dict(model.backbone.stem.named_parameters())
    moved = {name for name in before if not torch.allclose(before[name], after[name], atol=1e-5)}
    assert moved and all(name.startswith(("blocks.2", "blocks.3", "blocks.4")) for name in moved)
    assert not any(".bn" in name for name in moved)
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    steps = [line for line in lines if line["kind"] == "step"]
    assert set(steps[0]["terms"]) == {"global", "local", "match", "nowhere"}
