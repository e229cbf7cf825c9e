"""The register of systems that get orders, and their secrets."""

import base64
import secrets
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from common.history import save_as
from downstream.addresses import check_endpoint
from downstream.exceptions import SystemRefused
from downstream.models import Order, OrderState, System
from policies.models import Purpose

SECRET_BYTES = 32  # the standard asks for 24 to 64
OVERLAP = timedelta(days=7)  # in which both secrets sign, after a new one was made


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
    reason, fields = ("changed", list(values)) if system else ("added", None)
    try:
        with transaction.atomic():
            save_as(row, by=by, reason=reason, fields=fields)
    except IntegrityError:
        raise SystemRefused(_("There is a system of this name already.")) from None
    if set(purposes) != set(row.purposes.all()):
        row.purposes.set(purposes)
    return row


@transaction.atomic
def renew_secret(system: System, *, by: User) -> str:
    """Make a new secret and return it, to be shown once; the one before signs for a while too.

    Raises SystemRefused.
    """
    _in_use(system)
    system.previous_secret, system.secret = system.secret, new_secret()
    system.previous_until = timezone.now() + OVERLAP
    save_as(
        system,
        by=by,
        reason="secret renewed",
        fields=["secret", "previous_secret", "previous_until"],
    )
    return str(system.secret)


@transaction.atomic
def resume_system(system: System, *, by: User) -> None:
    """Send a system orders again, those first that people were to carry out and have not.

    Raises SystemRefused.
    """
    _in_use(system)
    if system.disabled_at is None:
        raise SystemRefused(_("This system gets its orders."))
    system.disabled_at = None
    save_as(system, by=by, reason="resumed", fields=["disabled_at"])
    left = Order.objects.filter(system=system, state=OrderState.TASK)
    left.update(state=OrderState.WAITING, send_after=timezone.now(), attempts=0, error="")


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
    over = System.objects.filter(previous_until__lt=timezone.now())
    return over.update(previous_secret="", previous_until=None)


def _in_use(system: System) -> System:
    system.refresh_from_db(from_queryset=System.objects.select_for_update(of=("self",)))
    if system.retired_at is not None:
        raise SystemRefused(_("This system is no longer used; it is never changed again."))
    return system
