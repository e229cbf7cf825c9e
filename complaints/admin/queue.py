"""The list of complaints: tabs, filters, search, and what is done to many at once."""

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import DateTimeField, Max, Value
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from access.admin import PersonalDataAdmin
from access.purposes import COMPLAINT_HANDLING
from accounts.finding import read_search
from accounts.models import Customer
from casework.deadlines import Nearness, deadline_of
from casework.models import CaseEvent
from casework.references import is_beginning, is_mistyped
from common.admin import badge, themed
from common.personal_data import DataCategory, declaration_of
from complaints import services
from complaints.admin.filters import (
    ClosedInFilter,
    DueFilter,
    HandlerFilter,
    OnTimeFilter,
    QueueFilter,
    soon_for,
)
from complaints.admin.steps import AssignForm, act_unless_changed, assign
from complaints.models import Complaint, ComplaintState, SavedFilter
from complaints.queue import CLOSED, QUEUES, count_queues, workload

CHANGE = services.WORK
LIST = "admin:complaints_complaint_changelist"
KEPT_IN_FILTERS = (
    "queue",
    "state__exact",
    "category__exact",
    "outcome__exact",
    "severity__exact",
    "complexity__exact",
    "channel__exact",
    "handler",
    "due",
    "closed",
    "term",
)
EXACT = ("email", "phone", "public_id")  # what a search may find a customer by
NOTHING_FOUND = {
    "reference": _("No complaint has this reference."),
    "email": _("No complaint comes from this email address."),
    "phone": _("No complaint comes from this phone number."),
    "public_id": _("No complaint comes from the customer with this public id."),
    "text": _("No complaint has these words in it."),
}

STATE_TONES = {
    ComplaintState.RECEIVED: "info",
    ComplaintState.ACKNOWLEDGED: "info",
    ComplaintState.VERIFYING: "primary",
    ComplaintState.MEASURES: "primary",
    ComplaintState.REFUSAL: "warning",
    ComplaintState.RESOLVED: "success",
    ComplaintState.ESCALATED: "danger",
}
NEARNESS_TONES = {
    Nearness.OVERDUE: "danger",
    Nearness.SOON: "warning",
    Nearness.IN_TIME: "success",
    "waiting": "info",
}


def masked_email(complaint: Complaint) -> str:
    return declaration_of(Customer).masked(complaint.customer, "email")


class SaveFilterForm(forms.Form):
    name = forms.CharField(label=_("Name of this filter"), max_length=40)


