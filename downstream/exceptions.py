from common.errors import PortalError


class DownstreamError(PortalError):
    pass


class SystemRefused(DownstreamError):
    pass


class OrderRefused(DownstreamError):
    pass


class NotDelivered(DownstreamError):
    """An order did not reach its system; the text is a short code, never what was answered."""
