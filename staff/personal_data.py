from typing import Any

from common.personal_data import DataCategory, Declaration, declare, exempt, moves_on_merge
from staff.models import FlaggedRecord

PROOF = "about a member of staff, kept as proof of what the company promised"

exempt("staff.UndertakingText", because="describes what all members of staff undertake")
exempt("staff.Undertaking", because=PROOF)
exempt("staff.Misuse", because=PROOF)
exempt("staff.RightsReview", because=PROOF)
exempt("staff.UnusualAccess", because=PROOF)
declare(
    Declaration(
        model=FlaggedRecord,
        category=DataCategory.ACCESS_RECORD,
        customer="customer",
    )
)


@moves_on_merge
def keep_one_flag(duplicate: Any, survivor: Any) -> None:
    """Drop the flags that the record which stays has too."""
    theirs = FlaggedRecord.objects.filter(customer=survivor).values("member")
    FlaggedRecord.objects.filter(customer=duplicate, member__in=theirs).delete()
