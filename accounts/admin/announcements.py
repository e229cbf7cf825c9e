"""How far the mails about a policy version have come, to watch."""

from dataclasses import asdict
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.views import ChangeList
from unfold.widgets import INPUT_CLASSES

from access.admin import SHORT_ID
from access.purposes import CUSTOMER_CARE
from access.services import record_list
from accounts.announcements import versions_to_announce
from accounts.models import PolicyAnnouncement
from common.admin import FOUND_AT_ONCE, PrivateSearchList, ReadOnlyAdmin
from common.personal_data import DataCategory
from notices.models import Notice, Outcome
from notices.services import (
    Delivery,
    count_deliveries,
    count_delivery,
    find_in_mailing,
    notices_of_mailing,
)

VIEW = "accounts.view_policyannouncement"
A_PAGE = 50  # customers
RELOADED_AFTER = 5  # seconds
OUTCOMES = [each for each in Outcome if each != Outcome.REFUSED]  # which is for advertising alone


class AnnouncementList(PrivateSearchList):
    """A list that counts the mails of all its rows at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)  # type: ignore[has-type]
        deliveries = count_deliveries([row.mailing for row in rows])
        for row in rows:
            row.delivery = deliveries[row.mailing]
        self.result_list = rows


@admin.register(PolicyAnnouncement)
class PolicyAnnouncementAdmin(ReadOnlyAdmin):
    list_display = ["version", "started_at", "progress", "written", "sent", "seen", "failed"]
    list_select_related = ["version"]
    list_per_page = 10  # each may count a million mails
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AnnouncementList

    @admin.display(description=_("progress"))
    def progress(self, announcement: Any) -> SafeString:
        return _progress(
            announcement.delivery.settled, _to_settle(announcement, announcement.delivery)
        )

    @admin.display(description=_("mails written"))
    def written(self, announcement: PolicyAnnouncement) -> Any:
        return _("%(done)s of %(total)s") % {
            "done": number_format(announcement.queued),
            "total": number_format(_expected(announcement)),
        }

    @admin.display(description=_("sent"))
    def sent(self, announcement: Any) -> int:
        return int(announcement.delivery.sent + announcement.delivery.seen)

    @admin.display(description=_("seen"))
    def seen(self, announcement: Any) -> int:
        return int(announcement.delivery.seen)

    @admin.display(description=_("failed"))
    def failed(self, announcement: Any) -> int:
        return int(announcement.delivery.failed)

    @transaction.atomic
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show the figures, and the customers of one outcome or those searched for by POST.

        While the page shows the latest figures by itself it names nobody: each look is recorded.
        """
        if object_id is None:
            raise PermissionDenied
        announcement = self.get_row(request, object_id, VIEW)
        delivery = count_delivery(announcement.mailing)
        is_being_written = versions_to_announce().filter(announcement=announcement).exists()
        is_running = is_being_written or delivery.queued > 0
        reloads = is_running and request.method == "GET" and "still" not in request.GET
        people = {} if reloads else _people(request, announcement, delivery)
        page = TemplateResponse(
            request,
            "admin/accounts/policyannouncement/change_form.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Policy announcement"),
                "opts": self.opts,
                "original": announcement,
                "announcement": announcement,
                "expected": _expected(announcement),
                "to_settle": _to_settle(announcement, delivery),
                "delivery": delivery,
                "is_running": is_running,
                "reloads": reloads,
                "reloaded_after": RELOADED_AFTER,
                "version_page": reverse(
                    "admin:policies_policyversion_change", args=[announcement.version_id]
                ),
                "may_open_version": request.user.has_perm("policies.view_policyversion"),
                "tabs": _tabs(delivery),
                **people,
            },
        )
        if reloads:
            page["Refresh"] = str(RELOADED_AFTER)
        return page.render()


def _tabs(delivery: Delivery) -> list[tuple[str, Any, int]]:
    numbers = asdict(delivery)
    return [(each.value, each.label, numbers[each]) for each in OUTCOMES]


def _people(
    request: HttpRequest, announcement: PolicyAnnouncement, delivery: Delivery
) -> dict[str, Any]:
    """Return a list of customers, which is written down with its filter."""
    mailing = announcement.mailing
    chosen = _chosen(request, asdict(delivery))
    context: dict[str, Any] = {
        "search_var": SEARCH_VAR,
        "input_classes": " ".join(INPUT_CLASSES),
    }
    term = request.POST.get(SEARCH_VAR, "").strip().lower()
    if term:
        whole = len(term) == SHORT_ID or len(term) == 32
        found = find_in_mailing(mailing, term)[:FOUND_AT_ONCE] if whole else []
        _record(request, found, "public_id")
        return {**context, "searched": term, "people": _shown(found)}
    rows = list(notices_of_mailing(mailing, chosen, after=_place(request))[: A_PAGE + 1])
    people, more = rows[:A_PAGE], rows[A_PAGE:]
    _record(request, people, "outcome")
    return {
        **context,
        "chosen": chosen,
        "people": _shown(people),
        "is_first": _place(request) == 0,
        "next": people[-1].pk if more else None,
    }


def _record(request: HttpRequest, notices: Any, by: str) -> None:
    record_list(
        by=request.user,
        customers={notice.recipient for notice in notices},
        purpose=CUSTOMER_CARE,
        field_groups=[DataCategory.NOTICE],
        filters=[by],
        searched=by == "public_id",
    )


def _chosen(request: HttpRequest, numbers: dict[str, int]) -> Outcome:
    """Return the outcome that is asked for; else the first, worst ones first, that any mail has."""
    asked = request.GET.get("outcome", "")
    if asked in Outcome.values:
        return Outcome(asked)
    return next((each for each in Outcome if numbers[each]), Outcome.QUEUED)


def _place(request: HttpRequest) -> int:
    after = request.GET.get("after", "")
    return int(after) if after.isascii() and after.isdecimal() and len(after) < 19 else 0


def _shown(notices: Any) -> list[tuple[str, Notice, Any]]:
    return [
        (notice.recipient[:SHORT_ID], notice, Outcome(notice.outcome).label) for notice in notices
    ]


def _expected(announcement: PolicyAnnouncement) -> int:
    """Return how many mails there will be: fewer or more than customers when it began."""
    if announcement.finished_at is not None:
        return announcement.queued
    return max(announcement.total, announcement.queued)


def _to_settle(announcement: PolicyAnnouncement, delivery: Delivery) -> int:
    """Return how many mails are to be dealt with; of those written, retention erases some."""
    if announcement.finished_at is not None:
        return delivery.settled + delivery.queued
    return _expected(announcement)


def _progress(done: int, total: int) -> SafeString:
    share = 100 * done // total if total else 100
    return format_html(
        '<progress value="{}" max="100" aria-label="{}">{} %</progress> {} %',
        share,
        _("progress"),
        share,
        share,
    )
