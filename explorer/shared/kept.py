"""What is cached of a study: for everybody, but of an upload for its session alone."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.studies import UploadedSet

P = ParamSpec("P")
R = TypeVar("R")


def by_study(
    cache: Callable[..., Any], **options: Any
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A cached function of a study: what it made of an upload goes when the session ends.

    Args:
        cache: one of Streamlit's, of data or of resources.
        options: of it.
    """

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        for_all = cache(**options)(function)
        for_one = cache(scope="session", **options)(function)

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            own = any(isinstance(value, UploadedSet) for value in (*args, *kwargs.values()))
            if own and get_script_run_ctx(suppress_warning=True) is None:
                return function(*args, **kwargs)  # no session that it could end with
            kept: Callable[P, R] = for_one if own else for_all
            return kept(*args, **kwargs)

        return call

    return wrap
