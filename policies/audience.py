"""How many people are told of a new policy version; the rooms above know who they are."""

from collections.abc import Callable

CountReaders = Callable[[], int]

_counters: list[CountReaders] = []


def counts_readers(counter: CountReaders) -> CountReaders:
    """Let a room above say how many people it would write to."""
    _counters.append(counter)
    return counter


def count_readers() -> int:
    return sum(counter() for counter in _counters)
