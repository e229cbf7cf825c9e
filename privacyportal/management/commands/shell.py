"""Instead of Django's own, which asks nobody."""

import sys

from django.core.management.commands import shell

from privacyportal.shells import RecordedCommand


class Command(RecordedCommand, shell.Command):
    def get_auto_imports(self) -> list[str]:
        """Leave out the models of histories, which are no names of their modules."""
        return [each for each in super().get_auto_imports() or () if not _is_missing(each)]


def _is_missing(path: str) -> bool:
    module, _dot, name = path.rpartition(".")
    return not hasattr(sys.modules[module], name)
