"""What people do to the registers: purposes, recipients, and the agreements that bind them.

A row is retired, never deleted: old consents and disclosures still point at it.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

import phonenumbers
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from common.attachments import CheckedFile
from common.files import company_key, keep_files, provisional_files
from common.history import save_as
from common.tokens import new_public_id
from policies.clocks import the_company
from policies.disclosure import category_refused, kind_refused
from policies.exceptions import ChangeRefused
from policies.models import Agreement, Purpose, Recipient
from policies.refusals import save_or_refuse

# Regions with telephones, but for three that have no code of their own in ISO 3166-1.
COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS) - {"AC", "TA", "XK"}

Entry = TypeVar("Entry", Purpose, Recipient)


@transaction.atomic
def save_purpose(
    purpose: Purpose | None,
    *,
    values: Mapping[str, Any],
    asks_anew: bool = False,
    by: AbstractBaseUser,
) -> Purpose:
    """Add a purpose (``purpose`` is None) or change one. ``values`` by the names of its columns.

    asks_anew: known that consents given to the old wording no longer count.

    Raises ChangeRefused.
    """
    row = _after_disclosures(purpose) if purpose else Purpose()
    if purpose:
        _require_same(row, values, "code", _("The code of an entry is never changed."))
        _require_same(
            row, values, "legal_basis", _("Another legal basis is another purpose: add that one.")
        )
    old_question = row.wording_hashes
    fields = _apply(row, values)
    if purpose and row.asks_consent and row.wording_hashes != old_question and not asks_anew:
        raise ChangeRefused(
            _(
                "Consents given to the old wording would no longer count."
                " Confirm that the customers are to be asked anew."
            )
        )
    if not row.data_categories:
        raise ChangeRefused(_("Name the data that this purpose uses."))
    if purpose and "data_categories" in fields:
        _require_explained_still(row)
    _save(row, fields, by=by)
    return row


@transaction.atomic
def retire_purpose(purpose: Purpose, *, by: AbstractBaseUser) -> None:
    """Use a purpose no more from today on: nobody is asked, and nothing is disclosed for it.

    A recipient that received for this purpose alone receives nothing any more.

    Raises ChangeRefused.
    """
    _retire(_after_disclosures(purpose), by=by)


def left_without_purpose(purpose: Purpose) -> QuerySet[Recipient]:
    """Return the recipients that receive for this purpose alone of those in use."""
    today = timezone.localdate()
    others = Purpose.objects.in_use(today).exclude(pk=purpose.pk)
    return purpose.recipients.active().exclude(purposes__in=others)


@transaction.atomic
def save_recipient(
    recipient: Recipient | None,
    *,
    values: Mapping[str, Any],
    purposes: Collection[Purpose],
    by: AbstractBaseUser,
) -> Recipient:
    """Add a recipient (``recipient`` is None) or change one, with the purposes it receives for.

    Raises ChangeRefused, NotConfigured.
    """
    row = _in_use(recipient) if recipient else Recipient()
    if recipient:
        _require_same(row, values, "code", _("The code of an entry is never changed."))
    fields = _apply(row, values)
    _require_permitted(row, purposes)
    _save(row, fields, by=by)
    put_purposes(row, purposes, by=by, reason="changed")
    return row


def put_purposes(
    recipient: Recipient,
    purposes: Iterable[Purpose],
    *,
    by: AbstractBaseUser | None,
    reason: str,
) -> bool:
    """Set for what a recipient receives, with its history; return whether that changed."""
    wanted = set(purposes)
    if wanted == set(recipient.purposes.all()):
        return False
    recipient._history_user = by  # type: ignore[attr-defined]
    recipient._change_reason = reason  # type: ignore[attr-defined]
    recipient.purposes.set(wanted)
    return True


@transaction.atomic
def retire_recipient(recipient: Recipient, *, by: AbstractBaseUser) -> None:
    """Disclose nothing more to a recipient from today on.

    Raises ChangeRefused.
    """
    _retire(_in_use(recipient), by=by)


def add_agreement(
    recipient: Recipient,
    *,
    reference: str,
    valid_from: date,
    valid_to: date | None,
    file: CheckedFile,
    by: AbstractBaseUser,
) -> Agreement:
    """Record the signed document that binds a recipient. Call it outside of every transaction.

    Raises ChangeRefused.
    """
    path = f"agreements/{new_public_id()}"
    with (
        provisional_files({path: file.content}, key=company_key()),
        transaction.atomic(durable=True),
    ):
        agreement = Agreement(
            recipient=_in_use(recipient),
            reference=reference,
            valid_from=valid_from,
            valid_to=valid_to,
            file=path,
            file_name=file.name,
            file_sha256=file.sha256,
            added_by=by,  # type: ignore[misc]
        )
        save_or_refuse(agreement, by=by, reason="added")
        keep_files([path])
    return agreement


@transaction.atomic
def end_agreement(agreement: Agreement, *, last_day: date, by: AbstractBaseUser) -> None:
    """Let an agreement end earlier than it says; a later end is another agreement.

    Raises ChangeRefused.
    """
    Recipient.objects.select_for_update().get(pk=agreement.recipient_id)
    agreement.refresh_from_db()
    if last_day < (today := timezone.localdate()):
        raise ChangeRefused(
            _("The agreement binds until today at least: choose %s or later.")
            % date_format(today, "SHORT_DATE_FORMAT")
        )
    if agreement.valid_to is not None and last_day >= agreement.valid_to:
        raise ChangeRefused(
            _("This agreement ends on %s already. A later end needs a new agreement.")
            % date_format(agreement.valid_to, "SHORT_DATE_FORMAT")
        )
    agreement.valid_to = last_day
    save_or_refuse(agreement, by=by, reason="ended", fields=["valid_to"])


def _require_permitted(recipient: Recipient, purposes: Collection[Purpose]) -> None:
    """Refuse what the company promised never to do, and what no purpose explains."""
    company = the_company()
    refusal = kind_refused(recipient.kind, company)
    refusal = refusal or category_refused(recipient.data_categories, company)
    if refusal:
        raise ChangeRefused(refusal)
    if recipient.country and recipient.country not in COUNTRIES:
        raise ChangeRefused(_("%s is not the code of a country.") % recipient.country)
    if retired := [str(purpose.name) for purpose in purposes if purpose.retired_on]:
        raise ChangeRefused(_("No longer used: %s.") % ", ".join(retired))
    if _unexplained(recipient, purposes):
        raise ChangeRefused(_("A recipient receives only data that one of its purposes uses."))


def _require_explained_still(purpose: Purpose) -> None:
    """Refuse that a recipient is left with data which none of its purposes uses any more."""
    for recipient in purpose.recipients.active():
        others = recipient.purposes.active().exclude(pk=purpose.pk)
        if _unexplained(recipient, [purpose, *others]):
            raise ChangeRefused(
                _("“%s” receives data that none of its purposes would use. Change that first.")
                % recipient.name
            )


def _unexplained(recipient: Recipient, purposes: Iterable[Purpose]) -> set[str]:
    used = {name for purpose in purposes for name in purpose.data_categories}
    return set(recipient.data_categories) - used


def _in_use(entry: Entry) -> Entry:
    """Reload an entry, hold its row, and make sure that it is not retired."""
    held = type(entry)._default_manager.select_for_update(of=("self",))
    entry.refresh_from_db(from_queryset=held)
    if entry.retired_on is not None:
        raise ChangeRefused(_("This entry is no longer used; it is never changed again."))
    return entry


def _after_disclosures(purpose: Purpose) -> Purpose:
    """Wait for the disclosures under way, which hold their recipients' rows; then as _in_use()."""
    held = purpose.recipients.select_for_update(of=("self",), no_key=True)
    list(held.order_by("pk").values_list("pk"))
    return _in_use(purpose)


def _retire(entry: Purpose | Recipient, *, by: AbstractBaseUser) -> None:
    entry.retired_on = timezone.localdate()
    save_as(entry, by=by, reason="retired", fields=["retired_on"])


def _require_same(
    entry: Purpose | Recipient, values: Mapping[str, Any], name: str, sentence: str
) -> None:
    if name in values and values[name] != getattr(entry, name):
        raise ChangeRefused(sentence)


def _apply(entry: Purpose | Recipient, values: Mapping[str, Any]) -> list[str]:
    """Set the columns of an entry; return those that differ from before."""
    changed = [name for name, value in values.items() if getattr(entry, name) != value]
    for name in changed:
        setattr(entry, name, values[name])
    return changed


def _save(entry: Purpose | Recipient, fields: list[str], *, by: AbstractBaseUser) -> None:
    if entry._state.adding:
        save_or_refuse(entry, by=by, reason="added")
    elif fields:
        save_or_refuse(entry, by=by, reason="changed", fields=fields)
