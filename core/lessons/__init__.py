"""Lessons in Markdown, and questions that are checked by what a student made."""
