from common.errors import PortalError


class EnquiryError(PortalError):
    """A rule about enquiries said no."""


class EnquiryGone(EnquiryError):
    """The link leads to an enquiry that is erased, or never was."""
