"""What was promised, in the admin."""

from policies.admin import calendar, promises, registers, versions

__all__ = ["calendar", "promises", "registers", "versions"]
