from common.errors import PortalError


class CaseworkError(PortalError):
    pass


class EvidenceRefused(CaseworkError):
    """A file that cannot be taken; the message names it and says what would be."""
