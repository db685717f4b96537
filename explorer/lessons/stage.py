"""Where a live picture of a lesson is drawn: its controls' keys, its words, its films."""

from typing import Any

import streamlit as st

from core.lessons.bench import LessonBench
from core.lessons.lesson import Lesson, Show
from core.lessons.phrases import say
from explorer.lessons import cache as lesson_cache
from explorer.regions import cache as region_cache
from explorer.shared import alt, components, figures

_THUMBNAIL = 150


class Stage:
    """A show on the page: its lesson, its student and the keys of its controls."""

    def __init__(self, lesson: Lesson, show: Show, bench: LessonBench) -> None:
        self.lesson, self.show, self.bench = lesson, show, bench
        self.key = f"lesson_{lesson.language}_{lesson.name}_{show.line}"

    def says(self, key: str, **told: Any) -> str:
        """A phrase in the lesson's language."""
        return say(self.lesson.language, key, told)

    def changes(self, name: str) -> bool:
        """Whether the student changes this field."""
        return self.show.change == name

    def text(self, start: str) -> str:
        """The text that is scored: typed, where it is what is changed."""
        if not self.changes("text"):
            return start
        typed = st.text_input(self.says("type-a-text"), start, key=f"{self.key}_text",
                              max_chars=300, live=True)  # fmt: skip
        return typed.strip() if any(sign.isalnum() for sign in typed) else start


def thumbnails(
    lesson: Lesson,
    films: list[tuple[int, str]],
    saliency: tuple[str, str] | None = None,
    finding: str = "",
    bench: LessonBench | None = None,
) -> None:
    """Films of a lesson's set side by side, each with its caption.

    Args:
        films: row and caption.
        saliency: map and text to lay over them.
        finding: to outline.
    """
    studies = lesson_cache.films(lesson)
    line = st.container(horizontal=True, gap="small")
    for row, caption in films:
        heat = bench.saliency(saliency[0], row, saliency[1]) if bench and saliency else None
        truth = lesson_cache.outlined(studies, row, finding) if finding else None
        shown = figures.overlay(region_cache.thumbnail(studies, row), heat, 0.6, truth)
        said = f"Radiograph {row + 1}: {caption}"
        if heat is not None and saliency:
            said = f"{alt.mapped(said, saliency[0], saliency[1], heat, finding)}"
        with line.container(width=_THUMBNAIL):
            components.picture(shown, said, caption, _THUMBNAIL)
