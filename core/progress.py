"""How far long work is: the callback that whatever takes its time is given."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with (done, total) of studies, files or bytes; the docstring of the work says which."""
