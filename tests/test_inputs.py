"""Prepared images on disk: the same numbers as in memory, read while the model computes."""

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from core.backbones.compact import CompactBackbone, CompactConfig
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.training.data import SentenceIndex, TrainingData
from core.training.engine import train
from core.training.inputs import InputFile, ReadAhead
from core.training.log import RunLog, forget_log
from core.training.settings import Schedule, Weights

SMALL = CompactConfig(image_size=64, width=16, heads=2, embed_dim=16, depth=2)


def _file(path: Path, count: int = 24) -> tuple[InputFile, torch.Tensor]:
    made = torch.randn(count, 1, 64, 64, generator=torch.Generator().manual_seed(0)).half()
    np.save(path, made.numpy())
    return InputFile(path), made


def _data(inputs: InputFile | torch.Tensor) -> TrainingData:
    reports = [["no pneumothorax"], ["left pleural effusion"]] * (len(inputs) // 2)
    return TrainingData(inputs, SentenceIndex(reports), "toy")


def _run(data: TrainingData, log: Path) -> RunLog:
    torch.manual_seed(0)
    model = LRCLR(CompactBackbone(SMALL), LRCLRConfig(k=4, fusion_heads=2))
    kept = RunLog(log)
    train(model, data, Schedule(steps=7, batch_size=8, precision="fp32"), Weights(), kept,
          log_every=1)  # fmt: skip
    return kept


def test_rows_of_a_file_are_those_of_the_array(tmp_path: Path) -> None:
    file, made = _file(tmp_path / "a.npy")
    assert len(file) == 24 and file.shape == (24, 1, 64, 64)
    assert torch.equal(file[[5, 0, 23]], made[[5, 0, 23]])
    assert torch.equal(file[2:4], made[2:4])
    assert torch.equal(torch.cat(list(file.split(10))), made)


def test_reading_ahead_gives_what_was_asked_for(tmp_path: Path) -> None:
    file, made = _file(tmp_path / "a.npy")
    ahead = ReadAhead(file)
    for rows, then in (([1, 2], [3, 4]), ([3, 4], [5, 6]), ([9, 8], [])):  # the last was not told
        assert torch.equal(ahead.take(rows, then), made[rows])
    assert ahead.waited > 0


def test_a_run_from_disk_is_the_run_from_memory(tmp_path: Path) -> None:
    file, made = _file(tmp_path / "a.npy")
    logs = [_run(_data(inputs), tmp_path / name / "log.jsonl").lines()
            for name, inputs in (("disk", file), ("memory", made))]  # fmt: skip
    assert [line["loss"] for line in logs[0]] == [line["loss"] for line in logs[1]]
    assert all(0 <= line["waiting"] <= 1 and line["memory"] > 2**20 for line in logs[0])


def test_tensorboard_reads_what_the_log_holds(tmp_path: Path) -> None:
    _, made = _file(tmp_path / "a.npy")
    log = _run(_data(made), tmp_path / "run" / "log.jsonl")
    board = EventAccumulator(str(tmp_path / "run")).Reload()
    lines = log.lines()
    for tag, told in (("loss", [line["loss"] for line in lines]),
                      ("terms/local", [line["terms"]["local"] for line in lines])):  # fmt: skip
        events = board.Scalars(tag)
        assert [event.step for event in events] == [line["step"] for line in lines]
        assert [event.value for event in events] == pytest.approx(told, rel=1e-6)
    forget_log(tmp_path / "run")
    assert not list((tmp_path / "run").iterdir())


def test_tensorboard_sees_a_step_that_is_taken_again_once(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    for after, steps in ((0, (1, 2, 3)), (1, (2, 3))):
        log.open_board(after)
        for step in steps:
            log.write(kind="step", step=step, loss=float(after * 10 + step))
        log.close()
        # TensorBoard reads files in the order of their names, which tell whole seconds.
        time.sleep(1)
    board = EventAccumulator(str(tmp_path)).Reload()
    assert [(e.step, e.value) for e in board.Scalars("loss")] == [(1, 1.0), (2, 12.0), (3, 13.0)]
