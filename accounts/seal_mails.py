"""The newest seal of the access records, mailed to the auditors: a copy beyond anybody's reach.

And the news that for a time nothing was sealed, to them and to the data protection officers.
"""

from django.conf import settings
from django.utils import timezone

from access.blocks import hash_of
from access.models import AccessSeal, AccessVerification
from access.roles import AUDITOR
from accounts.staff import holders, officers
from notices.services import queue_notices
from policies.counting import local_day


def mail_newest_seal() -> None:
    """Write one mail to each auditor. Safe to repeat: nobody gets two of a day."""
    seal = AccessSeal.objects.newest()
    if seal is None or not settings.MAIL_ACCESS_SEALS:
        return
    day = local_day(timezone.now())
    context = {"number": str(seal.number), "hash": hash_of(seal.text), "text": seal.text}
    queue_notices(
        "access_seal",
        [(auditor, f"seal-{day}-{auditor[:16]}", context) for auditor in sorted(holders(AUDITOR))],
    )


def mail_gaps() -> None:
    """Tell of each gap in the sealing that a verification found. Safe to repeat: once to each."""
    for verification in AccessVerification.objects.with_gaps(timezone.now()):
        people = sorted(holders(AUDITOR) | officers())
        key = f"gap-{verification.pk}"
        context = {"number": str(verification.gaps)}
        queue_notices("seal_gap", [(each, f"{key}-{each[:16]}", context) for each in people])
