from common.errors import PortalError


class RightsError(PortalError):
    pass


class ExportRefused(RightsError):
    """A copy of the data that is not made now; the text says why."""


class ExportOver(RightsError):
    """A copy of the data that is not there, or no longer."""
