from typing import Any

from django.core.management.base import BaseCommand

from access.outside_copy import begin_copy, copy_seals


class Command(BaseCommand):
    help = (
        "Begin a copy of the seals outside the database, on a machine that had none, or where it"
        " was lost. What stands in the file already is believed: compare it first, with"
        " verify_access --against FILE."
    )

    def handle(self, **options: Any) -> None:
        begin_copy()
        self.stdout.write(f"{copy_seals()} seals were copied.")
