from django.contrib import admin

from common.admin import ReadOnlyAdmin
from notices.models import Notice


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """Whether mails leave. To whom and what they say is not shown."""

    list_display = ["queued_at", "template", "state", "attempts", "sent_at", "error"]
    list_filter = ["state"]
    sortable_by = ["queued_at"]
    fields = ["template", "state", "attempts", "queued_at", "send_after", "sent_at", "error"]
