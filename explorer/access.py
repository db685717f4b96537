"""What a session may do: the owner's everything, a visitor's what the owner listed. Each door asks.

The owner is who sits at the computer that serves: the connection comes from it (loopback), no
proxy stands between, and the browser has the app under this computer's own name, so that no page
elsewhere can lead the owner's browser here under another. Everybody else is a visitor, who has
phantoms of a bounded number, uploads and runs of their own, and the sets and models of access.toml
(docs/server.md). What is not known, such as who a closed connection was, counts as a visitor.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.errors import ExplorerError
from core.files import write_text_whole
from core.lrclr.folders import EMBEDDED
from core.specs import phantom_count
from core.training.presets import own_presets
from core.training.runs import Run, list_runs
from explorer.policy import policy

PHANTOMS = 2_000
"""Most phantoms of a set that a visitor opens, or that a link opens for anybody."""
_FORWARDED = ("Forwarded", "Via", "X-Real-Ip", "X-Forwarded-For", "X-Forwarded-Host",
              "X-Forwarded-Proto", "X-Forwarded-Server", "Cf-Connecting-Ip",
              "True-Client-Ip")  # fmt: skip
_STARTED_BY = "started_by.json"
_ASK = "ask who runs this server to list it in access.toml (docs/server.md)"


@dataclass(frozen=True)
class Connection:
    """Where a session's browser is, as its first request said."""

    address: str | None  # of the other end; None for this computer, and where it is not known
    headers: Mapping[str, str] = field(default_factory=dict)  # names as in Http-Header-Case


def connection() -> Connection:
    """Of the session that asks."""
    return Connection(st.context.ip_address, st.context.headers.to_dict())


def is_owner() -> bool:
    """Whether this session may do everything."""
    here = connection()
    return _is_local(here) or _is_named(here)


def check_set(spec: str) -> None:
    """Refuse a set that this session may not open, before anything of it is looked at.

    Raises:
        ExplorerError: a visitor asks for what is not listed, or for too many phantoms.
    """
    if is_owner() or spec in policy().sets:
        return
    if not spec.startswith("phantom:"):
        raise ExplorerError(f"Visitors open phantoms and the sets that are listed; {_ASK}.")
    check_phantoms(spec)


def check_phantoms(spec: str) -> None:
    """Refuse more phantoms than somebody else may have this server draw.

    Raises:
        ExplorerError: it is no such spec, or of too many.
    """
    if (count := phantom_count(spec)) > PHANTOMS:
        raise ExplorerError(
            f"'{spec}' is {count} phantoms, more than the {PHANTOMS} that a link or a visitor may "
            f"ask for; write n={PHANTOMS} or fewer."
        )


def check_model(spec: str) -> None:
    """Refuse a model that this session may not load, before a file or a hub is asked for it.

    Raises:
        ExplorerError: a visitor asks for one that is not listed.
    """
    if not (spec in EMBEDDED or is_owner() or spec in policy().models or _started_here(spec)):
        raise ExplorerError(f"Visitors use the demo, their own runs and listed models; {_ASK}.")


def check_upload() -> None:
    """Refuse a film of a visitor's where the owner wants none.

    Raises:
        ExplorerError: access.toml says `uploads = false`.
    """
    if not may_upload():
        raise ExplorerError("This server takes no uploads of visitors.")


def may_upload() -> bool:
    """Whether this session may hand in a film.

    Raises:
        ExplorerError: access.toml cannot be read.
    """
    return is_owner() or policy().uploads


def check_import() -> None:
    """Refuse to read and write this computer's folders for anybody but the owner.

    Raises:
        ExplorerError: for a visitor.
    """
    if not is_owner():
        raise ExplorerError(
            "An import reads and writes folders of the computer that serves, so it is its owner's: "
            "open the app there, at localhost. A film of your own goes into the sidebar."
        )


def check_notes() -> None:
    """Refuse to read and write notes where the owner keeps them to themselves.

    Raises:
        ExplorerError: for a visitor, unless access.toml says `notes = true`.
    """
    if not may_note():
        raise ExplorerError(
            "The notes of this server are its owner's; ask them for `notes = true` in access.toml "
            "(docs/server.md)."
        )


def may_note() -> bool:
    """Whether this session may read and write notes."""
    if is_owner():
        return True
    try:
        return policy().notes
    except ExplorerError:
        return False


def may_learn() -> bool:
    """Whether this session may join the class."""
    if is_owner():
        return True
    try:
        return policy().lessons
    except ExplorerError:
        return False


