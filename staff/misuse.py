"""Misuse of personal data by staff: recorded with what was done about it."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from policies.counting import local_day
from staff.exceptions import MisuseRefused
from staff.models import Measure, Misuse, RevocationReason, Undertaking
from staff.undertakings import end_undertakings

ENDING = {Measure.DISCIPLINE, Measure.CONTRACT_ENDED, Measure.REPORTED}  # ends what was signed
AT_ONCE = timedelta(minutes=1)  # longer than any transaction of a page


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


def ended_by(misuse: Misuse) -> QuerySet[Undertaking]:
    """Return what the member had signed that was revoked in the transaction of this record."""
    return Undertaking.objects.filter(
        member=misuse.member_id,
        reason=RevocationReason.MISUSE,
        revoked_by=misuse.decided_by_id,
        revoked_at__range=(misuse.decided_at, misuse.decided_at + AT_ONCE),
    )
