"""The lessons that there are: those that ship, and a teacher's own in the folder LRCLR_LESSONS.

One file a lesson and language, `LANGUAGE/NAME.md`. A teacher's own file takes the place of one that
ships with the same language and name.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.errors import ExplorerError
from core.lessons.lesson import Flaw, Lesson
from core.lessons.parse import Parsed, parse
from core.paths import ASSETS, lessons_dir
from core.studies.phantom_set import PhantomSet
from core.studies.study import StudySet

ENGLISH = "en"
_MOST_BYTES = 200_000


@dataclass(frozen=True)
class LessonFile:
    """A lesson's file, whatever is in it."""

    language: str
    name: str
    path: Path


def lesson_files() -> list[LessonFile]:
    """All of them, by language and name; nothing of them is read."""
    files: dict[tuple[str, str], LessonFile] = {}
    for folder in (ASSETS / "lessons", lessons_dir()):
        if folder is None:
            continue
        for path in sorted(folder.glob("*/*.md")):
            files[path.parent.name, path.stem] = LessonFile(path.parent.name, path.stem, path)
    return [files[key] for key in sorted(files)]


def parse_file(path: Path) -> Parsed:
    """Read a lesson's file, with everything that is wrong with it.

    Raises:
        ExplorerError: there is no such file, or it is no text.
    """
    return _parsed(path, _written(path))


@lru_cache(maxsize=64)
def _parsed(path: Path, written: int) -> Parsed:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ExplorerError(f"{path.name} is not UTF-8 text; save it as UTF-8.") from None
    if len(text) > _MOST_BYTES:
        return Parsed(None, (Flaw(1, f"the file is longer than {_MOST_BYTES} characters."),))
    return parse(text)


def _written(path: Path) -> int:
    try:
        if not path.is_file():
            raise OSError
        return path.stat().st_mtime_ns
    except OSError:
        raise ExplorerError(f"There is no lesson {path}; check the path.") from None


def read_lesson(path: Path) -> Lesson:
    """A lesson of a file.

    Raises:
        ExplorerError: the file cannot be read, or something is wrong with it: the first flaw.
    """
    parsed = parse_file(path)
    if parsed.lesson is None:
        raise ExplorerError(
            f"{path.name}, {parsed.flaws[0]} `python -m core lesson check {path.name}` says all."
        )
    return parsed.lesson


def lessons(language: str = ENGLISH) -> list[Lesson]:
    """Lessons in order, in a language where they are translated, else in English.

    Those with a flaw are left out; `python -m core lesson list` names them.
    """
    by_name: dict[str, Lesson] = {}
    for wanted in dict.fromkeys([language, ENGLISH]):
        for file in lesson_files():
            if file.language == wanted and file.name not in by_name:
                parsed = parse_file(file.path)
                if parsed.lesson is not None:
                    by_name[file.name] = parsed.lesson
    return sorted(by_name.values(), key=lambda lesson: (lesson.number, lesson.name))


def lesson(name: str, language: str = ENGLISH) -> Lesson:
    """A lesson by its name.

    Raises:
        ExplorerError: there is none.
    """
    by_name = {one.name: one for one in lessons(language)}
    if name not in by_name:
        raise ExplorerError(f"There is no lesson '{name[:40]}'; known: {', '.join(by_name)}.")
    return by_name[name]


def languages() -> list[str]:
    """Languages in which there is a lesson, English first."""
    return sorted({file.language for file in lesson_files()}, key=lambda one: (one != ENGLISH, one))


def pool(studies: StudySet) -> PhantomSet:
    """The set that students' films are drawn from, whose truth is known whole.

    Raises:
        ExplorerError: it is no set of phantoms.
    """
    if not isinstance(studies, PhantomSet):
        raise ExplorerError(f"Lessons are held on phantoms, and '{studies.spec}' is none.")
    return studies
