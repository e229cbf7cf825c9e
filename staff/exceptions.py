from common.errors import PortalError


class StaffError(PortalError):
    pass


class SigningRefused(StaffError):
    pass


class RevocationRefused(StaffError):
    pass


class MisuseRefused(StaffError):
    pass


class ReviewRefused(StaffError):
    pass


class LookRefused(StaffError):
    pass
