"""LRCLR fine-tuning on reports alone: add the layers to a pretrained model and train.

python -m core finetune --model demo-base --data phantom:train --out runs/lrclr
python -m core finetune --model demo --data phantom:train,n=512 --steps 200 --out runs/try
python -m core finetune --config lrclr --out runs/lrclr --resume
"""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from core.backbones.compact import CompactBackbone
from core.backbones.registry import RANDOM
from core.errors import ExplorerError
from core.inference.prompts import default_prompts
from core.lrclr.checkpoint import load_model, save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.progress import Progress
from core.ranks import Ranks
from core.training.check import QuickCheck
from core.training.data import load_training_data
from core.training.engine import Loop, train
from core.training.held_out import training_and_check
from core.training.indiana import further_sentences
from core.training.log import Listener, RunLog, forget_log
from core.training.record import write_record
from core.training.room import free_for, room_for
from core.training.settings import FinetuneConfig
from core.training.states import StateFiles
from core.training.timelapse import Pins

BEST = "best"
"""Folder in a run's folder: the model of the best check."""


def finetune(
    config: FinetuneConfig,
    out: Path,
    progress: Progress | None = None,
    resume: bool = False,
    listener: Listener | None = None,
) -> LRCLR:
    """Train, write the model folder, its best check and its log.jsonl, return the model.

    Args:
        resume: go on from the newest training state in `out`, bit by bit as if the run had never
            stopped; without a state, from the beginning.
        listener: told every line of the log, of steps and checks.

    Raises:
        ExplorerError: model or data cannot be used, there is too little memory, the loss diverged,
            the disk is full, or the states in `out` are of other settings.
    """
    torch.manual_seed(config.schedule.seed)
    model = with_layers(load_model(config.model), config.lrclr)
    as_pixels = config.schedule.needs_pixels or model.config.body_mask
    processes = Ranks(model.device)
    parts = training_and_check(config.data, config.check_data)
    studies = parts.training
    identity = _identity(config, studies.fingerprint)
    states = StateFiles(out, config.save_every, config.keep_states, identity)
    fresh = processes.is_main and not (resume and states.there)
    if fresh:
        states.clear()
        forget_log(out)
    with processes.main_first():  # what it keeps on disk the others read
        data = load_training_data(
            studies, model.backbone, as_pixels, progress, config.schedule.whole_reports,
            config.schedule.wordings, further_sentences(config.sentences),
        )  # fmt: skip
        check = QuickCheck(
            parts.check, model, default_prompts(), progress,
            as_pixels=config.schedule.stem > 0,
        )  # fmt: skip
    model.backbone.remember(data.texts(config.schedule.text_augment > 0), progress)
    if config.model == RANDOM:
        assert isinstance(model.backbone, CompactBackbone)
        model.backbone.centre(data.inputs[:256].float(), data.index.sentences[:512])
    room = room_for(Loop(model, data, config.schedule, config.weights), len(check.inputs))
    free = free_for(model.device)
    room.check_against(free)
    pins = Pins(check, out, config.follow)
    if fresh:
        pins.write_pictures()
        remarks = [remark for remark in (parts.remark, data.remark) if remark]
        write_record(out, config, data, data.left_out + check.left_out, remarks)
    else:
        pins.go_on()
    processes.wait()
    log = RunLog(out / "log.jsonl" if processes.is_main else Path(os.devnull), listener)
    if fresh:
        log.write(
            kind="start", config=asdict(config), sentences=len(data.index.sentences),
            remarks=remarks, memory=room.sentence(free),
        )  # fmt: skip
    notes = {"finetune": asdict(config), "fingerprint": data.fingerprint}
    keeper = _Keeper(model, check, out, notes, log, pins)
    schedule = config.schedule
    patience = schedule.patience or schedule.steps
    with _room_on_disk(out):
        train(
            model, data, schedule, config.weights, log, keeper, config.check_every,
            stopping=lambda: (out / "stop").exists() or keeper.checks_since_best() >= patience,
            states=states,
        )  # fmt: skip
    if processes.is_main and not (out / "stop").exists():
        states.clear()  # a run that was stopped can go on; a finished one needs no state
    return model


class _Keeper:
    """Checks the model, keeps it, and keeps it as the best where it is the best so far."""

    def __init__(
        self,
        model: LRCLR,
        check: QuickCheck,
        out: Path,
        notes: dict[str, Any],
        log: RunLog,
        pins: Pins,
    ) -> None:
        self.model, self.check, self.out, self.notes, self.log = model, check, out, notes, log
        self.pins = pins
        self._scores: list[float] | None = None

    def __call__(self, step: int) -> dict[str, Any]:
        """Measure after `step`; a run that is cut off keeps its last check."""
        look = self.check.look(self.model)  # encodes the set: once for all that follows
        self.model.config = replace(self.model.config, spread=look.spread)
        notes = {**self.notes, "step": step}
        save_model(self.model, self.out, notes)
        self.pins.write(self.model, look, step)
        found = self.check(self.model, look)
        self.check.last.write(self.out)
        if found["score"] > max(self.scores, default=-1.0):
            save_model(self.model, self.out / BEST, {**notes, "score": found["score"]})
        self.scores.append(found["score"])
        return found

    def checks_since_best(self) -> int:
        """Checks after the best one."""
        return len(self.scores) - 1 - self.scores.index(max(self.scores)) if self.scores else 0

    @property
    def scores(self) -> list[float]:
        """Of all checks so far; read once from the log, which a resumed run has rewound by then."""
        if self._scores is None:
            self._scores = [line["score"] for line in self.log.lines() if line["kind"] == "check"]
        return self._scores


@contextmanager
def _room_on_disk(out: Path) -> Iterator[None]:
    """A full disk, whatever was being written, as one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise ExplorerError(
            f"The run could not write to {out} ({error.strerror}); free some space and go on with "
            "--resume: its last training state and its last model are intact."
        ) from None


def _identity(config: FinetuneConfig, fingerprint: str) -> str:
    """Changes with whatever changes the steps of a run."""
    settings = asdict(replace(config, save_every=1, keep_states=1))
    del settings["follow"]
    return sha256(json.dumps([settings, fingerprint]).encode()).hexdigest()[:16]


def with_layers(model: LRCLR, config: LRCLRConfig | None) -> LRCLR:
    """The model with added layers: its own where they fit `config`, else fresh ones."""
    if config is None:
        if model.config.added_layers:
            return model
        config = LRCLRConfig()
    had = model.config.added_layers and model.config.selection_block
    if had and not config.selection_block and isinstance(model.backbone, CompactBackbone):
        model.backbone.take_last_block(model.selection_block)  # the same scores without it
    made = LRCLR(model.backbone, replace(config, added_layers=True))
    if model.config.added_layers:
        state = made.state_dict()
        state.update(
            (name, value)
            for name, value in model.state_dict().items()
            if name in state and state[name].shape == value.shape
        )
        made.load_state_dict(state)
    return made
