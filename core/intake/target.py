"""Where an imported set goes when nobody said: a new folder with a name that says nothing."""

from datetime import date
from pathlib import Path

from core.paths import sets_dir


def proposed_target(day: date | None = None) -> Path:
    """A folder that is not there yet, in `sets_dir()`.

    It is named after the day, and not after the data: names of folders can hold people's.
    """
    name = f"import-{day or date.today():%Y-%m-%d}"
    place, number = sets_dir() / name, 1
    while place.exists():
        number += 1
        place = sets_dir() / f"{name}-{number}"
    return place
