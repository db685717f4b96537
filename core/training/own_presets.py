"""Presets that a user keeps beside those that ship."""

import re
from pathlib import Path

from core.errors import ExplorerError
from core.files import write_whole
from core.paths import presets_dir
from core.training.config_file import read_config
from core.training.presets import SHIPPED, own_presets

_LIMIT = 20_000  # characters of a preset


def save_preset(name: str, text: str) -> None:
    """Keep a TOML configuration under a name, over one of the user's own of that name.

    Raises:
        ExplorerError: no name for a file, the name of a shipped preset, or no valid configuration;
            nothing is written then.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise ExplorerError(
            f"'{name}' cannot name a preset: use letters, digits, dot, dash and underscore, at "
            "most 64, and begin with a letter or digit."
        )
    if (SHIPPED / f"{name}.toml").is_file():
        raise ExplorerError(f"'{name}' is a preset that ships; save yours under another name.")
    if len(text) > _LIMIT:
        raise ExplorerError(f"A preset has at most {_LIMIT} characters; this has {len(text)}.")
    folder = presets_dir()
    folder.mkdir(parents=True, exist_ok=True)

    def write(partial: Path) -> None:
        partial.write_text(text, encoding="utf-8")
        try:
            read_config(str(partial))
        except ExplorerError as error:
            raise ExplorerError(str(error).replace(str(partial), f"'{name}'")) from None

    write_whole(folder / f"{name}.toml", write)


def remove_preset(name: str) -> None:
    """Remove one of the user's own.

    Raises:
        ExplorerError: it ships, or there is none.
    """
    if name not in own_presets():
        raise ExplorerError(f"'{name}' is no preset of yours.")
    (presets_dir() / f"{name}.toml").unlink(missing_ok=True)
