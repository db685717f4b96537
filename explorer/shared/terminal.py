"""The same thing as a command, for those who would rather type it."""

import shlex
from collections.abc import Sequence

import streamlit as st


def show(*arguments: str) -> None:
    """`python -m core` with arguments, quoted so that a shell takes it as it stands."""
    show_all([arguments])


def show_all(commands: Sequence[Sequence[str]]) -> None:
    """Several commands, a line each."""
    st.caption("The same in a terminal:")
    # Without colours for its words, which are too faint on a light page.
    st.code("\n".join(line(words) for words in commands), None, wrap_lines=True)


def line(arguments: Sequence[str]) -> str:
    """The words of a command in one line.

    >>> line(["import", "--data", "my films"])
    "python -m core import --data 'my films'"
    """
    return shlex.join(["python", "-m", "core", *arguments])
