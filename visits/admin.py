from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin
from common.charts import HEIGHT, WIDTH
from common.csv_files import csv_response
from policies.counting import local_day
from visits.charts import Period, columns, rows_of, views_by_page
from visits.models import WHOLE_PORTAL, PageDay
from visits.pages import name_of


@admin.register(PageDay)
class PageDayAdmin(ReadOnlyAdmin):
    """One page with the chart of a period, and all its counts as a file."""

    def get_urls(self) -> list[URLPattern]:
        download = path("csv/", self.admin_site.admin_view(self.csv_view), name="visits_csv")
        return [download, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        period, today = _period(request), local_day(timezone.now())
        pages = views_by_page(period, today)
        page = request.GET.get("page", WHOLE_PORTAL)
        page = page if page in pages else WHOLE_PORTAL
        shown = columns(period, page, today)
        return TemplateResponse(
            request,
            "admin/visits/pageday/change_list.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Visits"),
                "opts": self.opts,
                "period": period,
                "periods": Period,
                "page": page,
                "page_name": name_of(page),
                "pages": [(each, name_of(each), views) for each, views in pages.items()],
                "columns": shown,
                "highest": shown[0].highest,
                "width": WIDTH * len(shown),
                "height": HEIGHT,
            },
        )

    def csv_view(self, request: HttpRequest) -> HttpResponse:
        """Hand out the counts of the period, page by page and day by day."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        period = _period(request)
        rows = rows_of(period, local_day(timezone.now())).order_by("day", "page")
        counts = rows.values_list("day", "page", "views", "networks")
        lines = ([day, name_of(page), *numbers] for day, page, *numbers in counts)
        head = [_("day"), _("page"), _("views"), _("networks")]
        return csv_response(f"visits-{period}", [head, *lines])

    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        raise Http404  # the page shows all there is


def _period(request: HttpRequest) -> Period:
    asked = request.GET.get("period", "")
    return Period(asked) if asked in Period.values else Period.DAYS
