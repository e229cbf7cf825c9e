"""What was promised, in the admin."""

from policies.admin import calendar, registers, versions

__all__ = ["calendar", "registers", "versions"]
