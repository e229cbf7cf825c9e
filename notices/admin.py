from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin
from notices.models import Notice


class MailingFilter(admin.SimpleListFilter):
    """One mailing by the name that its own page links with; none is listed: that costs a scan."""

    title = _("mailing")
    parameter_name = "mailing"
    SINGLE, MANY = "none", "any"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(self.SINGLE, _("to one person")), (self.MANY, _("to many"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = self.value()
        if chosen in (None, self.MANY):
            return queryset.exclude(mailing="") if chosen else queryset
        return queryset.filter(mailing="" if chosen == self.SINGLE else chosen)


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """Whether mails leave. To whom and what they say is not shown."""

    list_display = [
        "queued_at",
        "template",
        "mailing",
        "state",
        "attempts",
        "sent_at",
        "seen_at",
        "error",
    ]
    list_filter = ["state", MailingFilter]
    ordering = ["-pk"]  # as queued; an index has it
    sortable_by = ()
    fields = [
        "template",
        "mailing",
        "purpose",
        "priority",
        "state",
        "attempts",
        "queued_at",
        "send_after",
        "sent_at",
        "seen_at",
        "error",
    ]
