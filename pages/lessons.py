"""Lessons: a picture, one idea, one thing to change, and a question that the change answers."""

from explorer.lessons import page

page.draw()
