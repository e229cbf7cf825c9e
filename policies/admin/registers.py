"""Company, purposes, recipients and time limits, to read. A profile is loaded by command."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin
from policies.models import Company, Purpose, Recipient, TimeLimit


class BilingualAdmin(ReadOnlyAdmin):
    """Rows with a name in two languages; the list shows it in the reader's."""

    sortable_by = ()

    @admin.display(description=_("name"))
    def local_name(self, row: Any) -> str:
        return str(row.name)


@admin.register(Company)
class CompanyAdmin(BilingualAdmin):
    list_display = ["short_name", "local_name", "profile", "day_kind", "notice_period_days"]


@admin.register(Purpose)
class PurposeAdmin(BilingualAdmin):
    list_display = ["code", "local_name", "legal_basis", "channel", "retired_on"]
    list_filter = ["legal_basis"]


@admin.register(Recipient)
class RecipientAdmin(BilingualAdmin):
    list_display = ["code", "local_name", "kind", "country", "cross_border", "retired_on"]
    list_filter = ["kind"]


@admin.register(TimeLimit)
class TimeLimitAdmin(ReadOnlyAdmin):
    list_display = [
        "kind",
        "family",
        "minimum",
        "maximum",
        "unit",
        "basis",
        "valid_from",
        "valid_to",
    ]
    list_filter = ["kind", "family"]
    sortable_by = ()
