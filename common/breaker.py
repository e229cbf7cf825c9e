from time import monotonic


class Breaker:
    """Remember for ``pause`` seconds that a helper is away, so that nobody waits for it again.

    One per process, shared by its threads; a lost race costs one more try.
    """

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        return monotonic() < self._until

    def trip(self) -> None:
        self._until = monotonic() + self._pause

    def reset(self) -> None:
        self._until = 0.0
