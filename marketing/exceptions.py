from common.errors import PortalError


class MarketingError(PortalError):
    pass
