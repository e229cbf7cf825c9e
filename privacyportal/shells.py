"""The command lines into the data: opened by members of staff who say who they are and what for.

Whoever runs commands on the server could get at the data without. The record is for those who work
by the rules, and what they change bears their name. Whoever is named, and the officers, get a mail,
and each opening is an unusual access (staff.unusual).
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.urls import reverse
from simple_history.models import HistoricalRecords
from simple_history.signals import pre_create_historical_record

from access.models import AccessAction
from access.purposes import BUILT_IN
from access.reasons import AccessReason
from access.services import record_access
from accounts.models import User
from accounts.staff import officers
from casework.models import Case
from common.personal_data import DataCategory
from notices.services import queue_notice
from policies.models import Purpose

CHANGED_THERE = "command line"
MISSING = "Say --by, --purpose, and --case or --occasion."


class RecordedCommand(BaseCommand):
    """A command that asks at a terminal for what was not said, and begins once it is recorded."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--by", metavar="EMAIL", help="Who opens it: a member of staff.")
        parser.add_argument("--purpose", metavar="CODE", help="What for.")
        parser.add_argument("--case", metavar="REFERENCE", help="For which case.")
        parser.add_argument("--occasion", metavar="CODE", help="On which occasion, if for none.")

    def handle(self, *args: Any, **options: Any) -> None:
        by, purpose, case, occasion = (
            options.pop(name, None) or "" for name in ("by", "purpose", "case", "occasion")
        )
        by = by or self._ask("Your email, as a member of staff")
        purpose = purpose or self._ask(f"What for ({', '.join(_purposes())})")
        if not (case or occasion):
            case = self._ask("Reference of the case, or nothing")
            occasion = "" if case else self._ask(f"Occasion ({', '.join(AccessReason.values)})")
        member = record_command_line(by, purpose=purpose, case=case, occasion=occasion)
        with in_the_name_of(member):
            super().handle(*args, **options)

    def _ask(self, question: str) -> str:
        if not sys.stdin.isatty():
            raise CommandError(MISSING)
        return input(f"{question}: ").strip()


@transaction.atomic
def record_command_line(email: str, *, purpose: str, case: str, occasion: str) -> User:
    """Record that a member of staff opens a command line, tell them and the officers; return them.

    The customer of the case finds it among the accesses to their data.

    Raises CommandError, and nothing is recorded, for who may not see customers' records, and for
    what is no purpose, case or occasion.
    """
    staff = User.objects.filter(email__iexact=email, is_staff=True, is_active=True)
    member = staff.first()
    if member is None or not member.has_perm("accounts.view_customer"):
        raise CommandError(
            "No member of staff with this address may see customers' records. It also takes an"
            f" undertaking in force, signed at {reverse('admin:staff_undertaking_sign')}."
        )
    if purpose not in _purposes():
        raise CommandError(f"The purpose is one of {', '.join(_purposes())}.")
    about = Case.objects.filter(reference=case.upper()).select_related("customer").first()
    if case and about is None:
        raise CommandError("There is no case with this reference.")
    if not case and occasion not in AccessReason.values:
        raise CommandError(f"The occasion is one of {', '.join(AccessReason.values)}.")
    record = record_access(
        by=member,
        action=AccessAction.SHELL,
        customer=about.customer.public_id if about else "",  # others' data is open there too
        purpose=purpose,
        case_reference=case.upper(),
        reason=occasion,
        field_groups=DataCategory,
    )
    for reader in officers() | {member.public_id}:  # the address is typed, by whomever
        queue_notice(
            "command_line",
            recipient=reader,
            key=f"command-line-{record.pk}-{reader[:16]}",
            member=str(member),
        )
    return member


@contextmanager
def in_the_name_of(member: User) -> Iterator[None]:
    """Let the history of what is changed meanwhile say who did it, and that it was done there."""

    def explain(history_instance: Any, **kwargs: Any) -> None:
        history_instance.history_change_reason = (
            history_instance.history_change_reason or CHANGED_THERE
        )

    HistoricalRecords.context.request = SimpleNamespace(user=member)
    pre_create_historical_record.connect(explain)
    try:
        yield
    finally:
        pre_create_historical_record.disconnect(explain)
        del HistoricalRecords.context.request


def _purposes() -> list[str]:
    return [*BUILT_IN, *Purpose.objects.active().values_list("code", flat=True)]
