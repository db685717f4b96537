"""A lesson in a browser: joining, a wrong answer, a closed tab that is opened again."""

from typing import Any

import app_server
import pytest
from app_server import join_class, settled

pytestmark = pytest.mark.browser
browser = app_server.browser  # the fixture


def test_a_student_joins_answers_closes_the_tab_and_goes_on(browser: tuple[Any, str]) -> None:
    context, address = browser
    page = context.new_page()
    page.goto(f"{address}/lessons")
    settled(page)
    join_class(page, "blue heron")
    page.locator(".st-key-lesson_open_prompts button").click()
    page.get_by_role("heading", name="5. Prompts", level=1).wait_for()
    settled(page)
    page.get_by_text("clear lungs").first.click()
    settled(page)
    page.locator(".st-key-lesson_check_prompts_expect button").click()
    page.get_by_text("of 4 right.").wait_for()
    page.locator(".st-key-lesson_next button").click()
    page.get_by_role("heading", name="Say it without its name").wait_for()
    settled(page)
    page.close()

    again = context.new_page()
    again.goto(f"{address}/lessons")
    again.get_by_role("heading", name="Say it without its name").wait_for()
    settled(again)
    again.get_by_text("blue heron").first.wait_for()
    assert "blue" not in again.url and len(again.url) < 400
    again.locator(".st-key-lesson_back button").click()
    again.get_by_text("You answered “clear lungs”: not yet.").wait_for()
    again.close()

    teacher = context.new_page()
    teacher.goto(f"{address}/classroom")
    settled(teacher)
    teacher.get_by_text("blue heron").first.wait_for()
    teacher.get_by_text("of them 0 all right").wait_for()
    teacher.close()
