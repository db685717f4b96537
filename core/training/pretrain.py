"""Pretrain the compact backbone by global contrast on reports alone: no labels, no masks.

python -m core pretrain --data phantom:train --out assets/demo-base
python -m core pretrain --data phantom:train,n=256 --steps 20 --out runs/try   # a minute
"""

from dataclasses import asdict
from pathlib import Path

import torch

from core.backbones.compact import CompactBackbone, CompactConfig
from core.inference.prompts import default_prompts
from core.lrclr.checkpoint import save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.progress import Progress
from core.specs import open_studies
from core.training.check import QuickCheck
from core.training.data import load_training_data
from core.training.engine import train
from core.training.log import RunLog, forget_log
from core.training.settings import PretrainConfig, Weights


def pretrain(config: PretrainConfig, out: Path, progress: Progress | None = None) -> LRCLR:
    """Train from a random start, write the model folder and its log.jsonl, return the model.

    Args:
        progress: called with (done, total) images while the data are read.

    Raises:
        ExplorerError: the data cannot be used, or the loss diverged.
    """
    torch.manual_seed(config.schedule.seed)
    backbone = CompactBackbone(CompactConfig())
    backbone.stem.load_imagenet()
    model = LRCLR(backbone, LRCLRConfig(added_layers=False))
    as_pixels = config.schedule.needs_pixels
    data = load_training_data(
        open_studies(config.data), backbone, as_pixels, progress, config.schedule.whole_reports,
        config.schedule.wordings,
    )  # fmt: skip
    backbone.remember(data.texts(config.schedule.text_augment > 0), progress)
    backbone.centre(data.inputs[:256].float(), data.index.sentences[:512])
    check = QuickCheck(
        open_studies(config.check_data), model, default_prompts(), progress,
        as_pixels=config.schedule.stem > 0,
    )  # fmt: skip
    forget_log(out)
    log = RunLog(out / "log.jsonl")
    log.write(kind="start", config=asdict(config), sentences=len(data.index.sentences),
              left_out=[*data.left_out, *check.left_out])  # fmt: skip

    def checked(step: int) -> dict[str, object]:  # a run that is cut off keeps its last check
        notes = {"pretrain": asdict(config), "fingerprint": data.fingerprint, "step": step}
        save_model(model, out, notes)
        return check(model)

    train(
        model, data, config.schedule, Weights(1.0, 0.0, 0.0, config.loss_form), log, checked,
        config.check_every,
    )  # fmt: skip
    return model
