"""Text that somebody typed, as Markdown shows it unread."""


def plain(text: str) -> str:
    r"""With a stroke before each sign that Markdown reads.

    >>> print(plain("a *line*"))
    a \*line\*
    """
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]()#+-.!|<>~:$" else sign for sign in text)
