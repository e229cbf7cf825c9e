from staff.admin.undertakings import UndertakingAdmin, UndertakingTextAdmin

__all__ = ["UndertakingAdmin", "UndertakingTextAdmin"]
