"""Notes for tests: films that are none, and databases that notes are kept in."""

from hashlib import sha256

from core.records.note import FilmRef, Said, box


def film(number: int = 0, **more: object) -> FilmRef:
    """A film of 100 x 80 pixels; another one for each number."""
    key = sha256(str(number).encode()).hexdigest()[:40]
    return FilmRef(key, 100, 80, f"study-{number}", **more)  # type: ignore[arg-type]


def says(text: str = "", **more: object) -> Said:
    """A comment on an edema."""
    return Said(finding="Edema", text=text, **more)  # type: ignore[arg-type]


BOXED = Said("Edema", "label is wrong", "at the base", ("hard",), (box(10, 20, 30, 40),))
