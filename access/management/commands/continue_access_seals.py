from typing import Any

from django.core.management.base import BaseCommand, CommandError

from access.outside_copy import go_on_after_restore
from common.errors import PortalError


class Command(BaseCommand):
    help = (
        "After a backup was restored: state in a signed seal which seals of the copy outside were"
        " lost with it, and go on copying behind them."
    )

    def handle(self, **options: Any) -> None:
        try:
            seal = go_on_after_restore()
        except PortalError as error:
            raise CommandError(str(error)) from error
        after = seal.statement["restored"]["after"]
        self.stdout.write(f"Seal {seal.number} states that the seals after {after} were lost.")
