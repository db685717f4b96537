"""Configurations: every preset is whole, files are checked when read, single values win."""

from dataclasses import fields
from pathlib import Path

import pytest
import torch

from core.backbones.compact import CompactBackbone, CompactConfig
from core.cli.finetune import finetune_command
from core.errors import ExplorerError
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.training.config_file import read_config
from core.training.optimiser import make_optimiser
from core.training.own_presets import remove_preset, save_preset
from core.training.presets import own_presets, presets
from core.training.settings import FinetuneConfig, Schedule, Weights

SMALL = CompactConfig(image_size=64, width=16, heads=2, embed_dim=16, depth=2)


def _small() -> LRCLR:
    torch.manual_seed(0)
    return LRCLR(CompactBackbone(SMALL), LRCLRConfig(k=4, fusion_heads=2))


@pytest.mark.parametrize("name", presets())
def test_every_preset_can_be_read_and_trains_something(name: str) -> None:
    assert len(presets()[name]) > 20
    config = read_config(name)
    optimiser = make_optimiser(_small(), 1e-3, freeze=config.schedule.freeze)
    assert optimiser.param_groups


def test_the_presets_that_were_promised_are_there() -> None:
    assert {"global-only", "lrclr", "lrclr-filip", "lrclr-no-match", "linear-probe"} <= set(
        presets()
    )
    assert read_config("global-only").weights.local == 0
    assert read_config("lrclr-no-match").weights.match == 0
    filip = read_config("lrclr-filip").lrclr
    assert filip is not None and filip.local_form == "filip"


