"""Instead of Django's own, which asks nobody."""

from common.refused_commands import RefusedCommand


class Command(RefusedCommand):
    pass
