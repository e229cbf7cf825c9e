"""The newest seal of the access records, mailed to the auditors: a copy beyond anybody's reach."""

from django.conf import settings
from django.utils import timezone

from access.blocks import hash_of
from access.models import AccessSeal
from access.roles import AUDITOR
from accounts.staff import holders
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
