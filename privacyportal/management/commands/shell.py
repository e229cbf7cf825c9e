"""Instead of Django's own, which asks nobody."""

from django.core.management.commands import shell

from privacyportal.shells import RecordedCommand


class Command(RecordedCommand, shell.Command):
    pass
