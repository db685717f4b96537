"""The training loop, written out: one process, AdamW, warm-up and cosine, JSONL log.

`core.training.pretrain` and `core.training.finetune` are its two uses.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from core.errors import ExplorerError
from core.precision import use_bfloat16
from core.training.augment import augment
from core.training.data import TrainingData
from core.training.objectives import Batch


@dataclass(frozen=True)
class Schedule:
    """How a run walks; everything a run needs besides its model, data and losses."""

    steps: int = 200
    batch_size: int = 32
    learning_rate: float = 3e-4
    weight_decay: float = 0.05
    warmup: int = 100  # steps, at most a tenth of the run
    sentences_per_report: int = 2
    keep: float = 1.0  # share of patch tokens kept by patch dropout
    augment: float = 0.0  # above 0 a frozen stem must run at every step
    precision: str = "auto"  # "bf16", "fp32"; auto takes bf16 where the hardware multiplies it
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch_size < 2 or not 0 < self.keep <= 1:
            raise ExplorerError(
                f"A run needs steps >= 1, batch size >= 2 and 0 < keep <= 1; got {self.steps}, "
                f"{self.batch_size} and {self.keep}."
            )


class RunLog:
    """Appends one JSON object a line, each whole and flushed, so that a reader never waits."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")

    def write(self, **values: Any) -> None:
        """Append one line."""
        self._file.write(json.dumps(values) + "\n")
        self._file.flush()


LossTerms = Callable[[Batch, torch.Generator], dict[str, Tensor]]
Check = Callable[[int], dict[str, Any]]


def train(
    model: nn.Module,
    data: TrainingData,
    schedule: Schedule,
    losses: LossTerms,
    log: RunLog,
    check: Check | None = None,
    check_every: int = 0,
    log_every: int = 10,
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Train in place and leave the model in eval mode.

    Args:
        losses: weighted terms of one batch; their sum is minimised.
        check: called every `check_every` steps and after the last, in eval mode; what it returns is
            logged.
        stopping: asked before each step; True ends the run early, with what it learned.

    Raises:
        ExplorerError: the loss is not finite.
    """
    device = next(model.parameters()).device
    torch.manual_seed(schedule.seed)
    generator = torch.Generator().manual_seed(schedule.seed)
    optimiser = torch.optim.AdamW(_groups(model, schedule.weight_decay), lr=schedule.learning_rate)
    rate = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, schedule))
    rows: list[int] = []
    bfloat16 = use_bfloat16(schedule.precision, device)
    started = time.perf_counter()
    model.train()
    for step in range(1, schedule.steps + 1):
        if stopping():  # keep what was learned, as after the last step
            model.eval()
            if check:
                log.write(kind="check", step=step - 1, **check(step - 1))
            return
        size = min(schedule.batch_size, len(data.inputs))
        if len(rows) < size:
            rows = torch.randperm(len(data.inputs), generator=generator).tolist()
        chosen, rows = rows[:size], rows[size:]
        batch = _batch(data, chosen, schedule, generator, device)
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
            terms = losses(batch, generator)
        loss = torch.stack(list(terms.values())).sum()
        if not torch.isfinite(loss):
            raise ExplorerError(
                f"The loss is not a finite number at step {step}; start again with a lower "
                f"learning rate than {schedule.learning_rate:g}."
            )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        rate.step()
        last = step == schedule.steps
        if step % log_every == 0 or step == 1 or last:
            elapsed = time.perf_counter() - started
            log.write(
                kind="step", step=step, steps=schedule.steps, loss=round(loss.item(), 5),
                terms={name: round(term.item(), 5) for name, term in terms.items()},
                seconds=round(elapsed, 1), left=round(elapsed / step * (schedule.steps - step), 1),
                images_per_second=round(step * size / elapsed, 1),
            )  # fmt: skip
        if check and (last or (check_every and step % check_every == 0)):
            model.eval()
            log.write(kind="check", step=step, **check(step))
            model.train()
    model.eval()


def _batch(
    data: TrainingData,
    chosen: list[int],
    schedule: Schedule,
    generator: torch.Generator,
    device: torch.device,
) -> Batch:
    inputs = augment(data.inputs[chosen].to(device).float(), generator, schedule.augment)
    texts, positive, own = data.index.draw(chosen, schedule.sentences_per_report, generator)
    return Batch(inputs, texts, positive.to(device), own.to(device))


def _rate(step: int, schedule: Schedule) -> float:
    """Linear warm-up, then a cosine to zero."""
    warmup = min(schedule.warmup, max(schedule.steps // 10, 1))
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(schedule.steps - warmup, 1)))


def _groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Decay matrices only: not biases, norms, embeddings of one row or scales."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
