"""access.toml: what the owner of a server allows its visitors; docs/server.md explains it."""

import os
import tomllib
from dataclasses import dataclass, fields
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from core.errors import ExplorerError
from core.paths import access_file
from core.serving.codes import CLASS_CODE, TEACHER_CODE
from explorer.moment import for_a_moment


@dataclass(frozen=True)
class Policy:
    """What access.toml says; without one, its defaults."""

    everyone_is_owner: bool = False
    owners: tuple[str, ...] = ()  # addresses and networks whose sessions are the owner's, too
    sets: tuple[str, ...] = ()  # specs that visitors may open
    models: tuple[str, ...] = ()
    uploads: bool = True  # whether visitors may look at films of their own
    runs: bool = True  # whether visitors may train
    lessons: bool = True  # whether visitors may join the class and have their answers kept
    notes: bool = False  # whether visitors may read everybody's notes and write their own
    login: bool = False  # whether who comes has to log in (`st.login`)
    teachers: tuple[str, ...] = ()  # e-mail addresses, as the login tells them


def policy() -> Policy:
    """The owner's word on visitors.

    Raises:
        ExplorerError: access.toml cannot be read; visitors may nothing then.
    """
    path = access_file()
    return for_a_moment(path, lambda: _read(path))


def class_code() -> str:
    """What the server asks who comes for; "" for nothing. The process was started with it."""
    return os.environ.get(CLASS_CODE, "")


def teacher_code() -> str:
    """What makes a session a teacher's; "" for nothing."""
    return os.environ.get(TEACHER_CODE, "")


def _read(path: Path) -> Policy:
    try:
        return _policy(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return Policy()


@lru_cache(maxsize=4)
def _policy(path: Path, written: int) -> Policy:
    wrong = f"{path.name} cannot be used"
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ExplorerError(f"{wrong} ({error}); correct it, see docs/server.md.") from None
    defaults = {entry.name: entry.default for entry in fields(Policy)}
    for name, value in told.items():
        if name not in defaults:
            known = ", ".join(defaults)
            raise ExplorerError(f"{wrong}: there is no setting '{name}'; known: {known}.")
        texts = isinstance(value, list) and all(isinstance(text, str) for text in value)
        if isinstance(defaults[name], bool) != isinstance(value, bool) or not (
            texts or isinstance(value, bool)
        ):
            kind = "true or false" if isinstance(defaults[name], bool) else "a list of texts"
            raise ExplorerError(f"{wrong}: {name} must be {kind}.")
    for network in told.get("owners", []):
        try:
            ip_network(network, strict=False)
        except ValueError:
            raise ExplorerError(f"{wrong}: '{network}' is no address or network.") from None
    told = {**told, "teachers": [one.lower() for one in told.get("teachers", [])]}
    settings: dict[str, Any] = {
        name: value if isinstance(value, bool) else tuple(value) for name, value in told.items()
    }
    return Policy(**settings)
