from common.errors import PortalError


class PolicyError(PortalError):
    pass


class OutsideCalendar(PolicyError):
    """A count left the range of the loaded calendar; the answer would be a guess."""


class NotConfigured(PolicyError):
    """No profile was loaded, or it sets no such rule."""
