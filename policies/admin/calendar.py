"""Working days and days off, to read. They are loaded by command."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin
from policies.models import OfficialDay


@admin.register(OfficialDay)
class OfficialDayAdmin(ReadOnlyAdmin):
    list_display = ["day", "day_type", "kind", "local_label", "status"]
    list_filter = ["day_type", "kind"]
    date_hierarchy = "day"
    sortable_by = ["day"]

    @admin.display(description=_("label"))
    def local_label(self, day: OfficialDay) -> str:
        return str(day.label)
