from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import PortalError
from policies.loading import load_profile


class Command(BaseCommand):
    help = "Configure the deployment as one of the shipped companies, or from a profile file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("profile", help="A shipped profile's name, or the path of a file.")

    def handle(self, *, profile: str, **options: Any) -> None:
        try:
            changed = load_profile(profile)
        except PortalError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{profile}: {changed} rows changed" if changed else f"{profile}: in place"
        )
