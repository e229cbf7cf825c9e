"""Misuse of personal data by staff: recorded with what was done about it."""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from policies.counting import local_day
from staff.exceptions import MisuseRefused
from staff.models import Measure, Misuse, RevocationReason
from staff.undertakings import end_undertakings

ENDING = {Measure.DISCIPLINE, Measure.CONTRACT_ENDED, Measure.REPORTED}  # ends what was signed


@transaction.atomic
def record_misuse(
    member: User, *, found_on: date, category: str, case_reference: str, measure: str, by: User
) -> Misuse:
    """Write down a misuse; a grave measure revokes at once what binds the member.

    Raises MisuseRefused.
    """
    member = User.objects.select_for_update().get(pk=member.pk)
    if member == by:
        raise MisuseRefused(_("Somebody else decides about your own access."))
    if found_on > local_day(timezone.now()):
        raise MisuseRefused(_("This day is still to come."))
    misuse = Misuse.objects.create(
        member=member,
        found_on=found_on,
        category=category,
        case_reference=case_reference,
        measure=measure,
        decided_by=by,
    )
    if measure in ENDING:
        end_undertakings(member, reason=RevocationReason.MISUSE, by=by)
    return misuse
