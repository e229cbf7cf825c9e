from common.errors import PortalError


class PolicyError(PortalError):
    pass


class OutsideCalendar(PolicyError):
    """A count left the range of the loaded calendar; the answer would be a guess."""


class UnreadableExplanation(PolicyError):
    """How a clock was counted is not kept in the form that policies.clocks writes."""


class NotConfigured(PolicyError):
    """No profile was loaded, or it sets no such rule."""


class PublishingRefused(PolicyError):
    """A policy version cannot be saved or published as it is."""


class ChangeRefused(PolicyError):
    """A register, a rule or the calendar cannot be changed like that."""


class DisclosureRefused(PolicyError):
    """The company's promises do not let this recipient have this data."""
