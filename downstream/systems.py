"""The register of systems that get orders, and their secrets."""

import base64
import secrets
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.models import User
from common.history import save_as
from downstream.addresses import check_endpoint
from downstream.exceptions import SystemRefused
from downstream.models import Order, OrderKind, OrderState, System, SystemQuerySet
from downstream.orders import leave_to_people, put_back
from policies.models import Purpose

SECRET_BYTES = 32  # the standard asks for 24 to 64
OVERLAP = timedelta(days=7)  # in which both secrets sign, after a new one was made
DESTROY_BACKUPS = {OrderKind.BACKUP_DESTRUCTION, OrderKind.DESTRUCTION}


def new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


@transaction.atomic
def save_system(
    system: System | None,
    *,
    values: Mapping[str, Any],
    purposes: Collection[Purpose],
    by: User,
) -> System:
    """Add a system (``system`` is None) with a secret, or change one; values by column.

    Raises SystemRefused.
    """
    row = _in_use(system) if system else System(secret=new_secret())
    for name, value in values.items():
        setattr(row, name, value)
    if row.endpoint:
        check_endpoint(row.endpoint)
    if not purposes and not row.data_categories:
        raise SystemRefused(_("Name the purposes for which it uses data, or the data it holds."))
    if OrderKind.BACKUP in row.kinds and not set(row.kinds) >= DESTROY_BACKUPS:
        raise SystemRefused(
            _("What backs up must also be told to destroy: backups, and what is hosted.")
        )
    reason, fields = ("changed", list(values)) if system else ("added", None)
    try:
        with transaction.atomic():
            save_as(row, by=by, reason=reason, fields=fields)
    except IntegrityError:
        raise SystemRefused(_("There is a system of this name already.")) from None
    if set(purposes) != set(row.purposes.all()):
        row.purposes.set(purposes)
    if not row.endpoint:
        leave_to_people(Order.objects.filter(system=row))
    return row


@transaction.atomic
def renew_secret(system: System, *, by: User, has_leaked: bool = False) -> str:
    """Make a new secret and return it, to be shown once.

    The one before signs for a while too, unless it has leaked, or until the new one was used.

    Raises SystemRefused.
    """
    _in_use(system)
    system.previous_secret, system.secret = system.secret, new_secret()
    system.previous_until = timezone.now() + OVERLAP
    if has_leaked:
        system.previous_secret, system.previous_until = "", None
    save_as(
        system,
        by=by,
        reason="secret leaked" if has_leaked else "secret renewed",
        fields=["secret", "previous_secret", "previous_until"],
    )
    return str(system.secret)


@transaction.atomic
def resume_system(system: System, *, by: User) -> None:
    """Send a system orders again, those first that people were to carry out and have not.

    What it does not know by its own name stays with them.

    Raises SystemRefused.
    """
    _in_use(system)
    if system.disabled_at is None:
        raise SystemRefused(_("This system gets its orders."))
    system.disabled_at = None
    save_as(system, by=by, reason="resumed", fields=["disabled_at"])
    put_back(Order.objects.filter(system=system, state=OrderState.TASK).by_name())


@transaction.atomic
def retire_system(system: System, *, by: User) -> None:
    """Order nothing more from a system. What was ordered stays to be acknowledged.

    Raises SystemRefused.
    """
    _in_use(system)
    system.retired_at = timezone.now()
    save_as(system, by=by, reason="retired", fields=["retired_at"])


def forget_old_secrets() -> int:
    """Forget the secrets that sign no more; return how many. Safe to repeat."""
    return _forget_secret_before(System.objects.filter(previous_until__lt=timezone.now()))


def is_signed(system: System, body: bytes, headers: Mapping[str, str]) -> bool:
    """Say whether a body is the system's and of these minutes.

    Once the system signs with its new secret, the one before is forgotten.
    """
    fitting = [each for each in system.secrets(timezone.now()) if _fits(each, body, headers)]
    if system.secret in fitting and system.previous_until is not None:
        _forget_secret_before(
            System.objects.filter(pk=system.pk, previous_until=system.previous_until)
        )
    return bool(fitting)


def _fits(secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False
    return True


def _forget_secret_before(systems: SystemQuerySet) -> int:
    return systems.update(previous_secret="", previous_until=None)


def _in_use(system: System) -> System:
    system.refresh_from_db(from_queryset=System.objects.select_for_update(of=("self",)))
    if system.retired_at is not None:
        raise SystemRefused(_("This system is no longer used; it is never changed again."))
    return system
