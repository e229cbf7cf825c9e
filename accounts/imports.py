"""Importing customers from a file: looked at first, then all good rows in one transaction.

Nothing of the file is a customer before somebody says that the preview is right.
Until then its bytes are one encrypted row, for an hour. What is imported is
exactly what was shown: the rows are read and compared again under a lock, and
when other ones would go in than were shown, none does.
"""

import base64
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history

from accounts.consents import tell_followers
from accounts.details import put_declared
from accounts.exceptions import ImportRefused
from accounts.import_rows import Fault, NewCustomer, ReadFile, read_customers
from accounts.models import Consent, ConsentProof, Customer, CustomerImport, User
from accounts.recording import Terms, agreed_line, proof_of, terms_on
from common.database import wait_for_others
from policies.models import sha256

KEPT_FOR = timedelta(hours=1)
BATCH = 1000  # rows a statement
IMPORTING = "accounts.import_customers"

Item = TypeVar("Item")


@dataclass(frozen=True)
class Preview:
    """What an import would do now. ``faults`` are in the order of the file."""

    rows: list[NewCustomer]
    faults: list[Fault]
    unknown: list[str]
    total: int
    masked: int

    @property
    def duplicates(self) -> int:
        return sum(fault.is_duplicate for fault in self.faults)

    @property
    def fingerprint(self) -> str:
        """Return what tells two previews apart: the lines that would be imported."""
        return sha256(json.dumps([row.line for row in self.rows]))


def preview_file(content: bytes) -> Preview:
    """Read a file and compare it with itself and with the customers there are.

    Raises FileRefused, ImportRefused.
    """
    return _preview(read_customers(content))


def _preview(read: ReadFile) -> Preview:
    twice = list(_duplicates(read.rows))
    bad = {fault.line for fault in twice}
    return Preview(
        rows=[row for row in read.rows if row.line not in bad],
        faults=sorted([*read.faults, *twice], key=lambda fault: fault.line),
        unknown=read.unknown,
        total=read.total,
        masked=read.masked,
    )


def keep_for_preview(content: bytes, *, by: User) -> CustomerImport:
    """Keep a file until who sent it says that the preview is right; forget their earlier ones.

    Raises FileRefused, ImportRefused.
    """
    good = preview_file(content).fingerprint
    CustomerImport.objects.filter(by=by).delete()
    packed = base64.b64encode(zlib.compress(content)).decode()
    return CustomerImport.objects.create(by=by, content=packed, good=good)


def content_of(kept: CustomerImport) -> bytes:
    return zlib.decompress(base64.b64decode(kept.content))


def kept_for(user: User) -> Any:
    """Narrow to the files of this person whose hour is not over."""
    since = timezone.now() - KEPT_FOR
    return CustomerImport.objects.filter(by=user, uploaded_at__gt=since)


def forget_files() -> None:
    """Throw away the files that nobody confirmed within the hour. Safe to repeat."""
    CustomerImport.objects.filter(uploaded_at__lte=timezone.now() - KEPT_FOR).delete()


def import_customers(kept: CustomerImport, *, by: User) -> int:
    """Import all good rows of a file that was looked at; return how many. Confirmed twice: once.

    Raises ImportRefused when meanwhile other rows are good than were shown.
    """
    read = read_customers(content_of(kept))  # takes seconds; no transaction waits for it
    try:
        return _import(kept, read, by=by)
    except IntegrityError as error:  # somebody was recorded at this moment
        raise _outdated() from error


@transaction.atomic
def _import(kept: CustomerImport, read: ReadFile, *, by: User) -> int:
    wait_for_others(IMPORTING)
    still = CustomerImport.objects.select_for_update().filter(pk=kept.pk, by=by)
    if not still.exists():
        raise ImportRefused(_("This file is imported already, or its hour is over."))
    preview = _preview(read)
    if preview.fingerprint != kept.good:
        raise _outdated()
    _write(preview.rows, by=by)
    still.delete()
    return len(preview.rows)


def _outdated() -> ImportRefused:
    return ImportRefused(
        _("The customers have changed since. Look at the file again by sending it anew.")
    )


def _write(rows: Sequence[NewCustomer], *, by: User) -> None:
    ask_terms = cache(terms_on)  # the same for thousands of rows
    for some in _batches(rows):
        customers = bulk_create_with_history(
            [Customer(email=row.email, language=row.language, **row.details) for row in some],
            Customer,
            default_user=by,
            default_change_reason="imported",
        )
        for customer, row in zip(customers, some, strict=True):
            if told := {code: text for code, text in row.declared.items() if text}:
                put_declared(customer, told, by=by)
        _write_consents(zip(customers, some, strict=True), ask_terms, by=by)


def _write_consents(
    pairs: Iterable[tuple[Customer, NewCustomer]], ask_terms: Callable[..., Terms], *, by: User
) -> None:
    agreed = []
    for customer, row in pairs:
        if (agreement := row.agreement) is None:
            continue
        for purpose in row.agreed_to:
            terms = ask_terms(agreement.on, purpose, row.language)
            line = agreed_line(customer, purpose, agreement, terms, by=by)
            agreed.append((line, agreement))
    Consent.objects.bulk_create(consent for consent, _agreement in agreed)
    ConsentProof.objects.bulk_create(proof_of(*pair) for pair in agreed)
    for consent, _agreement in agreed:
        tell_followers(consent)


# Who is there already


def _duplicates(rows: Sequence[NewCustomer]) -> Iterator[Fault]:
    """Find rows whose email or number stands on an earlier line or is a customer's."""
    emails = _known(rows, lambda row: row.email, _emails_in_use)
    phones = _known(rows, lambda row: row.details["phone"], _phones_in_use)
    seen: dict[str, int] = {}
    for row in rows:
        for column, value, known in (
            ("email", row.email, emails),
            ("phone", row.details["phone"], phones),
        ):
            if not value:
                continue
            if value in known:
                text = _("A customer has it already.")
                yield Fault(row.line, column, text, value, is_duplicate=True)
            elif value in seen:
                text = _("It stands on line %(n)d already.") % {"n": seen[value]}
                yield Fault(row.line, column, text, value, is_duplicate=True)
            seen.setdefault(value, row.line)


def _known(
    rows: Sequence[NewCustomer],
    value_of: Callable[[NewCustomer], str],
    in_use: Callable[[list[str]], set[str]],
) -> set[str]:
    values = list(dict.fromkeys(filter(None, map(value_of, rows))))
    return {each for some in _batches(values) for each in in_use(some)}


def _emails_in_use(emails: list[str]) -> set[str]:
    known = Customer.objects.open().without_unproved().filter(email__in=emails)
    return set(known.values_list("email", flat=True))


def _phones_in_use(phones: list[str]) -> set[str]:
    field: Any = Customer._meta.get_field("phone_hash")
    phone_of = {hashed: phone for phone in phones for hashed in field.hashes(phone)}
    known = Customer.objects.open().without_unproved().filter(phone_hash__in=list(phone_of))
    return {phone_of[hashed] for hashed in known.values_list("phone_hash", flat=True)}


def _batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    for start in range(0, len(items), BATCH):
        yield list(items[start : start + BATCH])
