from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from access.admin import SHORT_ID
from access.models import AccessAction
from access.purposes import CUSTOMER_CARE
from accounts.admin.approvals import AskingAdmin
from accounts.admin.assist import AssistingAdmin
from accounts.admin.closing import ClosingAdmin
from accounts.admin.leaving import KeptByFilter, LastDayFilter, LeavingAdmin, ScheduledFilter
from accounts.admin.merging import MergingAdmin
from accounts.admin.record import RecordingAdmin
from accounts.admin.reveal import RevealingAdmin, is_case_of
from accounts.finding import MOST_NAMESAKES, read_search
from accounts.models import Customer
from accounts.record import masked_record, page_of
from common.admin import badge
from common.personal_data import DataCategory, declaration_of, stays_of
from common.text import mixes_alphabets
from policies.counting import local_day


class ClosedFilter(admin.SimpleListFilter):
    title = _("account")
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("open")), ("closed", _("closed"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in ("open", "closed"):
            return queryset.filter(closed_at__isnull=self.value() == "open")
        return queryset


@admin.register(Customer)
class CustomerAdmin(
    RevealingAdmin,
    AskingAdmin,
    AssistingAdmin,
    ClosingAdmin,
    LeavingAdmin,
    RecordingAdmin,
    MergingAdmin,
):
    purpose = CUSTOMER_CARE
    field_groups = (DataCategory.CONTACT,)

    list_display = ["short_id", "masked_name", "masked_email", "masked_phone", "account"]
    list_filter = [ClosedFilter, LastDayFilter, KeptByFilter, ScheduledFilter]
    search_fields = ["public_id"]
    search_help_text = _("Whole email, phone number, public id or full name")
    sortable_by = ()
    fields = ["public_id", "masked_name", "language", "opened_at", "account_text", "stored_only"]
    readonly_fields = ["masked_name", "account_text", "stored_only"]
    actions_detail = [
        "reveal",
        "ask_approval",
        "assist",
        {
            "title": _("More"),
            "items": [
                "break_glass",
                "invite",
                "merge",
                "lock",
                "close",
                "end_service",
                "reopen",
            ],
        },
    ]
    change_form_outer_after_template = "admin/accounts/customer/record.html"

    # The list

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        if not search_term.strip():
            return queryset, False
        search = read_search(search_term)
        found = queryset.filter(search.condition)
        if search.by == "full_name":
            found = self._some_namesakes(request, found)
        return found, False

    def _some_namesakes(self, request: HttpRequest, found: Any) -> Any:
        """Keep a name that many bear from becoming a list to walk through."""
        some = list(found.order_by("-pk").values_list("pk", flat=True)[: MOST_NAMESAKES + 1])
        if len(some) > MOST_NAMESAKES:
            text = _("More than %(n)d customers bear this name. The newest are shown.")
            self.message_user(request, text % {"n": MOST_NAMESAKES}, messages.WARNING)
        return found.filter(pk__in=some[:MOST_NAMESAKES])

    def searched_by(self, term: str) -> str:
        return read_search(term).by

    # One customer

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        customer = context["original"]
        staff: Any = request.user
        number = request.GET.get("page", "")
        customer.groups = context["groups"] = masked_record(customer, number, by=staff)
        context["page"] = page_of(customer.groups, number)
        context |= self.openings_shown(request, customer)
        return super().render_change_form(  # type: ignore[no-any-return]
            request, context, *args, **kwargs
        )

    def record(self, request: HttpRequest, row: Any, action: AccessAction, **details: Any) -> None:
        """Record an opened page as what it is: masks, of all that it names."""
        if action == AccessAction.OPEN:
            action = AccessAction.MASKED
            details["field_groups"] = [group.category for group in row.groups]
        super().record(request, row, action, **details)

    def case_of(self, request: HttpRequest, row: Customer) -> str:
        """Return the reference that the link from a case carries, if it is this customer's."""
        reference = request.GET.get("case", "")[:20]
        return reference if reference and is_case_of(row, reference) else ""

    @admin.display(description=_("public id"))
    def short_id(self, customer: Customer) -> str:
        return customer.public_id[:SHORT_ID]

    @admin.display(description=_("full name"))
    def masked_name(self, customer: Customer) -> str:
        masked = _masked(customer, "full_name")
        if not mixes_alphabets(customer.full_name):
            return masked
        warning = _("mixes alphabets: perhaps a look-alike of another name")
        return format_html('{} <span class="desk-note">⚠ {}</span>', masked, warning)

    @admin.display(description=_("email"))
    def masked_email(self, customer: Customer) -> str:
        return _masked(customer, "email")

    @admin.display(description=_("phone"))
    def masked_phone(self, customer: Customer) -> str:
        return _masked(customer, "phone")

    @badge(description=_("account"), tones={"open": "success", "closed": "warning"})
    def account(self, customer: Customer) -> tuple[str, Any]:
        return "open" if customer.is_open else "closed", self.account_text(customer)

    @admin.display(description=_("account"))
    def account_text(self, customer: Customer) -> Any:
        if customer.closed_at is None or customer.kept_until is None:
            return _("open")
        day = partial(date_format, format="SHORT_DATE_FORMAT")
        return _("closed on %(day)s, kept until %(until)s") % {
            "day": day(local_day(customer.closed_at)),
            "until": day(customer.kept_until),
        }

    @admin.display(description=_("stays after the last day"))
    def stored_only(self, customer: Customer) -> str:
        stays = stays_of([customer.pk]).get(customer.pk, []) if not customer.is_open else []
        return "; ".join(f"{stay.what}: {stay.why}" for stay in stays) or "–"


def _masked(customer: Customer, name: str) -> str:
    return declaration_of(Customer).masked(customer, name)
