"""Writes notes to LRCLR_RECORDS and says the id of each that is confirmed, until it is killed."""

import itertools

from notes_of import film, says

from core.records.notebook import Notebook


def write() -> None:
    notebook = Notebook()
    note = notebook.add(film(), "Ada", says("0"))
    print(note.id, note.version, flush=True)
    for turn in itertools.count(1):
        note = notebook.change(note, "Ada", says(f"{turn}"))
        print(note.id, note.version, flush=True)
        other = notebook.add(film(turn), "Bo", says("x" * 2000))
        print(other.id, 1, flush=True)


if __name__ == "__main__":
    write()
