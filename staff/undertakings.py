"""Undertakings of confidentiality: without one in force, a member of staff sees no personal data.

They are signed by the member, hold for the company's months and never beyond the last day of work,
and end at once when a data protection officer revokes them: access.gate asks at each request.
"""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from access.gate import binds_staff
from accounts.models import User
from accounts.staff import officers, works_today
from common.history import save_as
from common.signatures import canonical
from notices.services import fills_template, queue_notice
from policies.clocks import the_company
from policies.counting import add_months, local_day
from policies.models import sha256
from staff.exceptions import RevocationRefused, SigningRefused
from staff.models import RevocationReason, Undertaking, UndertakingText

REMINDED_BEFORE = (30, 7, 0)  # days
RENEWED_WITHIN = timedelta(days=30)  # of its last day, an undertaking may be signed anew


@binds_staff
def who_signed(staff: QuerySet[User]) -> QuerySet[User]:
    """Narrow members of staff to those who work here and have an undertaking in force."""
    now = timezone.now()
    signed = Undertaking.objects.in_force(now).filter(member=OuterRef("pk"))
    return staff.filter(works_today(), Exists(signed))


def is_bound(member: User) -> bool:
    return who_signed(User.objects.filter(pk=member.pk)).exists()


# Texts


def current_text() -> UndertakingText | None:
    """Return what is signed now."""
    return UndertakingText.objects.first()


@transaction.atomic
def publish_text(*, body_vi: str, body_en: str, by: User | None) -> UndertakingText:
    """Let this be signed from now on. What was signed before holds until its last day."""
    last = UndertakingText.objects.aggregate(last=Max("number"))["last"] or 0
    return UndertakingText.objects.create(
        number=last + 1, body_vi=body_vi, body_en=body_en, published_by=by
    )


# Signing


def renewal_of(member: User) -> date | None:
    """Return the last day of what binds a member, if it is so near that they may sign anew."""
    rows = Undertaking.objects.in_force(timezone.now()).filter(member=member)
    last = rows.aggregate(last=Max("valid_until"))["last"]
    return last if last and last - local_day(timezone.now()) <= RENEWED_WITHIN else None


def why_not(member: User) -> str:
    """Return why a member cannot sign now; empty where they can."""
    if Undertaking.objects.barring().filter(member=member).exists():
        return _(
            "Your undertaking was revoked. A data protection officer has to let you sign anew."
        )
    if is_bound(member) and renewal_of(member) is None:
        return _("You have signed, and your undertaking is in force.")
    return ""


@transaction.atomic
def sign_undertaking(member: User, *, number: int, name: str, language: str) -> Undertaking:
    """Sign the text of that number, which ``member`` has read, with their name.

    Raises SigningRefused.
    """
    member.refresh_from_db(from_queryset=User.objects.select_for_update())
    if refusal := why_not(member):
        raise SigningRefused(refusal)
    text = current_text()
    if text is None or text.number != number:
        raise SigningRefused(_("The text has changed meanwhile. Please read the new one."))
    if _folded(name) != _folded(str(member)):
        raise SigningRefused(_("Type your name as it stands above: %s.") % member)
    now = timezone.now()
    undertaking = Undertaking(
        member=member,
        text=text,
        language=language,
        typed_name=name,
        signed_at=now,
        valid_until=_last_day(member, now),
    )
    undertaking.sha256 = digest_of(undertaking)
    save_as(undertaking, by=member, reason="signed")
    return undertaking


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _last_day(member: User, signed_at: datetime) -> date:
    today = local_day(signed_at)
    last = add_months(today, the_company().undertaking_months)
    return min(last, member.engaged_until or last)


