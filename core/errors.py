"""The one exception a page or a command shows to its user."""


class ExplorerError(ValueError):
    """Bad input, said in one sentence: what was wrong, with which file, and what to do next.

    Pages show the message and keep what the user had; commands print it on stderr and exit with 2.
    """

    def __init__(self, message: str) -> None:
        """Say `message`; what it quotes of a file may hold characters that break a line or hide."""
        super().__init__("".join(sign if sign.isprintable() else "\ufffd" for sign in message))
