"""Runs that are watched, and the import's form."""

from datetime import datetime
from typing import TYPE_CHECKING

from explorer.shared.state.store import change, session

if TYPE_CHECKING:
    from core.intake.dropped import Dropped
    from core.intake.job import ImportJob  # with pydicom and pyarrow, which one page needs


def choose_run(name: str) -> None:
    """The run that is watched."""
    change(run=name)


def propose_run_name() -> str:
    """A name that says when, kept until a run took it."""
    if not session().run_name:
        change(run_name=f"run-{datetime.now():%m%d-%H%M%S}")
    return session().run_name


def note_started_run() -> None:
    """A run took the proposed name; the form offers a new one."""
    change(run_name="", runs_started=session().runs_started + 1)


def set_next_preset(name: str) -> None:
    """The preset that the form shows when it is drawn next; "" where it shall stay."""
    change(next_preset=name)


def watch(name: str) -> None:
    """Note that a run or an import is at work."""
    change(watched=session().watched | {name})


def just_ended(name: str) -> bool:
    """Whether what was at work has ended since; says so once."""
    before = session().watched
    change(watched=before - {name})
    return name in before


def start_import(job: "ImportJob") -> None:
    """The import that the page shows."""
    change(import_job=job)


def note_import() -> None:
    """An import made its set; the form proposes another folder."""
    entries = {**session().import_entries, "import_out": ""}
    change(imports_done=session().imports_done + 1, import_entries=entries)


def keep_dropped(ids: tuple[str, ...], dropped: "Dropped") -> None:
    """Keep files that were dropped, in place of those before."""
    forget_dropped()
    change(dropped=dropped, dropped_ids=ids, dropped_error="")


def refuse_dropped(ids: tuple[str, ...], why: str) -> None:
    """Remember why dropped files cannot be used."""
    forget_dropped()
    change(dropped_ids=ids, dropped_error=why)


def forget_dropped() -> None:
    """Remove the files that were dropped."""
    here = session().dropped
    if here is not None:
        here.close()
    change(dropped=None, dropped_error="")


def keep_entry(name: str, value: str) -> None:
    """Remember what was entered in the form of the import."""
    change(import_entries={**session().import_entries, name: value})
