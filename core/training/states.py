"""Training states on disk: what a run needs to go on as if it had never stopped.

A state holds weights, optimiser, learning-rate schedule, sampler and random states. Each file
appears whole or not at all, so that a kill or a full disk at any moment leaves the one before.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ExplorerError
from core.files import write_whole

_FOLDER = "states"


@dataclass(frozen=True)
class StateFiles:
    """The states of one run, `states/step-00000200.pt`, of which the newest `keep` stay."""

    run: Path
    every: int = 200  # steps between states
    keep: int = 2
    identity: str = ""  # of configuration and data; another one cannot go on from these states

    def save(self, step: int, values: dict[str, Any]) -> None:
        """Write the state after `step`.

        Raises:
            ExplorerError: the disk is full or cannot be written; the last state is intact.
        """
        import torch

        folder = self.run / _FOLDER
        path = folder / f"step-{step:08d}.pt"
        state = {"identity": self.identity, "step": step, **values}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, lambda partial: torch.save(state, partial))
        except (OSError, RuntimeError) as error:  # torch's writer turns a full disk into the latter
            reason = getattr(error, "strerror", None) or "the disk may be full"
            raise ExplorerError(
                f"The training state of step {step} could not be written to {folder} ({reason}); "
                "free some space and go on with --resume: the state before it is intact."
            ) from None
        for old in self._paths()[: -self.keep]:
            old.unlink(missing_ok=True)

    @property
    def there(self) -> bool:
        """Whether there is a state to go on from."""
        return bool(self._paths())

    def load(self) -> dict[str, Any] | None:
        """The newest state that can be read; None where there is none.

        Raises:
            ExplorerError: the states are of another configuration or other data.
        """
        import torch  # not at the top: what only looks whether there is a state stays light

        for path in reversed(self._paths()):
            try:
                values: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
            except Exception:  # damaged from outside: the one before it may be whole
                continue
            if values.get("identity") != self.identity:
                raise ExplorerError(
                    f"{self.run} was started with other settings or data; resume with the command "
                    "that started it, or choose another folder."
                )
            return values
        return None

    def clear(self) -> None:
        """Remove every state, as a new run or a finished one does."""
        for path in self._paths():
            path.unlink(missing_ok=True)
        folder = self.run / _FOLDER
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

    def _paths(self) -> list[Path]:
        return sorted((self.run / _FOLDER).glob("step-*.pt"))
