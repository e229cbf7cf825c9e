from common.errors import PortalError


class AccountError(PortalError):
    pass


class AccountClosed(AccountError):
    pass


class ErasureRefused(AccountError):
    pass


class NoSuchConsent(AccountError):
    pass


class NoSuchPolicy(AccountError):
    pass
