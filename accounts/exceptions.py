from common.errors import PortalError


class AccountError(PortalError):
    pass


class AccountClosed(AccountError):
    pass


class AccountOpen(AccountError):
    """It is open again, or nothing of it is left."""


class ClosingRefused(AccountError):
    pass


class ReopeningRefused(AccountError):
    pass


class ErasureRefused(AccountError):
    pass


class NoSuchConsent(AccountError):
    pass


class NoSuchPolicy(AccountError):
    pass


class AddressTaken(AccountError):
    pass


class NothingToChange(AccountError):
    pass


class IdentityNotProved(AccountError):
    """Staff did not find out who asks; the check is recorded, and nothing else was done."""


class SecondPersonNeeded(AccountError):
    """What one member of staff said is recorded; it takes the word of another one too."""


class NoSecondFactor(AccountError):
    pass


class CustomerKnown(AccountError):
    """Somebody with this address or number is a customer already."""


class ImportRefused(AccountError):
    pass


class MergeRefused(AccountError):
    pass


class NotLocked(AccountError):
    pass


class NoSuchDevice(AccountError):
    pass


class PhoneRefused(AccountError):
    pass


class CodeRefused(AccountError):
    pass


class ApprovalRefused(AccountError):
    pass


class AccessClosed(AccountError):
    """The customer has not approved of it, and no confirmed emergency opens it."""


class EmergencyRefused(AccountError):
    pass
