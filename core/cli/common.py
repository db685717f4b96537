"""What commands share: progress with an estimate on stderr, and figures as JSON."""

import json
import math
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.backbones.downloads import Download, reporting
from core.errors import ExplorerError

if TYPE_CHECKING:
    from core.evaluation.given_maps import GivenBoxes, GivenFolder
    from core.studies import StudySet


Only = Annotated[
    Path | None,
    typer.Option(help="Only the studies that this file names: CSV with a column study, or JSON."),
]
"""The option --only of commands that open a set; see `core.studies.selection`."""
Films = Annotated[
    int | None,
    typer.Option(min=1, help="So many of the set's, spread evenly over it; by default all."),
]
"""The option --films of commands that ask a model again and again for each film."""
GivenBoxFiles = Annotated[
    list[Path] | None,
    typer.Option(help="Another model's boxes, JSON {study: [{label, x, y, w, h, score}]}."),
]
GivenMapFolders = Annotated[
    list[Path] | None,
    typer.Option(help="A folder of another model's maps, STUDY/FINDING.npy or .png."),
]
_SHOWN = 5  # of a set's problems


class StderrProgress:
    """A line on stderr with count and time left; silent for what ends within two seconds.

    A total of 0 is not known.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._started = self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        elapsed = now - self._started
        if done >= total > 0:
            if self._last > self._started:
                print(f"{self.what}: {total} in {elapsed:.0f} s", file=sys.stderr)
            self._started = self._last = now
        elif elapsed > 2 and now - self._last > 5:
            left = elapsed / max(done, 1) * (total - done)
            told = f"{done} of {total}, {left:.0f} s left" if total else f"{done} so far"
            print(f"{self.what}: {told}", file=sys.stderr)
            self._last = now


class StepsProgress:
    """Steps and checks of a training run as lines on stderr: step, loss and time left."""

    def __init__(self, every: float = 5.0) -> None:
        """Nothing said yet.

        Args:
            every: seconds between two lines about steps; the first, the last and checks are said.
        """
        self._every, self._last = every, -math.inf

    def __call__(self, line: Mapping[str, Any]) -> None:
        """Say a line of the run's log, if it is time to."""
        if line["kind"] == "start" and "memory" in line:
            print(line["memory"], file=sys.stderr)
        elif line["kind"] == "check":
            auc = line["score"]
            print(f"Check after step {line['step']}: mean AUC {auc:.3f}", file=sys.stderr)
        elif line["kind"] == "step":
            now, last = time.monotonic(), line["step"] >= line["steps"]
            if last or now - self._last >= self._every:
                self._last = now
                left = "done" if last else f"{duration(line['left'])} left"
                told = f"Step {line['step']} of {line['steps']}: loss {line['loss']:.3f}, {left}"
                print(told, file=sys.stderr)


def duration(seconds: float) -> str:
    """A time to wait, in words.

    >>> duration(42), duration(95), duration(7500)
    ('42 s', '2 min', '2 h 5 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def fetching() -> Iterator[None]:
    """Within it downloads are announced on stderr with size and licence, and then counted."""
    seen: dict[Download, float] = {}

    def tell(download: Download, here: int) -> None:
        now = time.monotonic()
        if download not in seen:
            print(f"Fetching {download}, to {download.folder}", file=sys.stderr)
            started[download] = seen[download] = now
        elif now - seen[download] > 5 or here >= download.size and seen[download] < math.inf:
            left = (now - started[download]) / max(here, 1) * (download.size - here)
            print(
                f"Fetching {download.repo}: {here / 1e6:.1f} of {download.size / 1e6:.1f} MB, "
                f"{left:.0f} s left", file=sys.stderr,
            )  # fmt: skip
            seen[download] = now if here < download.size else math.inf

    started: dict[Download, float] = {}
    with reporting(tell):
        yield


def given_maps(
    boxes: list[Path] | None, maps: list[Path] | None
) -> "list[GivenBoxes | GivenFolder]":
    """What --boxes and --maps hand in.

    Raises:
        ExplorerError: a file or folder is missing or of another form.
    """
    from core.evaluation.given_maps import GivenBoxes, GivenFolder

    return [*map(GivenBoxes, boxes or ()), *map(GivenFolder, maps or ())]


def only_of(data: str, only: Path | None) -> str:
    """The spec of what --data and --only name together, which opens it anywhere.

    Raises:
        ExplorerError: as `core.studies.selection.only_spec`.
    """
    if only is None:
        return data
    from core.studies.selection import only_spec

    return only_spec(data, only)


def open_studies(spec: str) -> "StudySet":
    """As `core.specs.open_studies`; what the set had to leave out is said on stderr."""
    from core import specs

    studies = specs.open_studies(spec)
    for problem in studies.problems[:_SHOWN]:
        print(f"Note: {problem}", file=sys.stderr)
    if len(studies.problems) > _SHOWN:
        print(f"Note: and {len(studies.problems) - _SHOWN} more like these.", file=sys.stderr)
    return studies


def check_out(path: Path | None) -> None:
    """Refuse a place that cannot be written to, before anything is computed.

    Raises:
        ExplorerError: the folder is not there, or the path is a folder.
    """
    if path and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise ExplorerError(f"{path} cannot be written; choose a file in a folder that is there.")


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write figures; NaN becomes null.

    Raises:
        ExplorerError: the folder is not there or cannot be written.
    """
    try:
        path.write_text(json.dumps(without_nan(values), indent=1) + "\n", encoding="utf-8")
    except OSError:
        raise ExplorerError(
            f"{path} cannot be written; choose a file in a folder that is there."
        ) from None


def without_nan(value: Any) -> Any:
    """The same value with NaN replaced by None, which JSON has."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and value != value else value
