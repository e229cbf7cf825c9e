from common.errors import PortalError


class ComplaintError(PortalError):
    pass


class InvalidTransition(ComplaintError):
    pass


class SubmissionUsed(ComplaintError):
    """The form was sent before and made another complaint."""


class LinkGone(ComplaintError):
    """The link leads to a complaint that was erased unconfirmed, or never was."""
