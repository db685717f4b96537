"""Ways from a lesson into the pages, with what they shall show, and the way back."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.lessons.lesson import Lesson, PageLink
from explorer import access, navigation
from explorer.shared import cache, errors_link, guard, state


def button(one: Lesson, way: PageLink) -> None:
    """A button that opens a page as a lesson wants it."""
    if st.button(way.label, icon=":material/open_in_new:", key=f"lesson_way_{way.line}"):
        with guard.sentences():
            show(one.model, {"set": one.films, **way.state})
            navigation.go(f"{way.page}.py")


def show(model: str, asked: Mapping[str, Any]) -> None:
    """What a link names, by the session's setters; each asks what an address would be asked.

    Args:
        asked: by `core.lessons.links.link_fields`, with "set".

    Raises:
        ExplorerError: this session may not open the set or the model.
    """
    spec = str(asked["set"])
    access.check_set(spec)
    access.check_model(model)
    cache.studies(spec)
    state.choose_model(model)
    if state.session().study_set != spec or state.session().upload is not None:
        state.choose_set(spec)
    if "study" in asked:
        state.choose_row(asked["study"])
    if "prompt" in asked:
        state.propose_prompt(asked["prompt"])
    if "finding" in asked:
        state.judge(asked["finding"])
        state.choose_finding(asked["finding"])
    if "score" in asked:
        state.judge_by(asked["score"])
    if "threshold" in asked or "fit" in asked:
        errors_link.take_threshold(asked.get("threshold", "youden"), asked.get("fit", ""))
    if "patient" in asked:
        from core.lab.told import plain_text  # with torch, for which no first page waits
        from core.phantom.patient import parse_patient

        findings = parse_patient(asked["patient"]).findings
        own = plain_text(findings[0]) if findings else state.session().prompt
        state.begin_lab(asked["patient"], asked.get("prompt", own))
    if "cam" in asked:
        state.choose_cam(asked["cam"])


def back() -> None:
    """On another page: a link back to the lesson that is open."""
    here = state.session()
    if here.lesson and here.page != "lessons":
        from core.lessons.library import lesson  # with torch, for which no first page waits

        with guard.sentences():
            one = lesson(here.lesson, here.lesson_language)
            navigation.link("lessons.py", f"Back to lesson {one.number}: {one.title}")
