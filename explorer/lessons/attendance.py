"""Where a student is, for the teacher's view: written where it changed, not at every click."""

from contextlib import suppress

from core.errors import ExplorerError
from explorer.shared import cache, state
from explorer.shared.state import Session


def note() -> None:
    """Tell the class where this session's student is; who is none writes nothing."""
    here = state.session()
    if here.student is None or here.watched_student is not None:
        return
    from core.records.student import Place

    step = here.lesson_steps.get(here.lesson, 0)
    place = Place(here.page, here.lesson, step, screen(here))
    if place != here.noted_place:
        with suppress(ExplorerError):  # a class is taught, whatever becomes of its book
            cache.class_book().seen(here.student.id, place)
            state.note_place(place)


def screen(here: Session) -> dict[str, str | int]:
    """What of the app is on the screen, as `leave.show` takes it; of films, phantoms alone."""
    told: dict[str, str | int] = {"prompt": here.prompt, "finding": here.judged, "cam": here.cam}
    if here.study_set.startswith("phantom:") and here.upload is None:
        told |= {"set": here.study_set, "study": here.row}
    return {name: value for name, value in told.items() if value != ""}
