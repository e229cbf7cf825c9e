"""Other systems of the company: their keys, and what they ask."""

import hashlib
import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from access.models import AccessAction
from access.roles import SYSTEM
from access.services import record_access
from accounts.models import User
from common.history import save_as
from common.personal_data import DataCategory
from common.tokens import new_public_id
from marketing.exceptions import SystemRefused
from marketing.models import ApiClient
from marketing.permission import Answer, customers_at, may_use_contact
from policies.models import Purpose

SEEN_EVERY = timedelta(minutes=1)  # the mark of the last question is no finer


def add_system(name: str, *, by: User) -> tuple[ApiClient, str]:
    """Register a system; return it with its key, which is shown once and kept nowhere.

    Raises SystemRefused when there is one of that name.
    """
    key = secrets.token_urlsafe(32)
    system = ApiClient(name=name, key_sha256=_hash(key))
    try:
        with transaction.atomic():
            system.user = _user_of(name, by=by)
            save_as(system, by=by, reason="added")
    except IntegrityError:
        raise SystemRefused(_("There is a system of this name already.")) from None
    return system, key


@transaction.atomic
def revoke_system(system: ApiClient, *, by: User) -> None:
    """Answer a system no more. Safe to repeat."""
    system.refresh_from_db(from_queryset=ApiClient.objects.select_for_update(of=("self",)))
    if system.revoked_at is None:
        system.revoked_at = timezone.now()
        save_as(system, by=by, reason="revoked", fields=["revoked_at"])


def system_with_key(key: str) -> ApiClient | None:
    """Return the system whose key this is, unless it was revoked."""
    known = ApiClient.objects.filter(key_sha256=_hash(key), revoked_at=None)
    return known.select_related("user").first()


@transaction.atomic
def answer_system(system: ApiClient, *, contact: str, purpose: Purpose) -> Answer:
    """Say whether data of whom the contact names may be used, and record who asked about whom.

    A question that reaches nobody known is recorded too, about nobody.
    """
    now = timezone.now()
    long_ago = Q(last_asked_at=None) | Q(last_asked_at__lt=now - SEEN_EVERY)
    ApiClient.objects.filter(long_ago, pk=system.pk).update(last_asked_at=now)
    for public_id in [customer.public_id for customer in customers_at(contact)] or [""]:
        record_access(
            by=system.user,
            role=SYSTEM,
            action=AccessAction.CHECK,
            customer=public_id,
            purpose=purpose.code,
            field_groups=[DataCategory.CONSENT],
        )
    return may_use_contact(contact, purpose)


def _user_of(name: str, *, by: User) -> User:
    """Make the one under whom a system stands in records; nobody can sign in as that."""
    public_id = new_public_id()
    user = User(
        public_id=public_id,
        email=f"{public_id}@systems.invalid",
        staff_name=name,
        is_active=False,
    )
    user.set_unusable_password()
    save_as(user, by=by, reason="added")
    return user


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
