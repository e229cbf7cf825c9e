from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin
from retention.models import RetentionStatistic
from retention.statistics import SMALLEST_GROUP, tables


@admin.register(RetentionStatistic)
class RetentionStatisticAdmin(ReadOnlyAdmin):
    """One page with all numbers that may be shown; none can be opened."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return TemplateResponse(
            request,
            "admin/retention/retentionstatistic/change_list.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Statistics of deleted data"),
                "opts": self.opts,
                "tables": list(tables()),
                "least": SMALLEST_GROUP,
            },
        )

    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        raise Http404  # the page shows all that may be shown
