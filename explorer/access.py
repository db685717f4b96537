"""What a session may do, by its role. Each door asks.

The owner is who sits at the computer that serves: the connection comes from it (loopback), no
proxy stands between, and the browser has the app under this computer's own name, so that no page
elsewhere can lead the owner's browser here under another. A student has phantoms of a bounded
number, uploads and runs of their own, and the sets and models of access.toml (docs/server.md). A
teacher, by a code, has the class besides, but not the owner's files. Where the server asks for a
class code or a login, who gave none is a visitor, and has nothing; where it asks for none, who is
no owner is a student. What is not known, such as who a closed connection was, counts for the least.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Literal

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.errors import ExplorerError
from core.files import write_text_whole
from core.lrclr.folders import EMBEDDED
from core.specs import phantom_count
from core.training.presets import own_presets
from core.training.runs import Run, list_runs
from explorer import admission
from explorer.connection import Connection
from explorer.moment import for_a_moment
from explorer.policy import class_code, policy, teacher_code

RUN_IMAGES, RUNS_WAITING = 64_000, 40
"""Most images of a run of anybody but the owner, and runs that wait or run when one is added."""
Role = Literal["owner", "teacher", "student", "visitor"]
CODE_IN_LINK = "class"
"""Of an address that has the class code in it, as the QR code's does."""
PHANTOMS = 2_000
"""Most phantoms of a set that a visitor opens, or that a link opens for anybody."""
_STARTED_BY = "started_by.json"
_NO_CODE = "This server is a class's; give its class code on any page (it stands on the wall)."
_ASK = "ask who runs this server to list it in access.toml (docs/server.md)"


def connection() -> Connection:
    """Of the session that asks."""
    return for_a_moment(
        Connection, lambda: Connection(st.context.ip_address, st.context.headers.to_dict())
    )


def is_owner() -> bool:
    """Whether this session may do everything."""
    return for_a_moment(is_owner, _is_owner)


def _is_owner() -> bool:
    here = connection()
    if here.is_local:
        return True
    try:
        told = policy()
    except ExplorerError:
        return False
    return told.everyone_is_owner or here.is_of(told.owners)


def role() -> Role:
    """Who this session is; without a word that says more, a visitor."""
    if is_owner():
        return "owner"
    address = _login()
    try:
        told = policy()
    except ExplorerError:
        return "visitor"
    if admission.holds(_session(), teacher_code()) or (address and address in told.teachers):
        return "teacher"
    asks = bool(class_code()) or told.login
    if not asks or address or admission.holds(_session(), class_code()):
        return "student"
    return "visitor"


def may_enter() -> bool:
    """Whether this session sees more than the question for the class code."""
    return role() != "visitor"


def check_entered() -> None:
    """Refuse everything to who gave no class code, where the server asks for one.

    Raises:
        ExplorerError: for a visitor.
    """
    if not may_enter():
        raise ExplorerError(_NO_CODE)


def give_code(typed: str) -> bool:
    """Let this session in by a code of the server's; whether it was right.

    Raises:
        ExplorerError: too many wrong ones came from the same address.
    """
    here = connection()
    return admission.give(_session(), here.address or "", typed, (class_code(), teacher_code()))


def code_in_link() -> str:
    """The class code, for the address of who came by it, so that a page loaded anew asks no more;
    "" for anybody else. A teacher's code is in no address."""
    return class_code() if admission.holds(_session(), class_code()) else ""


def asks_for_login() -> bool:
    """Whether who comes is sent to the login of the server's owner."""
    try:
        return policy().login
    except ExplorerError:
        return False


def has_teacher_code() -> bool:
    """Whether a code makes a teacher, as on a server for a class."""
    return bool(teacher_code())


def _login() -> str:
    """The verified address of who has logged in by `st.login`; "" of anybody else."""
    if not asks_for_login():
        return ""
    user = st.user.to_dict()
    if not user.get("is_logged_in") or user.get("email_verified") is False:
        return ""
    return str(user.get("email") or "").lower()


