"""Lessons: their steps, live pictures, questions and ways into the pages."""
