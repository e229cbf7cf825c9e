"""The desk's doors to personal data: whoever looks is written down before anything is shown."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, F, Model, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from access.gate import guard
from access.hidden import hidden_from
from access.models import AccessAction, AccessRecord, AccessSeal, AccessVerification
from access.purposes import ACCESS_REVIEW, BUILT_IN
from access.services import record_access, record_list
from common.admin import ReadOnlyAdmin, badge
from common.personal_data import DataCategory, declaration_of, mask_all

SHORT_ID = 8  # characters of a public id, as lists show it
LONG_ID = 32


class PersonalDataAdmin(ReadOnlyAdmin):
    """Admin of rows about customers: masked, and every look at them recorded.

    Open to staff who are bound to confidentiality alone (access.gate).

    The record is written in the transaction that reads, and the page is
    rendered inside it: when it cannot be written, nothing is shown.
    """

    purpose = ""  # one of access.purposes
    field_groups: Collection[DataCategory] = ()

    def __init__(self, model: type[Model], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        guard(model)

    def subject_of(self, row: Any) -> str:
        """Return the public id of the customer whom a row is about."""
        path = declaration_of(self.model).customer
        for name in [] if path == "pk" else path.split("__"):
            row = getattr(row, name)
        return str(row.public_id)

    def searched_by(self, term: str) -> str:
        """Return by which field a term searches, if the page tells; never the term."""
        return ""

    def case_of(self, request: HttpRequest, row: Any) -> str:
        """Return the reference of the case for which a row is opened, or nothing."""
        return ""

    def record(self, request: HttpRequest, row: Any, action: AccessAction, **details: Any) -> None:
        record_access(
            by=request.user,
            action=action,
            customer=self.subject_of(row),
            **{
                "purpose": self.purpose,
                "field_groups": self.field_groups,
                "case_reference": self.case_of(request, row),
                **details,
            },
        )

    @transaction.atomic
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        _refuse_popup(request)
        response = super().changelist_view(request, extra_context)
        shown = getattr(response, "context_data", None) or {}
        if "cl" in shown:
            cl = shown["cl"]
            names = {name[:64] for name in cl.filter_params if name != SEARCH_VAR}
            if cl.query:
                names |= {self.searched_by(cl.query)} - {""}
            self._record_rows(request, cl.result_list, filters=names, searched=bool(cl.query))
        elif shown:  # the page of an action, which asks about the rows that were chosen
            chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
            self._record_rows(request, self.get_queryset(request).filter(pk__in=chosen))
        if shown:
            response.render()  # type: ignore[attr-defined]
        return response

    def _record_rows(self, request: HttpRequest, rows: Any, **found: Any) -> None:
        record_list(
            by=request.user,
            customers={self.subject_of(row) for row in rows} - {""},
            purpose=self.purpose,
            field_groups=self.field_groups,
            **found,
        )

    @transaction.atomic
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        _refuse_popup(request)
        response = super().changeform_view(request, object_id, form_url, extra_context)
        row = (getattr(response, "context_data", None) or {}).get("original")
        if row is not None:
            self.record(request, row, AccessAction.OPEN)
            response.render()  # type: ignore[attr-defined]
        return response

    @transaction.atomic
    def told_step_view(
        self, request: HttpRequest, object_id: str, *, facts: Iterable[Any], **step: Any
    ) -> HttpResponse:
        """Ask for a step with ``facts`` of the row above it: that is recorded as its page is."""
        page = self.step_view(request, object_id, facts=facts, **step)
        if isinstance(page, TemplateResponse) and page.context_data:
            self.record(request, page.context_data["object"], AccessAction.OPEN)
            page.render()
        return page

    @transaction.atomic
    def history_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().history_view(*args, **kwargs)

    @transaction.atomic
    def history_form_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().history_form_view(*args, **kwargs)

    def render_history_view(
        self, request: HttpRequest, template: str, context: Any, **kwargs: Any
    ) -> HttpResponse:
        row = context["object"] if "object" in context else context["original"]
        self.record(request, row, AccessAction.HISTORY)
        return super().render_history_view(  # type: ignore[no-any-return]
            request, template, context, **kwargs
        )

    def show_past(self, record: Any, field: Any) -> Any:
        """Say that a personal field changed, not from what to what."""
        declaration = declaration_of(self.model)
        if field.name in {*declaration.personal, *declaration.internal, *declaration.files}:
            return mask_all("") if getattr(record, field.attname) else ""
        return super().show_past(record, field)


def _refuse_popup(request: HttpRequest) -> None:
    """Refuse the windows that pick a row for another form: no form of ours opens one."""
    if {IS_POPUP_VAR, TO_FIELD_VAR} & {*request.GET, *request.POST}:
        raise PermissionDenied


class PurposeFilter(admin.SimpleListFilter):
    title = _("purpose")
    parameter_name = "purpose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(BUILT_IN.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(purpose=self.value()) if self.value() else queryset


class _Narrowed(admin.SimpleListFilter):
    """What a link from elsewhere narrows the list to; it offers nothing by itself."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        value = request.GET.get(self.parameter_name or "", "")
        return [(value, self.name_of(value))] if value else []

    def name_of(self, value: str) -> str:
        return value