def check_set(spec: str) -> None:
    """Refuse a set that this session may not open, before anything of it is looked at.

    Raises:
        ExplorerError: a visitor asks for what is not listed, or for too many phantoms.
    """
    if is_owner():
        return
    check_entered()
    if spec in policy().sets:
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
    if is_owner():
        return
    check_entered()
    if not (spec in EMBEDDED or spec in policy().models or _started_here(spec)):
        raise ExplorerError(f"Visitors use the demo, their own runs and listed models; {_ASK}.")


def check_fetch() -> None:
    """Refuse to fetch a model's weights for anybody but the owner, whose disk and line they take.

    Raises:
        ExplorerError: for a visitor.
    """
    if not is_owner():
        raise ExplorerError(
            "This model's weights are not on this server, and its owner fetches them: open it "
            "there once, at localhost."
        )


def check_upload() -> None:
    """Refuse a film of a visitor's where the owner wants none.

    Raises:
        ExplorerError: access.toml says `uploads = false`.
    """
    check_entered()
    if not may_upload():
        raise ExplorerError("This server takes no uploads of visitors.")


def may_upload() -> bool:
    """Whether this session may hand in a film.

    Raises:
        ExplorerError: access.toml cannot be read.
    """
    return is_owner() or (may_enter() and policy().uploads)


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
        return may_enter() and policy().notes
    except ExplorerError:
        return False


def may_learn() -> bool:
    """Whether this session may join the class."""
    if is_owner():
        return True
    try:
        return may_enter() and policy().lessons
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
        ExplorerError: for students and visitors.
    """
    if not is_teacher():
        raise ExplorerError(
            "The class is its teacher's: who opens the app at localhost on the computer that "
            "serves, or has the teacher's code that `python -m core serve` printed there."
        )


def is_teacher() -> bool:
    """Whether this session may look at the class."""
    return role() in ("owner", "teacher")


def may_undo(note_id: str, written: Iterable[str]) -> bool:
    """Whether this session may take a note back: the owner any, a visitor those it wrote."""
    return is_owner() or note_id in written


def check_change(note_id: str, written: Iterable[str]) -> None:
    """Refuse to change a note, or to take it back, for others than `may_undo` names.

    Raises:
        ExplorerError: for a visitor who did not write it.
    """
    if not may_undo(note_id, written):
        raise ExplorerError("A note is changed by who wrote it, or by the owner of this server.")


def check_presets() -> None:
    """Refuse to change presets for anybody but the owner.

    Raises:
        ExplorerError: for a visitor.
    """
    if not is_owner():
        raise ExplorerError("Presets are changed by the owner of this server, at localhost.")


def check_new_run(model: str, data: str, preset: str, images: int = 0) -> None:
    """Refuse a run of what this session may not use, or more than its share of the queue.

    Args:
        images: that it trains on, steps times batch.

    Raises:
        ExplorerError: runs are not for visitors, or its model, its set or its preset is not; one
            of this session waits or runs already, many wait, or it would take too long.
    """
    if is_owner():
        return
    check_entered()
    if not policy().runs:
        raise ExplorerError("This server trains nothing for visitors.")
    if preset in own_presets():
        raise ExplorerError(f"The preset '{preset}' is the owner's; choose one that ships.")
    check_model(model)
    check_set(data)
    if images > RUN_IMAGES:
        raise ExplorerError(
            f"{images:,} images (steps times batch) would keep the others waiting; train on "
            f"{RUN_IMAGES:,} or fewer."
        )
    unfinished = [run for run in list_runs() if run.status in ("queued", "running")]
    if mine := [run.name for run in unfinished if _is_started_here(run)]:
        raise ExplorerError(f"Your run '{mine[0]}' is not done; wait for it, or stop it.")
    if len(unfinished) >= RUNS_WAITING:
        raise ExplorerError(f"{len(unfinished)} runs wait already; try again when some are done.")


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
    if not may_enter():
        return []
    own = {run.name for run in visible_runs(list_runs())}
    mine = [name for name in names if name in EMBEDDED or name in own]
    return list(dict.fromkeys([*mine, *policy().models]))


def listed_sets() -> tuple[str, ...]:
    """Sets that the owner listed for everybody; none where the list cannot be read."""
    try:
        return policy().sets
    except ExplorerError:
        return ()


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
