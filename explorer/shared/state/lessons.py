"""The lab's patient, the lessons, and a student of the class."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from explorer.shared.state.fields import Try
from explorer.shared.state.store import change, session

if TYPE_CHECKING:
    from core.lessons.checked import Checked
    from core.records.student import Place, Student

_TRIES = 20
"""Answers to one question that a session holds."""


def begin_lab(patient: str, text: str, chosen: int = 0) -> None:
    """Put a patient into the lab, in place of what is there."""
    here = session().lab
    change(lab=replace(here, patient=patient, text=text, chosen=chosen, edition=here.edition + 1))


def leave_lab(patient: str, text: str, chosen: int) -> None:
    """The patient as the browser left it."""
    change(lab=replace(session().lab, patient=patient, text=text, chosen=chosen))


def ask_lab(asked: str) -> None:
    """Measure this of the lab's patient."""
    change(lab=replace(session().lab, asked=asked))


def ask_subtlety(n: int) -> None:
    """Measure so many nodules of each band of subtlety."""
    change(lab=replace(session().lab, subtlety=n))


def link_lab(patient: str, text: str) -> None:
    """What the address names now."""
    change(lab=replace(session().lab, linked=(patient, text)))


def keep_lab_word(word: str) -> None:
    """By which the browser asks for the lab's frames."""
    change(lab=replace(session().lab, word=word))


def open_lesson(name: str) -> None:
    """The lesson that the page shows; "" for the list of them."""
    change(lesson=name)


def open_reading(reads: bool) -> None:
    """Read films against the model, or be back at the list of lessons."""
    change(reads=reads, lesson="")


def present_film(picture: str, further: int) -> None:
    """The film that a lesson's picture has in the whole window, so many on from its own."""
    change(presented=(picture, further))


def go_to_film(number: int) -> None:
    """The film of a reading that is on the screen, from 0."""
    change(read_film=max(number, 0))


def go_to_step(lesson: str, step: int) -> None:
    """The step of a lesson that is on the screen."""
    change(lesson_steps={**session().lesson_steps, lesson: max(step, 0)})


def read_lessons_in(language: str) -> None:
    """The language of the lessons."""
    change(lesson_language=language)


def keep_try(lesson: str, question: str, answer: Any, checked: "Checked") -> None:
    """Remember an answer and what was said of it."""
    key = (lesson, question)
    before = session().tries.get(key, ())
    kept = before if len(before) < _TRIES else (before[0], *before[2:])  # the first tells a gain
    change(tries={**session().tries, key: (*kept, Try(answer, checked))})


def become_student(
    student: "Student", token: str, tries: Mapping[tuple[str, str], tuple[Try, ...]]
) -> None:
    """Be a student of the class, with what they have done."""
    place, here = student.place, session()
    steps = {**here.lesson_steps, place.lesson: place.step} if place.lesson else here.lesson_steps
    change(student=student, token=token, left_class=False, tries=tries, lesson_steps=steps,
            lesson=here.lesson or place.lesson, lesson_seed=student.seed)  # fmt: skip


def leave_class() -> None:
    """Be nobody's student; the browser forgets, the class keeps what was answered."""
    change(student=None, token="", left_class=True, tries={}, noted_place=None)


def note_place(place: "Place") -> None:
    """The class knows where the student is."""
    change(noted_place=place)


def watch_student(student: "Student", tries: Mapping[tuple[str, str], tuple[Try, ...]]) -> None:
    """Look at a student's lessons: their films, their answers, their step."""
    place, here = student.place, session()
    change(watched_student=student, tries=tries, lesson_seed=student.seed,
            lesson=place.lesson or here.lesson,
            lesson_steps={**here.lesson_steps, place.lesson: place.step})  # fmt: skip


def watch_nobody() -> None:
    """Be back at one's own films."""
    change(watched_student=None, tries={}, lesson_seed=random.randrange(2**31))
