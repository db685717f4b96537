"""The training loop, written out: AdamW, warm-up and cosine, JSONL log, resumable.

`core.training.pretrain` and `core.training.finetune` are its two uses.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import psutil
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from core.errors import ExplorerError
from core.lrclr.model import LRCLR
from core.precision import use_bfloat16
from core.ranks import Ranks
from core.training.augment import augment, change_sharpness, resize
from core.training.average import Average
from core.training.data import TrainingData
from core.training.encode import backward
from core.training.inputs import ReadAhead
from core.training.log import RunLog
from core.training.objectives import Batch, lrclr_losses
from core.training.optimiser import make_optimiser, rate_at
from core.training.repeatable import repeatable
from core.training.settings import Schedule, Weights
from core.training.statements import Drawn
from core.training.states import StateFiles

_BLANKED = 0.1  # share of patches, where the loss has a term for them

Check = Callable[[int], dict[str, Any]]


def train(
    model: LRCLR,
    data: TrainingData,
    schedule: Schedule,
    weights: Weights,
    log: RunLog,
    check: Check | None = None,
    check_every: int = 0,
    log_every: int = 10,
    stopping: Callable[[], bool] = lambda: False,
    states: StateFiles | None = None,
) -> None:
    """Train in place and leave the model in eval mode, with the averaged weights if there are some.

    Args:
        weights: of the loss terms; their sum is minimised.
        check: called before the first step, every `check_every` and after the last, in eval mode;
            what it returns is logged.
        stopping: asked before each step; True ends the run early, with what it learned.
        states: where training states are kept; a run goes on from the newest.

    Raises:
        ExplorerError: the loss is not finite, a state cannot be written or belongs to another run.
    """
    loop = Loop(model, data, schedule, weights)
    start = loop.restore(states, log) if states else 0
    main = loop.processes.is_main
    if main:
        log.open_board(start)
    started, checked = time.perf_counter(), -1

    def look(step: int) -> None:
        nonlocal checked
        if check and main and checked != step:
            model.eval()
            with loop.average.applied():
                log.write(kind="check", step=step, **check(step))
            model.train()
            checked = step

    if not start:
        look(0)
    model.train()
    step = start
    for step in range(start + 1, schedule.steps + 1):
        if loop.processes.agreed(stopping()):  # keep what was learned, as after the last step
            step -= 1
            if states and step and main:
                states.save(step, loop.state(log))
            break
        terms = loop.step(step)
        if main and (step % log_every == 0 or step == 1 or step == schedule.steps):
            elapsed, done = time.perf_counter() - started, step - start
            log.write(
                kind="step", step=step, steps=schedule.steps,
                loss=round(sum(terms.values()), 5),
                terms={name: round(term, 5) for name, term in terms.items()},
                seconds=round(elapsed, 1), left=round(elapsed / done * (schedule.steps - step), 1),
                images_per_second=round(done * loop.size / elapsed, 1),
                waiting=round(loop.inputs.waited / elapsed, 4), memory=_memory(loop.device),
            )  # fmt: skip
        if check_every and step % check_every == 0:
            look(step)
        if states and main and step % states.every == 0 and step < schedule.steps:
            states.save(step, loop.state(log))
    look(step)
    loop.average.copy_to_model()
    model.eval()
    log.close()


class Loop:
    """What changes from step to step; `step` is one step of training."""

    def __init__(
        self, model: LRCLR, data: TrainingData, schedule: Schedule, weights: Weights
    ) -> None:
        self.model, self.data, self.schedule, self.weights = model, data, schedule, weights
        self.device = model.device
        self.processes = Ranks(self.device)
        self.size = min(schedule.batch_size, len(data.inputs))
        self.bfloat16 = use_bfloat16(schedule.precision, self.device)
        torch.manual_seed(schedule.seed)
        self.generator = torch.Generator().manual_seed(schedule.seed)
        self.inputs = ReadAhead(data.inputs)
        self.rows: list[int] = []  # images of this epoch that are still to come
        self.optimiser = make_optimiser(
            model, schedule.learning_rate, schedule.weight_decay, schedule.freeze,
            schedule.layer_decay, schedule.stem, schedule.last_blocks,
        )  # fmt: skip
        self.rate = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: rate_at(step, schedule.steps, schedule.warmup)
        )
        self.average = Average(model, schedule.ema)

    def step(self, step: int) -> dict[str, float]:
        """One step of the optimiser; the loss terms before it."""
        batch, schedule = self._batch(), self.schedule
        self.optimiser.zero_grad(set_to_none=True)
        with self.computing():
            terms = backward(
                self.model, batch,
                lambda images, texts: lrclr_losses(
                    self.model, images, texts, batch, self.weights
                ),
                self.processes, schedule.keep, schedule.chunk,
            )  # fmt: skip
        values = {name: term.item() for name, term in terms.items()}
        if not all(map(math.isfinite, values.values())):
            raise ExplorerError(
                f"The loss is not a finite number at step {step}; start again with a lower "
                f"learning rate than {schedule.learning_rate:g}."
            )
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.rate.step()
        self.average.update()
        return values

    @contextmanager
    def computing(self) -> Iterator[None]:
        """The precision of a step within."""
        with (
            repeatable(self.device),
            torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16),
            _attention(self.device, self.bfloat16),
        ):
            yield

    def _batch(self) -> Batch:
        if len(self.rows) < self.size:
            self.rows = self._epoch()
        chosen, self.rows = self.rows[: self.size], self.rows[self.size :]
        after = self.rows[: self.size] if len(self.rows) >= self.size else []
        return self.batch_of(chosen, self.inputs.take(chosen, after).to(self.device))

    def batch_of(self, chosen: list[int], inputs: Tensor) -> Batch:
        """The images of rows, changed as the schedule says, with texts that are drawn for them."""
        if self.schedule.side:
            inputs = resize(inputs.float(), self.schedule.side)
        if self.schedule.augment:
            inputs = augment(inputs.float(), self.generator, self.schedule.augment)
        if self.schedule.sharpness:
            inputs = change_sharpness(inputs.float(), self.generator, self.schedule.sharpness)
        drawn = self.draw(chosen)
        blanked = None
        if self.weights.blank:
            grid = self.model.backbone.grid
            cells = torch.rand(len(chosen), *grid, generator=self.generator) < _BLANKED
            cells = cells.to(self.device)
            inputs, blanked = self.model.backbone.hide(inputs, cells), cells.flatten(1)
        truth, present = drawn.truth.to(self.device), drawn.present.to(self.device)
        return Batch(inputs, drawn.texts, truth, present, blanked)

    def _epoch(self) -> list[int]:
        """Rows in the order of an epoch: each once, or by their weight."""
        count, bank = len(self.data.inputs), self.data.statements
        if bank is not None and self.schedule.balance:
            drawn = torch.multinomial(bank.weights, count, True, generator=self.generator)
            return list(drawn.tolist())
        return list(torch.randperm(count, generator=self.generator).tolist())

    def draw(self, chosen: list[int]) -> Drawn:
        """Texts for the images of rows, and of which of them each is true."""
        schedule, data = self.schedule, self.data
        if data.statements is not None:
            own = max(self.size * schedule.sentences_per_report // 4, 1)
            return data.statements.draw(chosen, own, self.generator, schedule.statements_each)
        return data.index.draw(
            chosen, schedule.sentences_per_report, self.generator, schedule.shared_positives,
            schedule.text_augment,
        )  # fmt: skip

    def state(self, log: RunLog) -> dict[str, Any]:
        """Everything that `restore` needs to go on bit by bit."""
        return {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "rate": self.rate.state_dict(),
            "average": self.average.state(),
            "rows": self.rows,
            "generator": self.generator.get_state(),
            "torch_rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state_all() if self.device.type == "cuda" else [],
            "log_size": log.size,
        }

    def restore(self, states: StateFiles, log: RunLog) -> int:
        """Go back to the newest state, if there is one; the step it was written after."""
        state = states.load()
        if state is None:
            return 0
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.rate.load_state_dict(state["rate"])
        self.average.restore(state["average"])
        self.rows = state["rows"]
        self.generator.set_state(state["generator"])
        torch.set_rng_state(state["torch_rng"])
        if state["cuda_rng"]:
            torch.cuda.set_rng_state_all(state["cuda_rng"])
        if self.processes.is_main:
            log.rewind(state["log_size"])
        return int(state["step"])


def _attention(device: torch.device, bfloat16: bool) -> AbstractContextManager[None]:
    """On a CPU, attention written out: in bfloat16 the gradient of torch's own is twice as slow."""
    if bfloat16 and device.type == "cpu":
        return sdpa_kernel(SDPBackend.MATH)
    return nullcontext()


def _memory(device: torch.device) -> int:
    """Bytes that the process holds, on the GPU where the model is on one."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return int(psutil.Process().memory_info().rss)
