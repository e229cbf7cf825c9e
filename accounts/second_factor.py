"""The second factor of a sign-in: free for customers, required of staff.

An app that shows codes, or a passkey. With the first of them come recovery codes. Whether a
session has passed it is read from allauth's records in that session.
"""

from collections.abc import Collection
from functools import reduce
from operator import or_
from typing import Any

from allauth.account.internal.flows.login import (
    clear_authentication_records,
    get_authentication_records,
    record_authentication,
)
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed
from django.db.models import Q, QuerySet
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.sessions import end_sessions
from common.encryption import open_text, seal_text
from common.encryption.rotation import rotates_keys
from common.encryption.sealing import VERSION
from policies.models import Company

SEALED_AS = "mfa.Authenticator.data"
SECRETS = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)  # recovery codes are no factor


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is not right, or it was used already."),
        "unverified_email": _("Confirm your email first."),
        "cannot_delete_authenticator": _(
            "As a member of staff you always need one. Add another way first."
        ),
        "cannot_generate_recovery_codes": _("Set up an app or a passkey first."),
    }

    def encrypt(self, text: str) -> str:
        return seal_text(text, SEALED_AS)

    def decrypt(self, encrypted_text: str) -> str:
        return open_text(encrypted_text, SEALED_AS)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not authenticator.user.is_staff or _factors(authenticator.user).count() > 1

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey %(number)d") % {"number": number}

    def _get_site_name(self) -> str:
        company = Company.objects.first()
        return company.short_name if company else str(_("Privacy portal"))


def has_second_factor(user: User) -> bool:
    return bool(_factors(user).exists())


def has_passed(request: HttpRequest) -> bool:
    """Say whether this session has shown a second factor."""
    records = get_authentication_records(request, request.user)
    return any(record.get("method") == "mfa" for record in records)


def _outside(keys: Collection[str]) -> QuerySet[Any, Any]:
    """Return the authenticators with a secret under none of these keys."""

    def is_outside(kind: str, name: str) -> Q:
        under = (Q(**{f"data__{name}__startswith": f"{VERSION}.{key}."}) for key in keys)
        return Q(type=kind) & ~reduce(or_, under)

    conditions = (is_outside(kind, name) for kind, name in SECRETS.items())
    rows: QuerySet[Any, Any] = Authenticator.objects.filter(reduce(or_, conditions))
    return rows


def _renew(authenticator: Authenticator) -> None:
    name = SECRETS[authenticator.type]
    text = open_text(authenticator.data[name], SEALED_AS)
    authenticator.data[name] = seal_text(text, SEALED_AS)
    authenticator.save(update_fields=["data"])


rotates_keys("mfa.Authenticator", outside=_outside, renew=_renew)


def _factors(user: User) -> Any:
    return Authenticator.objects.filter(user=user, type__in=FACTORS)


@receiver(authenticator_added)
def count_setting_up_as_passing(
    request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    """Let whoever has just set up a factor, and shown it, go on."""
    if authenticator.type in FACTORS:
        record_authentication(
            request, user, "mfa", id=authenticator.pk, type=str(authenticator.type)
        )


@receiver(authenticator_removed)
def forget_passing_when_none_is_left(request: HttpRequest, user: User, **kwargs: Any) -> None:
    if user.is_staff and not has_second_factor(user):
        clear_authentication_records(request)
        end_sessions([user.pk], but=request.session.session_key)
