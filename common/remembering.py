"""Answers that stay the same while something is judged, so that they are asked for once."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")

_known: ContextVar[dict[Hashable, Any] | None] = ContextVar("known", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Let remembered() functions answer from memory in here; outside they ask each time."""
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def remembered(function: Callable[..., T]) -> Callable[..., T]:
    """Ask a function of hashable arguments once for each of them, where it is remembered."""

    @wraps(function)
    def inner(*arguments: Hashable) -> T:
        known = _known.get()
        if known is None:
            return function(*arguments)
        if (key := (function, arguments)) not in known:
            known[key] = function(*arguments)
        answer: T = known[key]
        return answer

    return inner
