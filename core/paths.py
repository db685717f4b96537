"""Where the project keeps its own files, and where it looks for a reader's."""

import os
from functools import lru_cache
from pathlib import Path

from platformdirs import user_cache_path, user_config_path, user_data_path

ROOT = Path(__file__).resolve().parents[1]
ASSETS = ROOT / "assets"
IS_CHECKOUT = (ROOT / "pyproject.toml").is_file()
"""Whether this is the project's own folder; else pip put it where nobody looks for runs."""


def cache_dir() -> Path:
    """Folder for embeddings that can be computed again (`LRCLR_CACHE`, else the user's cache)."""
    chosen = os.environ.get("LRCLR_CACHE")
    return Path(chosen) if chosen else user_cache_path("lrclr-explorer", appauthor=False)


def runs_dir() -> Path:
    """Folder of the fine-tuning runs (`LRCLR_RUNS`, else a checkout's `runs/`, else the user's)."""
    chosen = os.environ.get("LRCLR_RUNS")
    own = ROOT if IS_CHECKOUT else user_data_path("lrclr-explorer", appauthor=False)
    return Path(chosen) if chosen else own / "runs"


def presets_dir() -> Path:
    """Folder of a user's own presets (`LRCLR_PRESETS`, else the user's configuration)."""
    chosen = os.environ.get("LRCLR_PRESETS")
    own = user_config_path("lrclr-explorer", appauthor=False)
    return Path(chosen) if chosen else own / "presets"


def access_file() -> Path:
    """What visitors of the app may do (`LRCLR_ACCESS`, else access.toml of the configuration)."""
    chosen = os.environ.get("LRCLR_ACCESS")
    return Path(chosen) if chosen else _config(os.environ.get("XDG_CONFIG_HOME")) / "access.toml"


@lru_cache(maxsize=2)
def _config(_of: str | None) -> Path:
    """The user's configuration; a page asks a hundred times, and the system is looked at once."""
    return user_config_path("lrclr-explorer", appauthor=False)


def records_url() -> str:
    """Database of the notes, a SQLAlchemy URL (`LRCLR_RECORDS`, else a file of the user's data)."""
    own = user_data_path("lrclr-explorer", appauthor=False) / "notes.sqlite"
    return os.environ.get("LRCLR_RECORDS") or f"sqlite:///{own}"


def sets_dir() -> Path:
    """Folder of the sets that were imported without a folder being named (`LRCLR_SETS`)."""
    chosen = os.environ.get("LRCLR_SETS")
    own = user_data_path("lrclr-explorer", appauthor=False)
    return Path(chosen) if chosen else own / "sets"


def ct_dir() -> Path:
    """Folder of the CT and the outlines that `fetch ct` brings (`LRCLR_CT`, else the user's)."""
    chosen = os.environ.get("LRCLR_CT")
    own = user_data_path("lrclr-explorer", appauthor=False)
    return Path(chosen).expanduser() if chosen else own / "ct"


def lessons_dir() -> Path | None:
    """Folder of a teacher's own lessons (`LRCLR_LESSONS`); None where there is none."""
    chosen = os.environ.get("LRCLR_LESSONS")
    return Path(chosen).expanduser() if chosen else None


def calibrations_dir() -> Path:
    """Folder of calibrations of models that lie in no folder (`LRCLR_CALIBRATIONS`)."""
    chosen = os.environ.get("LRCLR_CALIBRATIONS")
    own = user_data_path("lrclr-explorer", appauthor=False)
    return Path(chosen) if chosen else own / "calibrations"


def cxr_data() -> Path | None:
    """Folder of the real radiographs used by tests, if there.

    `CXR_DATA`, else `../shared/cxr` of a checkout.
    """
    chosen = os.environ.get("CXR_DATA")
    folder = Path(chosen) if chosen else ROOT.parent / "shared" / "cxr"
    usable = (chosen or IS_CHECKOUT) and (folder / "manifest.csv").is_file()
    return folder if usable else None
