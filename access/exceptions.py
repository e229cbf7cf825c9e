from common.errors import PortalError


class AccessError(PortalError):
    """Base of what the access records refuse."""


class CopyAhead(AccessError):
    """The copy outside ends with a seal that the database no longer has."""


class CopyDiffers(AccessError):
    """The copy outside holds another seal of the same number, or something else."""


class CopyShortened(AccessError):
    """The copy outside is gone, or lacks seals that it had."""


class NothingLost(AccessError):
    """The copy outside fits the database: there is nothing to go on from."""
