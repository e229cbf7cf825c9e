"""Instead of Django's own, which asks nobody."""

from django.core.management.commands import dbshell

from privacyportal.shells import RecordedCommand


class Command(RecordedCommand, dbshell.Command):
    pass
