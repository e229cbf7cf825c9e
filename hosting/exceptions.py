from common.errors import PortalError


class HostingError(PortalError):
    pass


class ServiceRefused(HostingError):
    pass


class ImportRefused(HostingError):
    """The list cannot be read as a whole; nothing of it was done."""
