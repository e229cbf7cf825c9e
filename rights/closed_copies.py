"""A copy of the data of a closed account, behind the signed link of its mails and a proof.

The link alone gives nothing. What is asked for is made and kept as every copy is (exports.py).
"""

from typing import Any

from django.db import transaction
from django.http import FileResponse
from django.urls import reverse

from accounts.closed_pages import token_of
from accounts.link_proofs import forget_code, is_code_of, send_code_for
from accounts.locks import lock_closed
from accounts.models import Customer
from notices.services import fills_template
from rights.exports import ask_export_of_closed, collect_export
from rights.models import CopyCode, Export


def kept_copy(customer: Customer) -> Export | None:
    """Return the copy that can be fetched now."""
    kept = Export.objects.of(customer).kept().select_related("customer").first()
    return kept if kept and kept.is_kept else None


def take_copy(customer: Customer) -> FileResponse | None:
    """Hand out the copy that is kept, or let one be made. The caller has seen the proof.

    Raises AccountOpen, ExportOver, ExportRefused, FileUnreadable.
    """
    if kept := kept_copy(customer):
        return collect_export(kept, by=customer.user, reason="collected by link")
    ask_export_of_closed(customer)
    return None


@transaction.atomic
def send_copy_code(customer: Customer) -> None:
    """Raises AccountOpen, CodeRefused."""
    lock_closed(customer)
    row, _created = CopyCode.objects.get_or_create(customer=customer)
    send_code_for(row, customer, template="copy_code")


@transaction.atomic
def is_copy_code(customer: Customer, code: str) -> bool:
    """Say whether this is the code that was sent; it is good once.

    Raises AccountOpen.
    """
    lock_closed(customer)
    row = CopyCode.objects.filter(customer=customer).first()
    if row is None or not is_code_of(row, code):
        return False
    forget_code(row)
    return True


def _where_it_is(context: dict[str, Any]) -> dict[str, Any]:
    """Lead who cannot sign in to the page behind the link."""
    closed = Customer.objects.filter(closed_at__isnull=False)
    if not closed.filter(public_id=context.get("customer", "")).exists():
        return {"path": reverse("export")}
    return {"path": reverse("closed_copy", args=[token_of(context["customer"])]), "by_link": True}


for _template in ("export_ready", "export_failed"):
    fills_template(_template)(_where_it_is)
