"""Films that were read lately: who looks at one asks for picture, window, notes and truth of it."""

from collections.abc import Callable, Hashable

from core.films.loaded import LoadedImage
from core.recent import Recent


class RecentFilms(Recent[LoadedImage]):
    """A few films. Arrays of what is kept cannot be written to."""

    def __init__(self, limit: int) -> None:
        """None yet.

        Args:
            limit: bytes.
        """
        super().__init__(limit, lambda film: film.nbytes)

    def get(
        self, key: Hashable, make: Callable[[], LoadedImage], expected: int | None = None
    ) -> LoadedImage:
        """See `Recent.get`."""

        def read() -> LoadedImage:
            film = make()
            for array in film.arrays:
                array.flags.writeable = False
            return film

        return super().get(key, read, expected)
