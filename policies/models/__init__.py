"""What was promised: one file for each kind of row."""

from policies.models.calendar import (
    CalendarRange,
    DayStatus,
    DayType,
    OfficialDay,
    OfficialDayKind,
)
from policies.models.company import (
    Assignment,
    Company,
    DayKind,
    StaffAccessMode,
)
from policies.models.declared_fields import DeclaredField, DeclaredKind
from policies.models.promises import (
    Promise,
    PromiseResult,
    PromiseStatus,
)
from policies.models.purposes import (
    Channel,
    LegalBasis,
    Purpose,
)
from policies.models.recipients import (
    Agreement,
    Recipient,
    RecipientKind,
)
from policies.models.rules import (
    Complexity,
    DatedRule,
    RetentionAction,
    RetentionRule,
    RetentionTrigger,
    RuleBasis,
    RuleFamily,
    TimeLimit,
    TimeLimitKind,
    TimeUnit,
)
from policies.models.versions import (
    LOCAL_DAY_OF_PUBLICATION,
    LONGEST_TEXT,
    Language,
    PolicyText,
    PolicyVersion,
    Significance,
    VersionState,
    sha256,
)

__all__ = [
    "LOCAL_DAY_OF_PUBLICATION",
    "LONGEST_TEXT",
    "Agreement",
    "Assignment",
    "CalendarRange",
    "Channel",
    "Company",
    "Complexity",
    "DatedRule",
    "DayKind",
    "DayStatus",
    "DayType",
    "DeclaredField",
    "DeclaredKind",
    "Language",
    "LegalBasis",
    "OfficialDay",
    "OfficialDayKind",
    "PolicyText",
    "PolicyVersion",
    "Promise",
    "PromiseResult",
    "PromiseStatus",
    "Purpose",
    "Recipient",
    "RecipientKind",
    "RetentionAction",
    "RetentionRule",
    "RetentionTrigger",
    "RuleBasis",
    "RuleFamily",
    "Significance",
    "StaffAccessMode",
    "TimeLimit",
    "TimeLimitKind",
    "TimeUnit",
    "VersionState",
    "sha256",
]
