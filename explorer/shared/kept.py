"""What is cached of a study: for everybody, but of an upload for its session alone.

Of results that differ in size by the film it is the bytes that are bounded, not their number: 96
pictures of a phantom are 20 MB, of a scanner a gigabyte.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.recent import Recent, nbytes_of
from core.studies import UploadedSet

P = ParamSpec("P")
R = TypeVar("R")
MIB = 2**20


def in_bytes(limit: int, growing: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A cached function whose results together take so many bytes at most; nobody changes them.

    As Streamlit's caches it is keyed by its arguments, a model by its weights, and those whose
    names begin with a line below do not count.

    Args:
        growing: whether a result takes more bytes as it is used.
    """

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        kept: Recent[Any] = Recent(limit, nbytes_of, growing=growing)
        signature = inspect.signature(function)
        names = [name for name in signature.parameters if not name.startswith("_")]

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            key = tuple(_keyed(given.arguments[name]) for name in names)
            result: R = kept.get(key, lambda: _frozen(function(*args, **kwargs)))
            return result

        call.kept = kept  # type: ignore[attr-defined]
        return call

    return wrap


def by_study(
    cache: Callable[..., Any], limit: int = 0, growing: bool = False, **options: Any
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A cached function of a study: what it made of an upload goes when the session ends.

    Args:
        cache: one of Streamlit's, of data or of resources.
        limit: bytes that the results of all sets may take, as `in_bytes`; by default there are as
            many as `options` says.
        options: of Streamlit's.
    """

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        for_all = in_bytes(limit, growing)(function) if limit else cache(**options)(function)
        for_one = cache(scope="session", **options)(function)

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            own = any(isinstance(value, UploadedSet) for value in (*args, *kwargs.values()))
            if own and get_script_run_ctx(suppress_warning=True) is None:
                return function(*args, **kwargs)  # no session that it could end with
            kept: Callable[P, R] = for_one if own else for_all
            return kept(*args, **kwargs)

        call.for_all = for_all  # type: ignore[attr-defined]
        return call

    return wrap


def _keyed(value: Any) -> Any:
    return getattr(value, "model_hash", value)


def _frozen(result: R) -> R:
    """An array that is shared is not written to."""
    if isinstance(result, np.ndarray):
        result.flags.writeable = False
    return result
