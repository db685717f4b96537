"""An import that goes on in the background of a program that shows how far it is."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path

from core.errors import ExplorerError
from core.intake.run import ImportReport, ImportStopped, import_studies
from core.intake.source import Source


class ImportJob:
    """Runs `import_studies` on a thread; what it found is held in memory alone.

    Attributes:
        done, total: files checked so far, and in all (0 until that is known).
        report: what was imported, once it is.
        error: why it ended without a report, in one sentence; "" where it was stopped.
    """

    def __init__(self, source: Source, out: Path, mapping: Mapping[str, str]) -> None:
        self.done = self.total = 0
        self.report: ImportReport | None = None
        self.error: str | None = None
        self._started, self._stop = time.monotonic(), threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(source, out, dict(mapping)), daemon=True
        )
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._thread.is_alive()

    @property
    def seconds_left(self) -> float | None:
        """An estimate by the files so far; None before the first."""
        if not self.done:
            return None
        return (time.monotonic() - self._started) / self.done * (self.total - self.done)

    def stop(self) -> None:
        """Ask it to end; nothing of it stays on disk."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> None:
        """Return when it has ended, or after so long."""
        self._thread.join(seconds)

    def _run(self, source: Source, out: Path, mapping: dict[str, str]) -> None:
        try:
            self.report = import_studies(source, out, mapping, self._progress)
        except ImportStopped:
            self.error = ""
        except ExplorerError as error:
            self.error = str(error)
        except OSError as error:
            reason = error.strerror or "The system refused to write"
            self.error = f"{reason}; choose another folder."
        except Exception as error:  # the thread has nobody above it who could say so
            self.error = f"The import ended unexpectedly ({type(error).__name__}); try it again."

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self._stop.is_set():
            raise ImportStopped
