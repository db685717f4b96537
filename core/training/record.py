"""run.json: with what code, on what machine and from what data a run was made."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import __version__
from core.paths import ROOT

if TYPE_CHECKING:
    from core.training.data import TrainingData
    from core.training.settings import FinetuneConfig

FILE = "run.json"


def write_record(
    out: Path,
    config: "FinetuneConfig",
    data: "TrainingData",
    left_out: tuple[str, ...],
    remarks: Sequence[str] = (),
) -> None:
    """Write the record of a run that begins.

    Args:
        left_out: studies that cannot be read and why.
        remarks: what a reader should know of its data, in sentences.
    """
    import torch  # here, so that who waits for a run or watches it is light

    record = {
        "config": asdict(config),
        "data": {"fingerprint": data.fingerprint, "images": len(data.inputs),
                 "sentences": len(data.index.sentences), "left_out": list(left_out),
                 "remarks": list(remarks)},
        "code": code_version(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "open_clip_torch": version("open_clip_torch"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "threads": torch.get_num_threads(),
    }  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    (out / FILE).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def read_record(run: Path) -> dict[str, Any]:
    """What `write_record` wrote; empty where there is none."""
    try:
        record = json.loads((run / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def code_version() -> str:
    """Commit of this checkout, with a plus where files differ from it; the version without git.

    Git answers for any folder above, too: a repository in which somebody keeps an environment.
    """
    if not (ROOT / ".git").exists():
        return __version__
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return __version__


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()
