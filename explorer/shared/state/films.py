"""The model, the set and the film that are looked at, and how."""

from core.studies import UploadedSet
from explorer.shared.state.fields import SpeedRow, WindowHistory
from explorer.shared.state.store import change, session

_FILMS = 20  # whose windows a session remembers


def choose_model(spec: str, typed: bool = False) -> None:
    """Make a model the current one; one that was typed stays in the list."""
    own = spec if typed else session().own_model
    change(model=spec, own_model=own, cancelled_fetch="")


def stop_fetching(spec: str) -> None:
    """Note that the download of a model was stopped, so that it is not begun again by itself."""
    change(cancelled_fetch=spec)


def choose_set(spec: str) -> None:
    """Make a study set the current one, at its first study."""
    change(study_set=spec, row=0, upload=None)


def choose_row(row: int) -> None:
    """Make a study of the set the current one; an uploaded image steps back."""
    change(row=row, upload=None)


def take_upload(file_id: str, studies: UploadedSet) -> None:
    """Make an uploaded image the current study."""
    change(upload=studies, upload_id=file_id, upload_error="")


def refuse_upload(file_id: str, why: str) -> None:
    """Remember why an uploaded file cannot be used; the last image stays."""
    change(upload_id=file_id, upload_error=why)


def drop_upload() -> None:
    """Go back to the study set."""
    change(upload=None, upload_id="", upload_error="")


def keep_windows(spec: str, row: int, history: WindowHistory) -> None:
    """Remember the windows of a film; of many films, only the last ones'."""
    films = {**session().windows, (spec, row): history}
    change(windows=dict(list(films.items())[-_FILMS:]))


def begins_film(spec: str, row: int) -> bool:
    """Whether the present model's maps of a film are drawn for the first time; says so once."""
    film = (session().model, spec, row)
    before = session().drawn
    change(drawn=film)
    return film != before


def begins_comparison(spec: str, row: int, text: str) -> bool:
    """Whether a text is compared with the truth of a film for the first time; says so once."""
    comparison = (spec, row, text)
    before = session().measured
    change(measured=comparison)
    return comparison != before


def choose_region(number: int) -> None:
    """The region that is enlarged."""
    change(region=number)


def choose_cam(choice: str) -> None:
    """What the maps of Compare explain, and how Grad-CAM does."""
    change(cam=choice)


def choose_arena(models: tuple[str, ...]) -> None:
    """The models that are held side by side."""
    change(arena=models)


def count_drawn_box() -> None:
    """Note that a box was drawn: the next picture to draw on is a new one."""
    change(boxes_drawn=session().boxes_drawn + 1)


def keep_speed(model_hash: str, rows: list[SpeedRow]) -> None:
    """Remember what was measured for a model."""
    change(speeds={**session().speeds, model_hash: rows})