def digest_of(undertaking: Undertaking) -> str:
    """Return the hash of what was signed: who, which words, under which name, when, until when."""
    text = undertaking.text
    signed: dict[str, Any] = {
        "member": undertaking.member.public_id,
        "number": text.number,
        "text_vi": sha256(text.body_vi),
        "text_en": sha256(text.body_en),
        "language": undertaking.language,
        "name": undertaking.typed_name,
        "signed_at": undertaking.signed_at.isoformat(),
        "valid_until": undertaking.valid_until.isoformat(),
    }
    return sha256(canonical(signed).decode())


# Revoking


@transaction.atomic
def revoke_undertaking(undertaking: Undertaking, *, reason: RevocationReason, by: User) -> None:
    """End what a member signed, at once, also in open sessions; all that is in force goes.

    Raises RevocationRefused.
    """
    member = User.objects.select_for_update().get(pk=undertaking.member_id)
    if member == by:
        raise RevocationRefused(_("Your own undertaking is revoked by somebody else."))
    undertaking.refresh_from_db(from_queryset=Undertaking.objects.select_for_update())
    if undertaking.revoked_at is not None:
        raise RevocationRefused(_("This undertaking is revoked already."))
    end_undertakings(member, reason=reason, by=by)
    undertaking.refresh_from_db()
    if undertaking.revoked_at is None:
        raise RevocationRefused(_("This undertaking has expired."))


def end_undertakings(member: User, *, reason: RevocationReason, by: User) -> int:
    """Revoke all that binds a member, who is told; return how many. Call it with them locked."""
    now = timezone.now()
    ended = list(Undertaking.objects.in_force(now).filter(member=member))
    for each in ended:
        each.revoked_at, each.revoked_by, each.reason = now, by, reason
        save_as(each, by=by, reason="revoked", fields=["revoked_at", "revoked_by", "reason"])
        for reader in officers() | {member.public_id}:
            queue_notice(
                "undertaking_revoked",
                recipient=reader,
                key=f"unbound-{each.pk}-{reader[:16]}",
                member=str(member),
                by=str(by),
                reason=reason,
            )
    return len(ended)


@fills_template("undertaking_revoked")
def fill_undertaking_revoked(values: dict[str, Any]) -> dict[str, Any]:
    return {"reason_text": RevocationReason(values["reason"]).label}


@transaction.atomic
def readmit_member(undertaking: Undertaking, *, by: User) -> None:
    """Let a member whose undertaking was revoked sign anew.

    Raises RevocationRefused.
    """
    member = User.objects.select_for_update().get(pk=undertaking.member_id)
    if member == by:
        raise RevocationRefused(_("Somebody else decides whether you may sign anew."))
    barring = Undertaking.objects.barring().filter(member=member)
    if not barring.exists():
        raise RevocationRefused(_("This member of staff may sign already."))
    for each in barring:
        each.readmitted_at, each.readmitted_by = timezone.now(), by
        save_as(each, by=by, reason="readmitted", fields=["readmitted_at", "readmitted_by"])


# Reminding


def remind_of_undertakings() -> int:
    """Tell whose last day is near or over; return how many were told. Nobody is told twice.

    The officers learn of each that has ended.
    """
    today = local_day(timezone.now())
    near = today + timedelta(days=REMINDED_BEFORE[0])
    rows = Undertaking.objects.filter(
        revoked_at=None, valid_until__range=(today - timedelta(days=7), near)
    )
    later = Undertaking.objects.filter(
        member=OuterRef("member"), revoked_at=None, valid_until__gt=OuterRef("valid_until")
    )
    due = rows.filter(~Exists(later), member__is_active=True).select_related("member")
    for each in due:
        _remind(each, (each.valid_until - today).days)
    return len(due)


def _remind(undertaking: Undertaking, days: int) -> None:
    step = min(n for n in REMINDED_BEFORE if days <= n)
    readers = {undertaking.member.public_id} | (officers() if step == 0 else set())
    for reader in readers:
        queue_notice(
            "undertaking_ends",
            recipient=reader,
            key=f"bound-{undertaking.pk}-{step}-{reader[:16]}",
            member=str(undertaking.member),
            last_day=undertaking.valid_until.isoformat(),
        )
