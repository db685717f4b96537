"""What the app says around lessons, in each language: one file of phrases a language."""

import math
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import ExplorerError
from core.lessons.library import ENGLISH
from core.paths import ASSETS

FOLDER = ASSETS / "lessons"
FILE = "phrases.toml"


@cache
def phrases(language: str) -> Mapping[str, str]:
    """Phrases by key; what a language lacks is said in English.

    Raises:
        ExplorerError: a file is damaged.
    """
    english = _read(FOLDER / ENGLISH / FILE)
    path = FOLDER / language / FILE
    return {**english, **_read(path)} if path.is_file() else english


def _read(path: Path) -> dict[str, str]:
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ExplorerError(f"{path.name} of lessons cannot be read ({error}).") from None
    return {key: str(value) for key, value in told.items()}


def say(language: str, key: str, figures: Mapping[str, Any] | None = None) -> str:
    """A phrase with its figures; findings in their own name of the language."""
    own = phrases(language)
    told = {name: _spoken(own, value) for name, value in (figures or {}).items()}
    return own[key].format(**told)


def _spoken(own: Mapping[str, str], value: Any) -> Any:
    if isinstance(value, float) and math.isnan(value):
        return "?"
    return own.get(f"finding {value}", value) if isinstance(value, str) else value
