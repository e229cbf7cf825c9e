from common.errors import PortalError


class CaseError(PortalError):
    pass


class ConflictOfInterest(CaseError):
    """Somebody would work on a case in which they have an interest of their own."""


class SomebodyWasFaster(CaseError):
    """The case is no longer as the person saw it who now wants to change it."""
