"""Writing down how staff made sure who asked, and keeping a paper that proved it for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Required, TypedDict, Unpack

from django.db import transaction
from django.utils import timezone

from accounts.files import file_key
from accounts.locks import lock_customer
from accounts.models import (
    Customer,
    IdentityCheck,
    IdentityCheckKind,
    IdentityCheckResult,
    IdentityProof,
    RequestChannel,
    User,
)
from accounts.models.assistance import proof_path
from common.attachments import CheckedFile
from common.files import doom_files, keep_files, provisional_files
from common.personal_data import is_held
from policies.counting import local_day

SHOWN_END = 4  # characters of a document's number that are kept
LONGEST_NUMBER = 40  # characters that a form takes
PROOF_KEPT_FOR = timedelta(days=30)  # long enough to answer who doubts the change


class CheckMade(TypedDict, total=False):
    """How staff made sure who asked, and by which way they asked; proved, unless it is said."""

    kind: Required[IdentityCheckKind]
    channel: Required[RequestChannel]
    result: IdentityCheckResult
    reference: str
    invited: str


def record_identity_check(
    customer: Customer,
    *,
    by: User,
    proof: IdentityProof | None = None,
    **made: Unpack[CheckMade],
) -> IdentityCheck:
    """Record that ``by`` checked who asks. Of a document's number only the end is kept.

    ``proof`` comes from stored_proof(); one that proved nothing is not kept.
    Call it in the transaction that the check allows, with the customer's row locked.
    """
    made["reference"] = _masked(made.get("reference", ""))
    made.setdefault("result", IdentityCheckResult.PROVED)
    check = IdentityCheck.objects.create(customer=customer, by=by, **made)
    if proof is not None and check.is_proved:
        proof.identity_check = check
        proof.erase_on = local_day(timezone.now()) + PROOF_KEPT_FOR
        proof.save()
        keep_files([str(proof.file)])
    return check


@contextmanager
def stored_proof(customer: Customer, file: CheckedFile | None) -> Iterator[IdentityProof | None]:
    """Seal and store a paper before the transaction that records it; yield its unsaved row.

    What no check inside took is removed at the end. Enter it outside of every transaction.
    """
    if file is None:
        yield None
        return
    proof = IdentityProof(content_type=file.content_type)
    proof.file.name = proof_path(proof, file.name)
    with provisional_files({proof.file.name: file.content}, key=file_key(customer)):
        yield proof


def erase_proofs() -> int:
    """Erase the papers whose day has come; return how many went. Safe to repeat.

    A legal hold keeps them.
    """
    due = IdentityProof.objects.filter(erase_on__lte=local_day(timezone.now()))
    rows = due.select_related("identity_check__customer")
    return sum(_erase(proof) for proof in rows.order_by("pk").iterator())


@transaction.atomic
def _erase(proof: IdentityProof) -> bool:
    customer = proof.identity_check.customer
    try:
        lock_customer(customer)
    except Customer.DoesNotExist:  # erased or merged meanwhile; a merged one's is met tomorrow
        return False
    if is_held(customer.pk):
        return False
    doom_files([str(proof.file)])
    proof.delete()
    return True


def _masked(number: str) -> str:
    """079123004567 -> •••4567; of a short number nothing is left."""
    letters = [character for character in number if character.isalnum()]
    if not letters:
        return ""
    return "•••" + "".join(letters[-SHOWN_END:] if len(letters) > 2 * SHOWN_END else [])
