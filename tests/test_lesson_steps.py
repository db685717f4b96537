"""Every step of every lesson, drawn by the app as a student goes through it."""

import pytest
from app_driver import sound
from streamlit.testing.v1 import AppTest

from core.lessons.library import languages, lessons
from core.paths import ROOT

LESSONS = [
    (language, lesson.name)
    for language in languages() for lesson in lessons(language) if lesson.language == language
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("language", "name"), LESSONS)
def test_every_step_of_a_lesson_is_drawn(language: str, name: str) -> None:
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=900).run()
    app.switch_page("../pages/lessons.py").run()
    if language != "en":
        app.button_group(key="lesson_language").set_value(language).run()
    app.button(key=f"lesson_open_{name}").click().run()
    steps = len(next(one for one in lessons(language) if one.name == name).steps)
    for step in range(steps):
        sound(app)
        assert len(app.header) and app.caption
        if step < steps - 1:
            app.button(key="lesson_next").click().run()
    assert app.button(key="lesson_next").disabled
