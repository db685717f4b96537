"""The log of a run: log.jsonl for pages and programs, and the same numbers for TensorBoard."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


Listener = Callable[[Mapping[str, Any]], None]
"""Called with each line as it is logged."""


class RunLog:
    """Appends one JSON object a line, each whole and flushed, so that a reader never waits."""

    def __init__(self, path: Path, listener: Listener | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("a", encoding="utf-8")
        self._board: SummaryWriter | None = None
        self._listener = listener

    def open_board(self, after_step: int) -> None:
        """Write numbers that have a step for TensorBoard, too, beside log.jsonl.

        Args:
            after_step: TensorBoard forgets what it knew of later steps, which a resumed run takes
                again.
        """
        from torch.utils.tensorboard import SummaryWriter

        self._board = SummaryWriter(str(self.path.parent), purge_step=after_step + 1, flush_secs=10)

    def write(self, **values: Any) -> None:
        """Append one line."""
        self._file.write(json.dumps(values) + "\n")
        self._file.flush()
        if self._listener:
            self._listener(values)
        if self._board and "step" in values:
            told = {name: value for name, value in values.items() if name not in ("step", "steps")}
            for name, number in _numbers(told):
                self._board.add_scalar(name, number, values["step"])

    def close(self) -> None:
        """Write out what TensorBoard has not been told yet; the log itself is always whole."""
        if self._board:
            self._board.close()
            self._board = None

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self.path.stat().st_size

    def rewind(self, size: int) -> None:
        """Forget what came after `size` bytes: a step that is taken again is logged once."""
        os.truncate(self.path, size)

    def lines(self) -> list[dict[str, Any]]:
        """What was written."""
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]


def forget_log(run: Path) -> None:
    """Remove what an earlier run in this folder logged."""
    for path in (run / "log.jsonl", *run.glob("events.out.tfevents.*")):
        path.unlink(missing_ok=True)


def _numbers(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, float]]:
    """Every number, named by its path."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{above}{name}/")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield f"{above}{name}", value
