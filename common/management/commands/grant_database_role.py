from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.database_role import grant_to
from common.errors import PortalError


class Command(BaseCommand):
    help = (
        "Give a role of the database what the running portal needs, and no more. Run it after each"
        " migration; it connects as the owner of the tables, with DATABASE_OWNER_URL."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role")

    def handle(self, *, role: str, **options: Any) -> None:
        try:
            grant_to(role)
        except PortalError as error:
            raise CommandError(str(error)) from error
