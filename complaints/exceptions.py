from common.errors import PortalError


class ComplaintError(PortalError):
    pass


class InvalidTransition(ComplaintError):
    pass
