from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import PortalError
from policies.loading import load_profile
from policies.models import Company


class Command(BaseCommand):
    help = "Configure the deployment as one of the shipped companies, or from a profile file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("profile", help="A shipped profile's name, or the path of a file.")

    def handle(self, *, profile: str, **options: Any) -> None:
        before = Company.objects.values_list("profile", flat=True).first()
        try:
            changed = load_profile(profile)
        except PortalError as error:
            raise CommandError(str(error)) from error
        now = Company.objects.values_list("profile", flat=True).get()
        if before not in (None, now):
            self.stderr.write(  # privacyportal.run passes it on
                f"Warning: the data here was of the profile {before}; from now on it goes by the"
                f" rules and promises of {now}."
            )
        self.stdout.write(
            f"{profile}: {changed} rows changed" if changed else f"{profile}: in place"
        )
