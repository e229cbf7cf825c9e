from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from common.encryption.rotation import Rotation, rotate, rotations
from common.encryption.sealing import key_ring


class Command(BaseCommand):
    help = (
        "Seal everything anew that is not under the first of ENCRYPTION_KEYS."
        " It may be stopped at any time and run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="Change nothing; exit 1 while something is under another key.",
        )

    def handle(self, *, check: bool, **options: Any) -> None:
        self.stdout.write(f"first key: {key_ring().current}")
        work = self.count if check else self.rotate
        left = sum([work(rotation) for rotation in rotations()])
        if left:
            raise CommandError(f"{left} rows are not under the first key.")

    def count(self, rotation: Rotation) -> int:
        left = rotation.stale().count()
        self.stdout.write(f"{rotation.name}: {left} rows under another key")
        return left

    def rotate(self, rotation: Rotation) -> int:
        try:
            done = rotate(rotation)
        except OperationalError as error:
            raise CommandError(
                f"{rotation.name}: the database did not answer in time, or somebody holds a row."
                " What is done is done; run it again."
            ) from error
        self.stdout.write(
            f"{rotation.name}: {done['renewed']} rows sealed anew, {done['unreadable']} unreadable"
        )
        return done["unreadable"]
