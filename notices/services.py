"""The outbox. A notice is a row in the transaction that causes it; a worker sends it later."""

import json
import logging
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from smtplib import SMTPServerDisconnected
from time import monotonic
from typing import Any, NamedTuple

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.db.models import Count, F, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation

from common.jobs import wake
from common.tokens import new_public_id
from notices.models import Notice, NoticeChannel, NoticePriority, NoticeState, Outcome
from notices.sms import Sms
from notices.tasks import send_notices

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)  # longer than any mail takes to leave
SMS_WITHIN = timedelta(minutes=10)  # later its code is worth nothing, and only confuses
LONGEST_WAIT = 360  # minutes between two tries
ATTEMPTS = 12  # with doubling waits: more than a day of a mail server that is away
LONGEST_ROUND = 300  # seconds; the next sweep goes on
BLANK_LINES = re.compile(r"\n{3,}")
MAILS_PER_CONNECTION = 50  # many mail servers end a longer conversation


@dataclass(frozen=True)
class Recipient:
    name: str
    address: str
    language: str
    phone: str = ""


class Rendered(NamedTuple):
    """A mail in words; page is its HTML, or "" where the text is all there is."""

    subject: str
    body: str
    page: str


FindRecipient = Callable[[str], Recipient | None]
"""Takes a public id; returns whom to write to, or None when nobody of that id is left."""

_finders: list[FindRecipient] = []


def finds_recipients(finder: FindRecipient) -> FindRecipient:
    """Let a room above say who its public ids belong to."""
    _finders.append(finder)
    return finder


_finders_of: dict[str, FindRecipient] = {}


def finds_recipients_of(*templates: str) -> Callable[[FindRecipient], FindRecipient]:
    """Let a room above say whom these notices go to, where its people get no others."""

    def register(finder: FindRecipient) -> FindRecipient:
        _finders_of.update(dict.fromkeys(templates, finder))
        return finder

    return register


Fill = Callable[[dict[str, Any]], dict[str, Any]]
"""Takes a notice's stored values; returns what its template needs beyond them."""

_fills: dict[str, Fill] = {}


FindWayOut = Callable[[str, str], str | None]
"""Takes a public id and the code of a purpose; returns the address at which one click ends such
mails, or None when the person must not get one. Asked just before each mail leaves, in a
transaction: what it locks waits for a withdrawal that is under way."""

_guards: list[FindWayOut] = []


def guards_marketing(guard: FindWayOut) -> FindWayOut:
    """Let a room above say who may get advertising. Without one nobody does."""
    _guards.append(guard)
    return guard


def fills_template(template: str) -> Callable[[Fill], Fill]:
    """Let a room above fetch what a template says, when the mail is sent, in its language.

    Where it returns ``html``, that is sent beside the text, in the template of the same name.
    """

    def register(fill: Fill) -> Fill:
        _fills[template] = fill
        return fill

    return register


def queue_notice(template: str, *, recipient: str, key: str, **context: Any) -> None:
    """Write a notice to ``recipient`` (a public id); a second one with the same ``key`` is none.

    ``context`` may hold references, days and links, never personal data.
    """
    _queue(template=template, recipient=recipient, key=key, context=context)


