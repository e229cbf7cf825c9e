from common.errors import PortalError


class IncidentError(PortalError):
    pass


class LinkGone(IncidentError):
    """The link of a mail leads nowhere: it was used, it is too old, or it was never ours."""
