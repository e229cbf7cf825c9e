"""Writing down how staff made sure who asked."""

from accounts.models import (
    Customer,
    IdentityCheck,
    IdentityCheckKind,
    IdentityCheckResult,
    RequestChannel,
    User,
)

SHOWN_END = 4  # characters of a document's number that are kept
LONGEST_NUMBER = 40  # characters that a form takes


def record_identity_check(
    customer: Customer,
    *,
    kind: IdentityCheckKind,
    channel: RequestChannel,
    by: User,
    reference: str = "",
    result: IdentityCheckResult = IdentityCheckResult.PROVED,
) -> IdentityCheck:
    """Record that ``by`` checked who asks. Of a document's number only the end is kept.

    Call it in the transaction that the check allows, with the customer's row locked.
    """
    return IdentityCheck.objects.create(
        customer=customer,
        kind=kind,
        channel=channel,
        result=result,
        reference=_masked(reference),
        by=by,
    )


def _masked(number: str) -> str:
    """079123004567 -> •••4567; of a short number nothing is left."""
    letters = [character for character in number if character.isalnum()]
    if not letters:
        return ""
    return "•••" + "".join(letters[-SHOWN_END:] if len(letters) > 2 * SHOWN_END else [])