def test_a_file_and_values_over_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    schedule = "[schedule]\nsteps = 5\nlearning_rate = 1\n"
    path.write_text(f"check_every = 7\n{schedule}[weights]\nglobal = 2")
    config = read_config(str(path), {"schedule": {"steps": 9, "freeze": ["backbone.text"]}})
    assert (config.check_every, config.schedule.steps, config.schedule.batch_size) == (7, 9, 32)
    assert config.schedule.learning_rate == 1.0 and config.weights.global_ == 2
    assert config.schedule.freeze == ("backbone.text",) and config.lrclr is None
    assert read_config(None, {"lrclr": {"k": 3}}).lrclr == LRCLRConfig(k=3)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("steps = 5", "steps is no setting"),
        ("[schedule]\nstep = 5", "schedule.step is no setting"),
        ("[schedule]\nsteps = 5.5", "schedule.steps must be a whole number"),
        ("[schedule]\nsteps = true", "must be a whole number"),
        ("[schedule]\nsteps = 0", "steps must be at least 1"),
        ("[schedule]\nfreeze = 'x'", "must be a list"),
        ("[weights]\nglobal = 'much'", "weights.global must be a number"),
        ("[lrclr]\nscorer = 'best'", "Unknown scorer"),
        ("[lrclr]\nfusion_layers = 0", "at least 1"),
        ("[lrclr]\ngamma = 0", "gamma above 0"),
        ("[extra]\na = 1", "no table"),
        ("model = 3", "must be text"),
        ("= nonsense", "no TOML"),
        ("\x00", "no TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(ExplorerError, match=word) as said:
        read_config(str(path))
    assert "\n" not in str(said.value)


def test_a_file_that_is_not_there_names_the_presets() -> None:
    with pytest.raises(ExplorerError, match="lrclr-filip"):
        read_config("no-such-thing")


def test_every_setting_is_an_option_of_the_command_and_reaches_the_run(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[FinetuneConfig] = []
    monkeypatch.setattr("core.training.finetune.finetune", lambda config, *_: given.append(config))
    parts = {"schedule": Schedule, "weights": Weights, "lrclr": LRCLRConfig, "": FinetuneConfig}
    # A baseline's switch; the weights of the zero-shot score; what a check finds.
    apart = {"schedule", "weights", "lrclr", "added_layers", "mix", "spread"}
    names = {(table, e.name) for table, kind in parts.items() for e in fields(kind)}
    words = {"model": "demo", "data": "phantom:n=9", "check_data": "phantom:n=8", "form": "infonce",
             "precision": "bf16", "scorer": "all", "local_form": "filip", "freeze": "backbone.text",
             "region_features": "conv", "fusion": "stream", "side": 64}  # fmt: skip
    arguments: list[str] = []
    for table, name in sorted(names):
        if name in apart:
            continue
        default = getattr(FinetuneConfig() if not table else parts[table](), name)
        flag = name.replace("_", "-").strip("-")
        if table == "weights":
            flag = f"loss-{flag}" if name == "form" else f"{flag}-weight"
        if isinstance(default, bool):
            arguments.append(f"--no-{flag}" if default else f"--{flag}")
        else:
            value = words.get(name) or (default + 1 if isinstance(default, int) else "0.75")
            arguments += [f"--{flag}", str(value)]
    code, _, err = run("finetune", "--out", tmp_path / "run", *arguments)
    assert code == 0, err
    config = given[0]
    tables = {"": config, "schedule": config.schedule, "weights": config.weights,
              "lrclr": config.lrclr}  # fmt: skip
    for table, name in names:
        if name not in apart:
            default = getattr(FinetuneConfig() if not table else parts[table](), name)
            assert getattr(tables[table], name) != default, f"{table}.{name}"


def test_options_reach_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[FinetuneConfig] = []
    monkeypatch.setattr("core.training.finetune.finetune", lambda config, *_: given.append(config))
    finetune_command(
        tmp_path / "run", "lrclr", keep_states=5, text_augment=0.25, augment=0.5, chunk=8,
        fusion_heads=4, ema=0.5, global_weight=0.5, precision="bf16", freeze=["backbone.text"],
    )  # fmt: skip
    config = given[0]
    assert config.keep_states == 5 and config.weights.global_ == 0.5
    assert config.lrclr is not None and config.lrclr.fusion_heads == 4
    schedule = config.schedule
    assert (schedule.text_augment, schedule.augment, schedule.chunk) == (0.25, 0.5, 8)
    assert (schedule.ema, schedule.precision) == (0.5, "bf16")
    assert schedule.freeze == ("backbone.text",) and schedule.keep == 0.75  # the preset's


def test_frozen_parts_stay_and_deeper_blocks_learn_faster() -> None:
    model = _small()
    optimiser = make_optimiser(model, 1.0, freeze=("backbone.text", "fusion"), layer_decay=0.5)
    rates = {id(p): g["lr"] for g in optimiser.param_groups for p in g["params"]}
    named = dict(model.named_parameters())
    frozen = [name for name in named if name.startswith(("backbone.text", "fusion"))]
    assert frozen and not any(id(named[name]) in rates for name in frozen)
    assert rates[id(named["backbone.blocks.0.fc1.weight"])] == 0.5
    assert rates[id(named["backbone.patch_projection.weight"])] == 0.5
    assert rates[id(named["backbone.blocks.1.fc1.weight"])] == 1.0
    assert rates[id(named["region_head.1.weight"])] == 1.0
    with pytest.raises(ExplorerError, match=r"backbone\.texts.*there are"):
        make_optimiser(model, 1.0, freeze=("backbone.texts",))
    with pytest.raises(ExplorerError, match="nothing is left"):
        make_optimiser(model, 1.0, freeze=("",))


class TestOwnPresets:
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LRCLR_PRESETS", str(tmp_path / "presets"))

    def test_saved_read_changed_and_removed(self) -> None:
        save_preset("mine", "# For class.\n[schedule]\nsteps = 7\n")
        assert presets()["mine"] == "For class." and own_presets() == ["mine"]
        assert read_config("mine").schedule.steps == 7
        save_preset("mine", "[schedule]\nsteps = 8\n")
        assert read_config("mine").schedule.steps == 8
        remove_preset("mine")
        assert "mine" not in presets()

    @pytest.mark.parametrize(
        ("name", "text", "says"),
        [
            ("../mine", "", "cannot name"),
            ("lrclr", "", "ships"),
            ("mine", "[schedule]\nsteps = 0", "steps must be at least 1"),
            ("mine", "[schedule]\nstepz = 1", "'mine': schedule.stepz is no setting"),
            ("mine", "steps = [", "no TOML"),
            ("mine", "#" * 30_000, "characters"),
        ],
    )
    def test_what_cannot_be_used_is_refused_and_nothing_is_lost(
        self, name: str, text: str, says: str
    ) -> None:
        save_preset("mine", "[schedule]\nsteps = 7\n")
        with pytest.raises(ExplorerError) as told:
            save_preset(name, text)
        assert says in str(told.value) and "partial" not in str(told.value)
        assert read_config("mine").schedule.steps == 7 and own_presets() == ["mine"]

    def test_a_preset_that_ships_cannot_be_removed(self) -> None:
        with pytest.raises(ExplorerError, match="no preset of yours"):
            remove_preset("lrclr")
