"""Writing down how staff made sure who asked, and keeping a paper that proved it for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Required, TypedDict, Unpack

from accounts.files import file_key
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
from common.files import keep_files, provisional_files
from common.personal_data import DataCategory, RetentionTrigger
from policies.counting import add_months, local_day
from policies.periods import rule_for

SHOWN_END = 4  # characters of a document's number that are kept
LONGEST_NUMBER = 40  # characters that a form takes
MONTHS_KEPT = 1  # where the company has no rule: long enough to answer who doubts the change


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
        proof.kept_until = _last_day_from(local_day(check.at))
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


def _last_day_from(day: date) -> date:
    rule = rule_for(DataCategory.IDENTITY_PROOF, RetentionTrigger.CREATED, day)
    return add_months(day, rule.months if rule else MONTHS_KEPT)


def _masked(number: str) -> str:
    """079123004567 -> •••4567; of a short number nothing is left."""
    letters = [character for character in number if character.isalnum()]
    if not letters:
        return ""
    return "•••" + "".join(letters[-SHOWN_END:] if len(letters) > 2 * SHOWN_END else [])
