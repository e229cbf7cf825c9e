from common.errors import PortalError


class MarketingError(PortalError):
    pass


class LinkExpired(MarketingError):
    pass


class IssueRefused(MarketingError):
    pass


class SystemRefused(MarketingError):
    pass