def queue_notices(
    template: str,
    notices: Iterable[tuple[str, str, dict[str, Any]]],
    *,
    priority: NoticePriority = NoticePriority.AT_ONCE,
) -> None:
    """Write several notices at once, each by its recipient, key and context as queue_notice()."""
    now = timezone.now()
    rows = [
        Notice(
            template=template,
            recipient=recipient,
            key=key,
            context=context,
            priority=priority,
            send_after=now,
        )
        for recipient, key, context in notices
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        transaction.on_commit(partial(wake, send_notices))


def queue_mailing(
    template: str,
    *,
    mailing: str,
    recipients: QuerySet[Any, str],
    purpose: str = "",
    **context: Any,
) -> int:
    """Write one notice to each of ``recipients`` (a query for public ids); return how many.

    One statement, however many they are, so that no row passes through Python.
    Whoever has a notice of this ``mailing`` (at most 30 letters) gets no second one.
    With a ``purpose`` it is advertising.
    """
    people, parameters = recipients.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO notices_notice (
                key, mailing, purpose, template, recipient, context, priority, state,
                address, subject, body, error, attempts, queued_at, send_after
            )
            SELECT %s || '-' || public_id, %s, %s, %s, public_id, %s::jsonb, %s, %s,
                   '', '', '', '', 0, now(), now()
            FROM ({people}) AS people (public_id)
            ON CONFLICT (key) DO NOTHING
            """,  # noqa: S608 -- Django's own statement, with its parameters beside it
            [
                mailing,
                mailing,
                purpose,
                template,
                json.dumps(context),
                NoticePriority.MAILING,
                NoticeState.QUEUED,
                *parameters,
            ],
        )
        return int(cursor.rowcount)


def mark_seen(mailing: str, recipient: str) -> None:
    """Note that the recipient opened what the mailing spoke of; the first time counts."""
    key = f"{mailing}-{recipient}"
    Notice.objects.filter(key=key, seen_at=None).update(seen_at=timezone.now())


@dataclass(frozen=True)
class Delivery:
    """How many notices of a mailing fared how; whoever has seen it counts there alone."""

    failed: int = 0
    queued: int = 0
    sent: int = 0
    seen: int = 0
    dropped: int = 0
    refused: int = 0

    @property
    def settled(self) -> int:
        """Return for how many nothing more is going to happen."""
        return self.failed + self.sent + self.seen + self.dropped + self.refused


def count_delivery(mailing: str) -> Delivery:
    return count_deliveries([mailing])[mailing]


def count_deliveries(mailings: Collection[str]) -> dict[str, Delivery]:
    """Count several mailings in one query."""
    rows = Notice.objects.filter(mailing__in=mailings).order_by()
    found: dict[str, dict[str, int]] = {mailing: {} for mailing in mailings}
    counted = rows.values_list("mailing", "outcome").annotate(number=Count("*"))
    for mailing, outcome, number in counted:
        found[mailing][outcome] = number
    return {mailing: Delivery(**numbers) for mailing, numbers in found.items()}


def notices_of_mailing(mailing: str, outcome: Outcome, *, after: int = 0) -> QuerySet[Notice]:
    """Return those that fared so, in an order in which any page is found as fast as the first.

    ``after`` is the primary key of the last one on the page before.
    """
    rows = Notice.objects.filter(mailing=mailing, outcome=outcome)
    return rows.alias(place=F("pk") + 0).filter(place__gt=after).order_by("place")


def find_in_mailing(mailing: str, public_id: str) -> QuerySet[Notice]:
    """Find by a public id or its beginning."""
    return Notice.objects.filter(mailing=mailing, key__startswith=f"{mailing}-{public_id}")


def queue_rendered(template: str, *, address: str, subject: str, body: str) -> None:
    """Write a mail that was rendered already, as sign-in mails are: its secret exists just once."""
    _queue(
        template=template,
        address=address,
        subject=subject[:200],
        body=body,
        key=new_public_id(),
    )


def queue_sms(*, recipient: str, text: str) -> None:
    """Write a text message to whom this public id is of; it forgets its text once sent.

    It takes the place of one that still waits, whose code is worth nothing any more.
    """
    waiting = Notice.objects.filter(recipient=recipient, channel=NoticeChannel.SMS)
    waiting.filter(state=NoticeState.QUEUED).delete()
    _queue(
        template="sms",
        channel=NoticeChannel.SMS,
        recipient=recipient,
        body=text,
        key=new_public_id(),
    )


def queue_to(recipient: Recipient, template: str, **context: Any) -> None:
    """Write a mail to an address that is nobody's yet, or no longer, as to both of a change."""
    subject, body, _page = _render(template, recipient, context)
    queue_rendered(template, address=recipient.address, subject=subject, body=body)


def _queue(*, key: str, **values: Any) -> None:
    _notice, created = Notice.objects.get_or_create(
        key=key, defaults={"send_after": timezone.now(), **values}
    )
    if created:
        transaction.on_commit(partial(wake, send_notices))


def send_due_notices() -> int:
    """Send what is due, for a few minutes at most; return how many were tried.

    Each is claimed in a transaction of its own that puts the next try off, and
    sent outside of any: a slow mail server holds no lock. Two workers never send
    one notice; a crash in between sends it again, as a legal notice must.
    """
    until = monotonic() + LONGEST_ROUND
    tried = 0
    post = get_connection()
    try:
        while monotonic() < until and (notice := _claim_next()):
            _send(notice, post)
            tried += 1
            if tried % MAILS_PER_CONNECTION == 0:
                post.close()
    finally:
        post.close()
    return tried


@transaction.atomic
def _claim_next() -> Notice | None:
    due = Notice.objects.due(timezone.now()).order_by("priority", "send_after")
    notice = due.select_for_update(skip_locked=True).first()
    if notice is not None:
        notice.attempts += 1
        wait = timedelta(minutes=min(2**notice.attempts, LONGEST_WAIT))
        notice.send_after = timezone.now() + max(wait, LEASE)
        notice.save(update_fields=["attempts", "send_after"])
    return notice


def _send(notice: Notice, post: BaseEmailBackend) -> None:
    try:
        with transaction.atomic():
            message = _message(notice)
        if isinstance(message, Sms):
            message.send()
        elif isinstance(message, EmailMessage):
            _hand_over(message, post)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:  # noqa: BLE001 -- one broken notice must not keep the others
        post.close()
        _give_up_or_wait(notice, type(error).__name__)
    else:
        _settle(notice, message if isinstance(message, NoticeState) else NoticeState.SENT)


def _hand_over(message: EmailMessage, post: BaseEmailBackend) -> None:
    """Send through a connection that stays open for the next mail.

    One that the server has ended meanwhile says nothing about this mail, which must
    not wait for the next try: it may be a code that somebody waits for.
    """
    message.connection = post
    try:
        post.open()
        message.send()
    except SMTPServerDisconnected:
        post.close()
        post.open()
        message.send()


def _message(notice: Notice) -> EmailMessage | Sms | NoticeState:
    """Return the mail or text message, or how the notice ends without one."""
    if notice.address:
        return EmailMessage(notice.subject, notice.body, to=[notice.address])
    recipient = _recipient_of(notice)
    if recipient is None:
        return NoticeState.DROPPED
    if notice.channel == NoticeChannel.SMS:
        is_late = timezone.now() - notice.queued_at > SMS_WITHIN
        known = recipient.phone and not is_late
        return Sms(recipient.phone, notice.body) if known else NoticeState.DROPPED
    if not notice.purpose:
        return _mail(recipient, _render(notice.template, recipient, notice.context))
    way_out = _way_out(notice)
    return _advertising(notice, recipient, way_out) if way_out else NoticeState.REFUSED


def _way_out(notice: Notice) -> str | None:
    return next(filter(None, (find(notice.recipient, notice.purpose) for find in _guards)), None)


def _advertising(notice: Notice, recipient: Recipient, way_out: str) -> EmailMessage:
    """Write a mail that one click of its reader, or of the mail program, ends. Source: RFC 8058."""
    values = {**notice.context, "unsubscribe": way_out}
    message = _mail(recipient, _render(notice.template, recipient, values))
    message.extra_headers["List-Unsubscribe"] = f"<{way_out}>"
    message.extra_headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


def _mail(recipient: Recipient, words: Rendered) -> EmailMessage:
    message = EmailMultiAlternatives(words.subject, words.body, to=[recipient.address])
    if words.page:
        message.attach_alternative(words.page, "text/html")
    return message


def _render(template: str, recipient: Recipient, values: dict[str, Any]) -> Rendered:
    """Write a mail in the recipient's language."""
    context = {**values, "name": recipient.name, "site": settings.SITE_ORIGIN}
    with translation.override(recipient.language):
        if fill := _fills.get(template):
            context |= fill(values)
        text = render_to_string(f"notices/{template}.txt", context)
        page = render_to_string(f"notices/{template}.html", context) if "html" in context else ""
    subject, _blank, body = text.strip().partition("\n")
    body = BLANK_LINES.sub("\n\n", body)  # of blocks that a template leaves empty
    return Rendered(subject.strip(), body.strip() + "\n", page)


def _recipient_of(notice: Notice) -> Recipient | None:
    own = _finders_of.get(notice.template)
    finders = [own] if own else _finders
    return next(filter(None, (find(notice.recipient) for find in finders)), None)


def _settle(notice: Notice, state: NoticeState) -> None:
    """Note the end of a notice, and forget its address and text."""
    notice.state = state
    notice.sent_at = timezone.now() if state == NoticeState.SENT else None
    notice.address = notice.subject = notice.body = ""
    _note(notice, "state", "sent_at", "address", "subject", "body")


def _give_up_or_wait(notice: Notice, error: str) -> None:
    logger.warning("notice %s not sent: %s", notice.pk, error)
    if notice.attempts >= ATTEMPTS:
        _settle(notice, NoticeState.FAILED)
    else:
        notice.error = error[:64]
        _note(notice, "error")


def _note(notice: Notice, *fields: str) -> None:
    """Save these fields, unless an erasure has taken the row meanwhile."""
    Notice.objects.filter(pk=notice.pk).update(**{name: getattr(notice, name) for name in fields})
