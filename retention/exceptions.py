from common.errors import PortalError


class RetentionError(PortalError):
    pass


class HoldRefused(RetentionError):
    pass


class ReviewRefused(RetentionError):
    pass


class ApprovalRefused(RetentionError):
    pass


class PermitRefused(RetentionError):
    pass


class ClearingRefused(RetentionError):
    pass


class DecisionRefused(RetentionError):
    pass


class RehearsalRefused(RetentionError):
    """A restore cannot be rehearsed here."""


class PurgeUnfinished(RetentionError):
    """Time was over before everybody who is due had gone."""


class LedgerAhead(RetentionError):
    """A restored database does not know what was erased."""


class LedgerLost(RetentionError):
    """The ledger does not know what the database does."""
