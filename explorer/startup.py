"""The server's start: what the first page needs is read while the browser is on its way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from pkgutil import walk_packages
from threading import Thread
from typing import TYPE_CHECKING, Any

from core.errors import ExplorerError

if TYPE_CHECKING:
    from core.studies import StudySet

_FIRST_PAGE = (
    "explorer.page", "explorer.prompts.free_text", "explorer.regions.example_view",
    "explorer.regions.film_view",
)  # fmt: skip

_LATER = (
    "core.analysis.film_map", "core.evaluation.evaluate", "core.evaluation.prompt_change",
    "core.inference.prompt_shares", "core.lab.frame", "core.records.class_book",
)  # fmt: skip
"""What pages import where they need it."""


READY = "What a class asks for first is worked out; it can come."
"""Said in the terminal of a class's server."""


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Of the server: it answers at once, and reads ahead in a thread."""
    Thread(target=_read_ahead, daemon=True).start()
    yield


def _read_ahead() -> None:
    for name in _FIRST_PAGE:
        import_module(name)
    from core.evaluation.examples import load_examples
    from explorer.policy import class_code
    from explorer.shared import cache

    with suppress(ExplorerError):  # the page says it
        examples = load_examples()
        strip = [film.row for film in examples.films]
        films = cache.open_ahead(examples.data, examples.opening.row, strip)
        if class_code():  # a class comes all at once: what its first pages need is there by then
            import_all()
            spec = cache.EMBEDDED[0]
            cache.load_ahead(spec, films, examples.opening.prompt, 0)
            _work_ahead(spec, films)
            print(READY, flush=True)


def _work_ahead(spec: str, films: "StudySet") -> None:
    """What the pages of a class show first: thirty who ask for it at once wait for one another."""
    from explorer.prompts.cache import score_ahead
    from explorer.regions.cache import thumbnail

    score_ahead(spec, films)
    for row in range(len(films)):
        thumbnail(films, row)


def import_all() -> None:
    """Every module of the pages: thirty who ask for one at once would all wait for it.

    Without a class it is done after the first page (`cache.get_ready`), which would wait for it.
    """
    import explorer

    for module in walk_packages(explorer.__path__, "explorer."):
        if module.name != "explorer.Home":  # the entry, which is at work already
            import_module(module.name)
    for name in _LATER:
        import_module(name)
