from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from common.files import doom_files
from common.history import delete_as
from common.periods import Expiry, expires
from common.personal_data import DataCategory, Declaration, declare, moves_on_merge
from rights.exports import expire_exports
from rights.models import CopyCode, Export

declare(
    Declaration(
        model=Export,
        category=DataCategory.ACCOUNT,
        customer="customer",
        exported=["asked_at", "ready_at", "collected_at", "expires_at"],
        plain=["attempts", "size"],
        files=["file"],
        page="export",
        opens=True,
    )
)
expires(
    Expiry(
        name="exports",
        label=_("copies of the data"),
        category=DataCategory.ACCOUNT,
        trigger=None,
        rows=Export.objects.kept,
        begins="ready_at",
        until="expires_at",
        days=lambda: settings.EXPORT_DAYS,
        erase=expire_exports,
    )
)

declare(
    Declaration(
        model=CopyCode,
        category=DataCategory.ACCOUNT,
        customer="customer",
        internal=["code"],
        plain=["codes_sent", "code_tries"],
        opens=True,
    )
)


@moves_on_merge
def drop_copies_of_the_duplicate(duplicate: Customer, survivor: Customer) -> None:
    """Each tells of one record alone; whoever wants both asks again."""
    for export in Export.objects.of(duplicate):
        doom_files([str(export.file)] if export.file else [])
        delete_as(export, by=None, reason="merged")
    CopyCode.objects.filter(customer=duplicate).delete()
