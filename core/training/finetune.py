"""LRCLR fine-tuning on reports alone: add the layers to a pretrained model and train.

python -m core finetune --model demo-base --data phantom:train --out runs/lrclr
python -m core finetune --model demo --data phantom:train,n=512 --steps 200 --out runs/try
"""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch

from core.errors import ExplorerError
from core.inference.prompts import default_prompts
from core.lrclr.checkpoint import load_model, save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.studies import open_studies
from core.training.check import QuickCheck
from core.training.data import Progress, load_training_data
from core.training.engine import RunLog, Schedule, train
from core.training.objectives import LOSS_FORMS, Weights, lrclr_losses


@dataclass(frozen=True)
class FinetuneConfig:
    """What `finetune` needs; every part of the method is one value."""

    model: str = "demo-base"
    data: str = "phantom:train"
    check_data: str = "phantom:val,n=100"
    check_every: int = 100
    weights: Weights = field(default_factory=Weights)
    # None keeps the layers that the model has, or adds the default ones to a plain model.
    lrclr: LRCLRConfig | None = None
    schedule: Schedule = field(default_factory=Schedule)

    def __post_init__(self) -> None:
        if self.weights.form not in LOSS_FORMS:
            raise ExplorerError(
                f"Unknown loss form '{self.weights.form}'; known: {', '.join(LOSS_FORMS)}."
            )
        if not (self.weights.global_ or self.weights.local or self.weights.match):
            raise ExplorerError("Every loss is switched off; give at least one a weight above 0.")


def finetune(config: FinetuneConfig, out: Path, progress: Progress | None = None) -> LRCLR:
    """Train, write the model folder and its log.jsonl, return the model.

    Raises:
        ExplorerError: model or data cannot be used, or the loss diverged.
    """
    torch.manual_seed(config.schedule.seed)
    model = with_layers(load_model(config.model), config.lrclr)
    as_pixels = config.schedule.augment > 0 or model.config.body_mask
    data = load_training_data(open_studies(config.data), model.backbone, as_pixels, progress)
    check = QuickCheck(open_studies(config.check_data), model, default_prompts(), progress)
    log = RunLog(out / "log.jsonl")
    log.write(kind="start", config=asdict(config), sentences=len(data.index.sentences))
    schedule, weights = config.schedule, config.weights

    def checked(step: int) -> dict[str, object]:  # a run that is cut off keeps its last check
        notes = {"finetune": asdict(config), "fingerprint": data.fingerprint, "step": step}
        model.config = replace(model.config, spread=check.spread(model))
        save_model(model, out, notes)
        return check(model)

    train(
        model, data, schedule,
        lambda batch, generator: lrclr_losses(model, batch, weights, schedule.keep, generator),
        log, checked, config.check_every, stopping=(out / "stop").exists,
    )  # fmt: skip
    return model


def with_layers(model: LRCLR, config: LRCLRConfig | None) -> LRCLR:
    """The model with added layers: its own where they fit `config`, else fresh ones."""
    if config is None:
        if model.config.added_layers:
            return model
        config = LRCLRConfig()
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
