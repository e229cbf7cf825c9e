from accounts.models import Customer
from common.files import doom_files
from common.history import delete_as
from common.personal_data import DataCategory, Declaration, declare, moves_on_merge
from rights.models import Export

declare(
    Declaration(
        model=Export,
        category=DataCategory.ACCOUNT,
        customer="customer",
        exported=["asked_at", "ready_at", "collected_at", "expires_at"],
        plain=["attempts", "size"],
        files=["file"],
        page="export",
    )
)


@moves_on_merge
def drop_copies_of_the_duplicate(duplicate: Customer, survivor: Customer) -> None:
    """Each tells of one record alone; whoever wants both asks again."""
    for export in Export.objects.of(duplicate):
        doom_files([str(export.file)] if export.file else [])
        delete_as(export, by=None, reason="merged")
