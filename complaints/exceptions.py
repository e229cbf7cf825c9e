from common.errors import PortalError


class ComplaintError(PortalError):
    pass


class InvalidTransition(ComplaintError):
    pass


class SubmissionUsed(ComplaintError):
    """The form was sent before and made another complaint."""


class LinkGone(ComplaintError):
    """The link leads to no complaint: it was erased, the link is too old, or never was one."""


class SenderErased(ComplaintError):
    """Who writes was erased just before: there is nobody any more of whom a case could be."""
