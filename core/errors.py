"""The one exception a page or a command shows to its user."""


class ExplorerError(ValueError):
    """Bad input, said in one sentence: what was wrong, with which file, and what to do next.

    Pages show the message and keep what the user had; commands print it on stderr and exit with 2.
    """
