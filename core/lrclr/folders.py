"""Where models lie on disk: found by name, without reading weights and without torch."""

import json
from functools import lru_cache
from hashlib import file_digest, sha256
from os.path import isfile
from pathlib import Path

from core.backbones.known import ALIASES
from core.paths import ASSETS, runs_dir

EMBEDDED = ("demo", "demo-base")
WEIGHTS = "model.safetensors"
CONFIG = "config.json"


def model_folder(spec: str) -> Path | None:
    """Folder of a model: an embedded one, a run's name, or a path; None where there is none."""
    if spec in EMBEDDED:
        return ASSETS / spec
    if spec in ALIASES:  # a run or folder of that name is reached by its path
        return None
    for folder in (runs_dir() / spec, Path(spec.removeprefix("local-dir:"))):
        if isfile(folder / CONFIG) and not _published(folder):
            return folder
    return None


def _published(folder: Path) -> bool:
    """Whether a folder is in open_clip's or transformers' layout, which has a config.json too."""
    if isfile(folder / "open_clip_config.json"):
        return True
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    if not isinstance(config, dict) or "backbone" in config:
        return False
    return "model_type" in config or "auto_map" in config  # the latter of code of its own


def files_hash(folder: Path) -> str:
    """SHA-256 of what makes a model: its description and its weights; "" where one is missing."""
    try:
        written = tuple((folder / name).stat().st_mtime_ns for name in (CONFIG, WEIGHTS))
        return _files_hash(folder, written)
    except OSError:
        return ""


@lru_cache(maxsize=8)
def _files_hash(folder: Path, written: tuple[int, ...]) -> str:
    whole = sha256()
    for name in (CONFIG, WEIGHTS):
        with (folder / name).open("rb") as file:
            whole.update(file_digest(file, "sha256").digest())
    return whole.hexdigest()
