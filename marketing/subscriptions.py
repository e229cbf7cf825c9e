"""Subscribing without an account: asked on a page, confirmed by the link in a mail."""

from datetime import date, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.consents import Words, consent_in_force, write_consent
from accounts.models import ConsentDecision, Customer, EventChannel
from marketing.exceptions import LinkExpired
from marketing.links import confirmation
from marketing.models import Subscription
from marketing.suppression import lift_by_confirmation
from notices.services import fills_template, queue_notice
from policies.counting import add_months, local_day
from policies.models import Channel, Company, PolicyVersion, Purpose, sha256

MAIL = "newsletter_confirm"
CONFIRMED_WITHIN = timedelta(hours=48)
MOST_UNCONFIRMED = 3  # of one address at a time, so that nobody is flooded with mails


def newsletter_purpose() -> Purpose | None:
    """Return what anybody may subscribe to, if the company offers it."""
    chosen = Company.objects.exclude(newsletter="").values("newsletter")
    asked = Purpose.objects.asking_consent().filter(channel=Channel.EMAIL)
    return asked.filter(code__in=chosen).first()


@transaction.atomic
def ask_for_subscription(email: str, purpose: Purpose, *, words: Words) -> None:
    """Note what somebody asked for, and mail the address a link that confirms it.

    The same happens whoever the address belongs to, so that nobody learns that here.
    """
    unconfirmed = Subscription.objects.unconfirmed().filter(email=email)
    if unconfirmed.count() >= MOST_UNCONFIRMED:
        return
    subscription = Subscription.objects.create(
        purpose=purpose,
        email=email,
        wording=words.text,
        wording_sha256=sha256(words.text),
        language=words.language,
        policy_version=PolicyVersion.objects.current(),
    )
    queue_notice(
        MAIL,
        recipient=subscription.public_id,
        key=f"subscribe-{subscription.public_id}",
        subscription=subscription.public_id,
    )


@transaction.atomic
def confirm_subscription(public_id: str) -> None:
    """Let the mails begin. A customer's own address makes it a consent in their ledger.

    Confirming twice changes nothing.

    Raises LinkExpired, also when the question was changed meanwhile.
    """
    found = Subscription.objects.filter(public_id=public_id).values_list("email", flat=True).first()
    if found is None:
        raise LinkExpired(_("This link is no longer valid. Please subscribe anew."))
    customer = _lock_owner(found)
    # All of the address, in one order: two of its links never wait for each other.
    locked = Subscription.objects.select_for_update(of=("self",)).select_related("purpose")
    rows = {each.public_id: each for each in locked.filter(email=found).order_by("pk")}
    subscription = rows.get(public_id)
    if subscription is None or subscription.confirmed_at is not None:
        return  # the same link, followed twice
    if not _is_current(subscription):
        raise LinkExpired(_("This link is no longer valid. Please subscribe anew."))
    others = Subscription.objects.filter(email=subscription.email, purpose=subscription.purpose)
    others.exclude(pk=subscription.pk).delete()
    subscription.confirmed_at = timezone.now()
    if customer is None:
        lift_by_confirmation(subscription)
        subscription.save(update_fields=["confirmed_at"])
    else:
        _hand_to(customer, subscription)


def _is_current(subscription: Subscription) -> bool:
    purpose = subscription.purpose
    return (
        timezone.now() - subscription.asked_at < CONFIRMED_WITHIN
        and purpose.retired_on is None
        and subscription.wording_sha256 in purpose.wording_hashes
    )


def _lock_owner(email: str) -> Customer | None:
    """Lock and return the customer who has proved that the address is theirs, if there is one."""
    proved = EmailAddress.objects.filter(email=email, verified=True).values("user")
    locked = Customer.objects.open().select_for_update(of=("self",))
    return locked.filter(email=email, user__in=proved).first()


def _hand_to(customer: Customer, subscription: Subscription) -> None:
    """Turn a subscription into a consent of the customer, unless there is one, and forget it."""
    if consent_in_force(customer, subscription.purpose) is None:
        write_consent(
            customer,
            subscription.purpose,
            ConsentDecision.GIVEN,
            by=None,
            channel=EventChannel.EMAIL,
            words=Words(subscription.wording, subscription.language),
        )
    subscription.delete()


@transaction.atomic
def adopt_subscriptions(customer: Customer) -> None:
    """Bring what was subscribed before the account was opened into its ledger.

    What the customer has decided on the purpose since stands. Expects the customer's row locked.
    """
    subscribed = Subscription.objects.confirmed().filter(email=customer.email)
    for subscription in subscribed.select_for_update(of=("self",)).select_related("purpose"):
        decided = customer.consents.filter(purpose=subscription.purpose).exists()
        if subscription.is_in_force and not decided:
            _hand_to(customer, subscription)
        else:
            subscription.delete()


def forget_old_subscriptions() -> int:
    """Delete what was not confirmed in time, and what lasted as long as a consent may.

    Returns how many. Safe to repeat.
    """
    now = timezone.now()
    late, _rows = (
        Subscription.objects.unconfirmed().filter(asked_at__lt=now - CONFIRMED_WITHIN).delete()
    )
    return late + _forget_expired(local_day(now))


def _forget_expired(today: date) -> int:
    months = Company.objects.values_list("consent_months", flat=True).first()
    if months is None:
        return 0
    old = Subscription.objects.confirmed().filter(confirmed_at__date__lt=add_months(today, -months))
    return old.delete()[0]


@fills_template(MAIL)
def _link_of(context: dict[str, Any]) -> dict[str, Any]:
    return {"confirm": confirmation(context["subscription"])}
