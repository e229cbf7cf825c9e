from common.errors import PortalError


class CaseError(PortalError):
    pass


class CaseGone(CaseError):
    """The case, or its customer, was erased meanwhile."""


class ConflictOfInterest(CaseError):
    """Somebody would work on a case in which they have an interest of their own."""


class SomebodyWasFaster(CaseError):
    """The case is no longer as the person saw it; ``seen`` is its newest event."""

    def __init__(self, text: str, *, seen: int) -> None:
        super().__init__(text)
        self.seen = seen
