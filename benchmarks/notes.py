"""What notes cost: CPU seconds of each step for 1,000 and 10,000, about ten times as many.

    python benchmarks/notes.py [URL]

Without a URL of an empty database the notes go to a SQLite file in a temporary folder.
"""

import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from core.records.copies import Copy
from core.records.handover import export_notes, read_notes
from core.records.merge import import_notes
from core.records.note import FilmRef, Note, Said, box, now
from core.records.notebook import Notebook, Wanted

SIZES = (1_000, 10_000)
STEPS = 100  # single notes that are added, changed and taken back


def note(number: int) -> Note:
    """A note on one of half as many films."""
    key = sha256(str(number // 2).encode()).hexdigest()[:40]
    said = Said("Edema", "label is wrong", f"note {number}", ("a", "b"), (box(1, 2, 30, 40),))
    time_ = now()
    return Note(uuid4().hex, FilmRef(key, 200, 200), "Ada", said, time_, time_, "Ada", 1)


def seconds(work: Callable[[], object]) -> float:
    """Of this process, which say more than the clock where others compute, too."""
    started = time.process_time()
    work()
    return time.process_time() - started


def measure(count: int, url: str | None, folder: Path) -> dict[str, float]:
    """Seconds of every step."""
    copies = [Copy(note(number)) for number in range(count)]
    films = [copy.note.film.key for copy in copies]
    book = Notebook(url or f"sqlite:///{folder}/{count}.sqlite")
    figures = {"import": seconds(lambda: import_notes(book, copies))}
    figures["import again"] = seconds(lambda: import_notes(book, copies))
    figures["list all"] = seconds(book.notes)
    figures["of a set's films"] = seconds(lambda: book.notes(Wanted(films=films)))
    figures["of one film"] = seconds(lambda: book.notes(Wanted(films=films[:1])))
    for suffix in ("json", "csv", "coco.json"):
        path = folder / f"{count}.{suffix}"
        figures[f"export .{suffix}"] = seconds(lambda path=path: export_notes(book, path))
        figures[f"read .{suffix}"] = seconds(lambda path=path: read_notes(path))
    film, said = copies[0].note.film, copies[0].note.said

    def add_change_undo() -> None:
        for _ in range(STEPS):
            added = book.add(film, "Bo", said)
            book.change(added, "Bo", Said("Edema", text="changed"))
            book.undo("Bo")

    started = time.perf_counter()
    add_change_undo()
    figures["three writes, by the clock"] = (time.perf_counter() - started) / STEPS
    book.close()
    return figures


def main() -> None:
    url = sys.argv[1] if len(sys.argv) > 1 else None
    with TemporaryDirectory() as folder:
        columns = [measure(count, url, Path(folder)) for count in SIZES]
    print(f"{'seconds':26}" + "".join(f"{count:>12,}" for count in SIZES) + f"{'times':>8}")
    for name, first in columns[0].items():
        last = columns[1][name]
        print(f"{name:26}{first:12.4f}{last:12.4f}{last / first:8.1f}")


if __name__ == "__main__":
    main()
