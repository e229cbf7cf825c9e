"""Devices that people sign in from: a mail about one that is new, and what is kept of each."""

import hashlib
import re
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.consents import choices_of
from accounts.erasure import lock_erasable
from accounts.exceptions import NoSuchDevice
from accounts.models import Customer, KnownDevice, User
from accounts.user_agents import browser_of, device_name, system_of
from common.personal_data import DataCategory, OwnPeriod
from common.tokens import new_public_id
from notices.services import fills_template, queue_notice
from policies.counting import add_months, local_day
from policies.models import Purpose, RetentionTrigger
from policies.periods import rule_for

COOKIE = "device"
COOKIE_SECONDS = int(timedelta(days=365).total_seconds())
JUST_SIGNED_UP = timedelta(hours=1)  # whose first device is no news to its owner
SCREEN = re.compile(r"\d{2,5}x\d{2,5}")


def recognise_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Note from which device somebody has just signed in; tell them if it is a new one.

    Gives the browser the cookie by which it is known again, here and nowhere else.
    """
    cookie = request.COOKIES.get(COOKIE, "")
    if not re.fullmatch("[0-9a-f]{32}", cookie):
        cookie = new_public_id()
    _note(request, user, hashlib.sha256(cookie.encode()).hexdigest())
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=COOKIE_SECONDS,
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )


@transaction.atomic
def _note(request: HttpRequest, user: User, cookie_hash: str) -> None:
    user_agent = request.META.get("HTTP_USER_AGENT", "")
    values = {
        "browser": browser_of(user_agent),
        "system": system_of(user_agent),
        "last_seen_at": timezone.now(),
        **_details(request, user),
    }
    device, is_new = KnownDevice.objects.update_or_create(
        user=user, cookie_hash=cookie_hash, defaults=values
    )
    is_first = not KnownDevice.objects.filter(user=user).exclude(pk=device.pk).exists()
    signed_up = is_first and user.date_joined > timezone.now() - JUST_SIGNED_UP
    if is_new and not signed_up:
        queue_notice(
            "new_device",
            recipient=_recipient_of(user),
            key=f"device-{device.public_id}",
            device=device.public_id,
        )


def _recipient_of(user: User) -> str:
    customer = Customer.objects.filter(user=user).first()
    return customer.public_id if customer else user.public_id


def _details(request: HttpRequest, user: User) -> dict[str, str]:
    customer = Customer.objects.filter(user=user).first()
    if customer is None or not keeps_details_of(customer):
        return {}
    language = request.META.get("HTTP_ACCEPT_LANGUAGE", "").partition(",")[0].partition(";")[0]
    screen = request.POST.get("screen", "")
    return {
        "language": language.strip()[:20] if language.isascii() else "",
        "screen": screen if SCREEN.fullmatch(screen) else "",
    }


def asks_for_screen() -> bool:
    """Say whether the company asks consent to a purpose that uses devices."""
    return bool(_purposes().exists())


def keeps_details_of(customer: Customer) -> bool:
    """Say whether the customer agreed to more than the security of the account needs."""
    agreed = [choice.purpose.pk for choice in choices_of(customer) if choice.is_given]
    return bool(_purposes().filter(pk__in=agreed).exists())


def _purposes() -> Any:
    return Purpose.objects.asking_consent().filter(data_categories__contains=[DataCategory.DEVICE])


@fills_template("new_device")
def fill_new_device(values: dict[str, Any]) -> dict[str, Any]:
    """Name the device and the time when the mail is sent; a forgotten device has no name."""
    device = KnownDevice.objects.filter(public_id=values["device"]).first()
    return {"known": device}


@transaction.atomic
def forget_device(customer: Customer, public_id: str) -> None:
    """Erase one device; a sign-in from it counts as new again.

    Raises AccountClosed, ErasureRefused, NoSuchDevice.
    """
    lock_erasable(customer, DataCategory.DEVICE)
    mine = {each.public_id: each for each in KnownDevice.objects.filter(user__customer=customer)}
    if public_id not in mine:
        raise NoSuchDevice(_("This device is not on the list any more."))
    mine[public_id].delete()


def period_of_devices() -> OwnPeriod | None:
    """Return how long devices stay after the last sign-in; the rule of their kind says it."""
    rule = rule_for(DataCategory.DEVICE, RetentionTrigger.LAST_ACTIVITY, local_day(timezone.now()))
    if rule is None:
        return None
    months = rule.months

    def last_day(devices: "QuerySet[KnownDevice]") -> date:
        last = devices.aggregate(last=Max("last_seen_at"))["last"]
        return add_months(local_day(last), months)

    return OwnPeriod("", rule.source, last_day)


def name_of(user_agent: str) -> str:
    return device_name(user_agent) or str(_("An unknown device"))
