"""Sanity stamps of a model's maps, kept beside it and shown wherever such a map is shown."""

import json
from pathlib import Path
from typing import Any

from core.analysis.calibration import kept_file
from core.analysis.sanity import SanityReport, Stamp
from core.errors import ExplorerError
from core.files import write_text_whole
from core.lrclr.folders import model_folder

UNTESTED = "sanity: not tested"
_VERSION, _KIND = 1, "sanity"


def stamps_file(model: str, model_hash: str) -> Path:
    """Where a model's stamps are kept: in its folder, beside its file, or by its hash."""
    return kept_file(model, model_hash, _KIND)


def keep_stamps(path: Path, report: SanityReport, model_hash: str) -> None:
    """Write stamps for these weights, beside those that are there of other maps; whole or not at
    all."""
    earlier = _read(path, model_hash).get("methods", {})
    told = {"version": _VERSION, "model_hash": model_hash, **report.to_json()}
    told["methods"] = {**earlier, **told["methods"]}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text_whole(path, json.dumps(told, indent=1) + "\n")


def stamps_of(model: str, model_hash: str) -> dict[str, Stamp]:
    """Stamps by map in words: those kept here, else those that the model came with; or none.

    Raises:
        ExplorerError: the file is damaged.
    """
    own = _stamps(stamps_file(model, model_hash), model_hash)
    folder = model_folder(model)
    return own or ({} if folder is None else _stamps(folder / f"{_KIND}.json", model_hash))


def stamp_text(stamps: dict[str, Stamp], choice: str) -> str:
    """What stands beside a map: its stamp in words, or that it was not tested."""
    return stamps[choice].text if choice in stamps else UNTESTED


def _stamps(path: Path, model_hash: str) -> dict[str, Stamp]:
    methods = _read(path, model_hash).get("methods", {})
    try:
        return {str(name): Stamp.from_json(values) for name, values in methods.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _damaged(path) from None


def _read(path: Path, model_hash: str) -> dict[str, Any]:
    """The file, where it is of these weights; else nothing."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        same = told["version"] == _VERSION and told["model_hash"] == model_hash
        return dict(told) if same else {}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, KeyError, TypeError):
        raise _damaged(path) from None


def _damaged(path: Path) -> ExplorerError:
    return ExplorerError(
        f"{path} holds no sanity stamps, or is damaged; remove it and run `python -m core sanity "
        "--keep` again."
    )
