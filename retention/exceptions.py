from common.errors import PortalError


class RetentionError(PortalError):
    pass


class HoldRefused(RetentionError):
    pass


class ReviewRefused(RetentionError):
    pass


class ApprovalRefused(RetentionError):
    pass
