from common.errors import PortalError


class StaffError(PortalError):
    pass


class SigningRefused(StaffError):
    pass


class RevocationRefused(StaffError):
    pass
