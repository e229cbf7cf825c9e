"""What was promised, in the admin."""

from policies.admin import calendar, promises, recipients, registers, rules, versions

__all__ = ["calendar", "promises", "recipients", "registers", "rules", "versions"]