class QueueAdmin(PersonalDataAdmin):
    purpose = COMPLAINT_HANDLING
    field_groups = (DataCategory.COMPLAINT, DataCategory.CONTACT)

    list_display = [
        "reference",
        "about",
        "masked_customer",
        "state_badge",
        "deadline_badge",
        "handler_name",
    ]
    list_filter = [
        QueueFilter,
        "state",
        "category",
        "outcome",
        "severity",
        "complexity",
        "channel",
        HandlerFilter,
        DueFilter,
        ClosedInFilter,
        OnTimeFilter,
    ]
    list_select_related = ["customer", "handler"]
    list_before_template = "admin/complaints/complaint/queues.html"
    search_fields = ["reference"]
    search_help_text = _("Reference, exact email, phone or public id, or words of the complaint")
    sortable_by = ["reference", "about"]
    actions = ["acknowledge_many", "assign_many"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("save_filter/", view(self.save_filter_view), name="complaints_savedfilter_add"),
            path(
                "drop_filter/<int:key>/",
                view(self.drop_filter_view),
                name="complaints_savedfilter_drop",
            ),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        soon = soon_for(request)
        counts = count_queues(request.user, soon)
        shown = request.GET.get("queue") or ("" if request.POST.get(SEARCH_VAR) else "open")
        context = {
            "queues": [
                (name, label, counts.get(name), name == shown) for name, label in QUEUES.items()
            ],
            "saved_filters": SavedFilter.objects.filter(staff=request.user.pk),
            "save_form": themed(SaveFilterForm()) if kept_query(request.GET) else None,
            "kept_query": kept_query(request.GET),
            "workload": workload(request.user, soon),
            "title": _("Complaints"),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def get_queryset(self, request: HttpRequest) -> Any:
        soon = Value(soon_for(request), output_field=DateTimeField())
        return super().get_queryset(request).readable_by(request.user).annotate(soon=soon)

    def get_ordering(self, request: HttpRequest) -> Any:
        """Begin with what was closed last: they have no clock, and an index finds that."""
        is_closed = request.GET.get("queue") == CLOSED
        return ["-closed_at", "-pk"] if is_closed else super().get_ordering(request)

    # Search

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Find by how a reference begins, by what only the customer tells, or by words."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if is_beginning(term):
            by_reference = queryset.filter(reference__startswith=term.upper())
            if by_reference.exists():
                return by_reference, False
        if is_mistyped(term):
            self.message_user(request, _("This reference is mistyped."), messages.WARNING)
        search = read_search(term)
        if search.by in EXACT:
            customers = Customer.objects.filter(search.condition)
            return queryset.filter(customer__in=customers), False
        words = SearchQuery(term, config="simple", search_type="websearch")
        return queryset.annotate(words=SearchVector("text", config="simple")).filter(
            words=words
        ), False

    def nothing_found(self, term: str) -> Any:
        return NOTHING_FOUND[self.searched_by(term)]

    def searched_by(self, term: str) -> str:
        if is_beginning(term):
            return "reference"
        search = read_search(term)
        return search.by if search.by in EXACT else "text"

    # What the list shows

    @admin.display(description=_("customer"))
    def masked_customer(self, complaint: Complaint) -> str:
        return masked_email(complaint)

    @admin.display(description=_("about"), ordering="category")
    def about(self, complaint: Complaint) -> str:
        severity = complaint.get_severity_display()
        return f"{complaint.subject} · {severity}" if severity else complaint.subject

    @badge(description=_("state"), tones=STATE_TONES)
    def state_badge(self, complaint: Complaint) -> tuple[str, str]:
        return complaint.state, complaint.get_state_display()

    @badge(description=_("deadline"), ordering="late_from", tones=NEARNESS_TONES)
    def deadline_badge(self, complaint: Any) -> tuple[str, str]:
        if complaint.waiting_since and complaint.late_from is None:
            return "waiting", gettext("waiting for the customer")
        deadline = deadline_of(complaint, complaint.soon)
        return (deadline.nearness, deadline.text) if deadline else ("", "–")

    @admin.display(description=_("handler"))
    def handler_name(self, complaint: Complaint) -> str:
        return str(complaint.handler) if complaint.handler else "–"

    # Many at once

    @action(description=_("Acknowledge"), permissions=["work"])  # type: ignore[untyped-decorator]
    def acknowledge_many(self, request: HttpRequest, queryset: Any) -> None:
        self.run_on_each(request, queryset, services.acknowledge_complaint)

    @action(description=_("Assign"), permissions=["work"])  # type: ignore[untyped-decorator]
    def assign_many(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Ask for the handler first; the rows chosen stay chosen in the form."""
        seen = CaseEvent.objects.filter(case__in=queryset.values("pk")).aggregate(Max("pk"))
        typed = request.POST if "handler" in request.POST else None
        form = themed(AssignForm(typed, initial={"seen": seen["pk__max"]}))
        if form.is_valid():
            step = partial(act_unless_changed, act=assign, **form.cleaned_data)
            # In the order in which each step holds customers: nobody waits in a circle.
            self.run_on_each(request, queryset.order_by("customer_id", "pk"), step)
            return None
        return TemplateResponse(
            request,
            "admin/complaints/complaint/assign_many.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Assign"),
                "opts": self.opts,
                "form": form,
                "chosen": list(queryset.order_by("late_from", "pk")),
                "back": reverse(LIST),
            },
        )

    def has_work_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(CHANGE)

    # Filters that somebody wants to see again

    def save_filter_view(self, request: HttpRequest) -> HttpResponse:
        self._require_view(request)
        form = SaveFilterForm(request.POST)
        query = kept_query(QueryDict(request.POST.get("query", "")[:500]))
        back = reverse(LIST)
        if request.method != "POST" or not form.is_valid() or not query:
            return redirect(back)
        staff: Any = request.user
        try:
            with transaction.atomic():
                SavedFilter.objects.create(staff=staff, name=form.cleaned_data["name"], query=query)
        except IntegrityError:
            self.message_user(
                request, _("You have a filter with this name already."), messages.ERROR
            )
        return redirect(f"{back}?{query}")

    def drop_filter_view(self, request: HttpRequest, key: int) -> HttpResponse:
        self._require_view(request)
        if request.method == "POST":
            SavedFilter.objects.filter(staff=request.user.pk, pk=key).delete()
        return redirect(LIST)

    def _require_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def kept_query(parameters: QueryDict) -> str:
    """Return of a list's address what a saved filter may keep: never a search."""
    return urlencode([(name, parameters[name]) for name in KEPT_IN_FILTERS if parameters.get(name)])
