"""What was promised, in the admin."""

from policies.admin import (
    calendar,
    declared_fields,
    promises,
    recipients,
    registers,
    rules,
    versions,
)

__all__ = [
    "calendar",
    "declared_fields",
    "promises",
    "recipients",
    "registers",
    "rules",
    "versions",
]