def check_lessons() -> None:
    """Refuse to write a visitor's answers where the owner holds no class.

    Raises:
        ExplorerError: access.toml says `lessons = false`.
    """
    if not may_learn():
        raise ExplorerError("This server holds no class; its lessons can be read all the same.")


def check_class() -> None:
    """Refuse to look at a class, or to change it, for anybody but its teacher.

    Raises:
        ExplorerError: for a visitor.
    """
    if not is_owner():
        raise ExplorerError(
            "The class is its teacher's, who sits at the computer that serves: open the app there, "
            "at localhost."
        )


def may_undo(note_id: str, written: Iterable[str]) -> bool:
    """Whether this session may take a note back: the owner any, a visitor those it wrote."""
    return is_owner() or note_id in written


def check_presets() -> None:
    """Refuse to change presets for anybody but the owner.

    Raises:
        ExplorerError: for a visitor.
    """
    if not is_owner():
        raise ExplorerError("Presets are changed by the owner of this server, at localhost.")


def check_new_run(model: str, data: str, preset: str) -> None:
    """Refuse a run of what this session may not use.

    Raises:
        ExplorerError: runs are not for visitors, or its model, its set or its preset is not.
    """
    if is_owner():
        return
    if not policy().runs:
        raise ExplorerError("This server trains nothing for visitors.")
    if preset in own_presets():
        raise ExplorerError(f"The preset '{preset}' is the owner's; choose one that ships.")
    check_model(model)
    check_set(data)


def check_run(run: Run) -> None:
    """Refuse to stop, pause, resume or look at somebody else's run.

    Raises:
        ExplorerError: a visitor did not start it in this session.
    """
    if not (is_owner() or _started_here(run.name)):
        raise ExplorerError(f"The run '{run.name}' is not yours; start one of your own.")


def visible_runs(runs: Iterable[Run]) -> list[Run]:
    """Those of `runs` that this session may look at and stop."""
    owner = is_owner()
    return [run for run in runs if owner or _is_started_here(run)]


def visible_models(names: Iterable[str]) -> list[str]:
    """Those of `names` that this session may load, and what is listed beside them."""
    names = list(names)
    if is_owner():
        return names
    own = {run.name for run in visible_runs(list_runs())}
    mine = [name for name in names if name in EMBEDDED or name in own]
    return list(dict.fromkeys([*mine, *policy().models]))


def offered_sets() -> tuple[str, ...]:
    """Sets that a visitor finds in the list; the owner opens theirs by path."""
    return () if is_owner() else policy().sets


def visible_presets(names: Iterable[str]) -> list[str]:
    """Those of `names` that this session may read: an owner's can name folders."""
    own = () if is_owner() else own_presets()
    return [name for name in names if name not in own]


def claim_run(run: Run) -> None:
    """Note that this session started a run, so that it may stop it."""
    write_text_whole(run.dir / _STARTED_BY, json.dumps({"session": _session()}))


def _started_here(name: str) -> bool:
    return any(run.name == name and _is_started_here(run) for run in list_runs())


def _is_started_here(run: Run) -> bool:
    session = _session()
    try:
        told = json.loads((run.dir / _STARTED_BY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(session) and isinstance(told, dict) and told.get("session") == session


def _session() -> str:
    """A name for this session that nobody can make out its own id from; "" without one."""
    context = get_script_run_ctx(suppress_warning=True)
    return hashlib.sha256(context.session_id.encode()).hexdigest()[:32] if context else ""


def _is_local(here: Connection) -> bool:
    """Whether a browser of this computer is at the other end, with nothing between."""
    host = here.headers.get("Host", "")
    if not host or any(name in here.headers for name in _FORWARDED):
        return False
    if here.address is not None and not _is_loopback(here.address):
        return False
    origin = here.headers.get("Origin", "")
    return _names_this_computer(f"//{host}") and (not origin or _names_this_computer(origin))


def _names_this_computer(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return host == "localhost" or _is_loopback(host)


def _is_loopback(address: str) -> bool:
    parsed = _address(address)
    return parsed is not None and parsed.is_loopback


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address, as IPv4 where it is one in IPv6's clothes; None where it is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_named(here: Connection) -> bool:
    """Whether access.toml names this session's address, or everybody."""
    try:
        told = policy()
    except ExplorerError:
        return False
    if told.everyone_is_owner:
        return True
    address = _address(here.address or "")
    if address is None or any(name in here.headers for name in _FORWARDED):
        return False
    return any(address in ip_network(network, strict=False) for network in told.owners)
