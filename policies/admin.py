"""What was promised, to read. A profile is loaded by command; nothing here is edited."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline

from common.admin import ReadOnlyAdmin
from policies.models import (
    Company,
    OfficialDay,
    PolicyText,
    PolicyVersion,
    Purpose,
    Recipient,
    TimeLimit,
)


class BilingualAdmin(ReadOnlyAdmin):
    """Rows with a name in two languages; the list shows it in the reader's."""

    sortable_by = ()

    @admin.display(description=_("name"))
    def local_name(self, row: Any) -> str:
        return str(row.name)


@admin.register(Company)
class CompanyAdmin(BilingualAdmin):
    list_display = ["short_name", "local_name", "profile", "day_kind", "notice_period_days"]


class PolicyTextInline(StackedInline):  # type: ignore[misc]
    model = PolicyText
    extra = 0
    fields = ["language", "sha256", "body"]

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("policies.view_policyversion")

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnlyAdmin):
    list_display = ["number", "profile", "published_on", "effective_on"]
    inlines = [PolicyTextInline]
    sortable_by = ()


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


@admin.register(OfficialDay)
class OfficialDayAdmin(ReadOnlyAdmin):
    list_display = ["day", "day_type", "kind", "local_label", "status"]
    list_filter = ["day_type", "kind"]
    date_hierarchy = "day"
    sortable_by = ["day"]

    @admin.display(description=_("label"))
    def local_label(self, day: OfficialDay) -> str:
        return str(day.label)
