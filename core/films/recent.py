"""Films that were read lately: who looks at one asks for picture, window, notes and truth of it."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock

from core.films.loaded import LoadedImage


class RecentFilms:
    """A few films, the least recently used forgotten first; safe to share between threads.

    The newest stays, however large it is. Arrays of what is kept cannot be written to.
    """

    def __init__(self, limit: int) -> None:
        """None yet.

        Args:
            limit: bytes.
        """
        self._limit = limit
        self._films: OrderedDict[Hashable, LoadedImage] = OrderedDict()
        self._being_read: dict[Hashable, Future[LoadedImage]] = {}
        self._bytes = 0
        self._lock = Lock()

    def get(self, key: Hashable, read: Callable[[], LoadedImage]) -> LoadedImage:
        """The film of a key; of several that ask at once, one reads and the others wait for it.

        Raises:
            whatever `read` raises, to all who wait; nothing is kept then.
        """
        with self._lock:
            if key in self._films:
                self._films.move_to_end(key)
                return self._films[key]
            being_read = self._being_read.get(key)
            if being_read is None:
                mine: Future[LoadedImage] = Future()
                self._being_read[key] = mine
        if being_read is not None:
            return being_read.result()
        try:
            film = read()
        except BaseException as error:
            with self._lock:
                del self._being_read[key]
            mine.set_exception(error)
            raise
        self._keep(key, film)
        mine.set_result(film)
        return film

    def _keep(self, key: Hashable, film: LoadedImage) -> None:
        for array in film.arrays:
            array.flags.writeable = False
        with self._lock:
            del self._being_read[key]
            self._films[key] = film
            self._bytes += film.nbytes
            while self._bytes > self._limit and len(self._films) > 1:
                _, forgotten = self._films.popitem(last=False)
                self._bytes -= forgotten.nbytes