class DayFilter(_Narrowed):
    title = _("day")
    parameter_name = "day"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        try:
            begins = datetime.combine(date.fromisoformat(self.value() or ""), time.min)
            ends = timezone.make_aware(begins + timedelta(days=1))
        except (ValueError, OverflowError):
            return queryset
        return queryset.filter(at__gte=timezone.make_aware(begins), at__lt=ends)


class MemberFilter(_Narrowed):
    """By public id, which an address may hold."""

    title = _("member of staff")
    parameter_name = "member"

    def name_of(self, value: str) -> str:
        member = get_user_model()._default_manager.filter(public_id=value, is_staff=True).first()
        return str(member or "–")

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(actor__public_id=self.value()) if self.value() else queryset


@admin.register(AccessRecord)
class AccessRecordAdmin(PersonalDataAdmin):
    """Who looked at whose data. Reading this is an access too."""

    purpose = ACCESS_REVIEW
    field_groups = (DataCategory.ACCESS_RECORD,)

    list_display = [
        "at",
        "actor",
        "role_name",
        "action",
        "customer_id",
        "purpose_text",
        "case",
        "people",
        "address",
    ]
    list_display_links = None
    list_filter = ["action", DayFilter, MemberFilter, PurposeFilter]
    sortable_by = ()
    list_select_related = ["actor"]
    search_fields = ["customer"]
    search_help_text = _("Public id of a customer, or the reference of a case")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Name no case that is hidden from who reads, as where it is about them."""
        hidden = When(hidden_from(request.user), then=Value(""))
        shown = Case(hidden, default=F("case_reference"))
        return super().get_queryset(request).annotate(shown_case=shown)

    def subject_of(self, row: Any) -> str:
        return str(row.customer)

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Search by one of them, each with its index; an empty reference is no case."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if len(term) == LONG_ID:
            return queryset.filter(customer=term.lower()), False
        if len(term) == SHORT_ID:
            return queryset.filter(customer__startswith=term.lower()), False
        reference = term.upper()
        return queryset.filter(case_reference=reference, shown_case=reference), False

    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        raise Http404  # the list shows all there is

    @admin.display(description=_("customer"))
    def customer_id(self, record: AccessRecord) -> str:
        return record.customer[:SHORT_ID] or "–"

    @admin.display(description=_("role"))
    def role_name(self, record: AccessRecord) -> str:
        return gettext(record.role)

    @admin.display(description=_("purpose"))
    def purpose_text(self, record: AccessRecord) -> Any:
        return record.purpose_label

    @admin.display(description=_("case"))
    def case(self, record: Any) -> str:
        return str(record.shown_case)

    @admin.display(description=_("people"))
    def people(self, record: AccessRecord) -> int:
        return record.count


@admin.register(AccessSeal)
class AccessSealAdmin(ReadOnlyAdmin):
    """The chain of seals; the signed text is for comparing with a copy outside."""

    list_display = ["number", "made_at", "count", "says"]
    sortable_by = ()
    fields = ["number", "made_at", "count", "says", "text"]
    readonly_fields = ["says"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("records", "leaves")

    @admin.display(description=_("statement"))
    def says(self, seal: AccessSeal) -> Any:
        statements = {
            "removed": _("older records were removed by rule"),
            "restored": _("a backup was restored"),
        }
        return next((statements[each] for each in seal.statement if each in statements), "–")


@admin.register(AccessVerification)
class AccessVerificationAdmin(ReadOnlyAdmin):
    list_display = ["at", "result", "seals", "records", "compared", "gaps", "seal", "record"]
    list_display_links = None
    sortable_by = ()

    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        raise Http404  # the list shows all there is

    @badge(description=_("result"), tones={"clean": "success", "fault": "danger"})
    def result(self, verification: AccessVerification) -> tuple[str, Any]:
        if not verification.fault:
            return "clean", _("all as sealed")
        return "fault", verification.get_fault_display()
