from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.db import transaction
from django.db.models import DateTimeField, Q, Value
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from access.admin import PersonalDataAdmin
from access.models import AccessAction
from access.purposes import COMPLAINT_HANDLING
from accounts.models import Customer, User
from casework.deadlines import Nearness, deadline_of, soon_until
from casework.downloads import as_attachment
from casework.models import ASSIGNED, DEADLINE_MOVED, EVIDENCE_INFECTED, CaseEvent, Clock, Evidence
from casework.services import assign_case
from common.admin import themed
from common.personal_data import DataCategory, declaration_of
from complaints import services
from complaints.forms import AnswerForm, DecideForm, ReasonForm
from complaints.intake import possible_handlers
from complaints.models import ANSWER, Complaint, ComplaintState
from complaints.queue import QUEUES, conditions, count_queues

CHANGE = services.WORK
assign = partial(assign_case, permission=CHANGE)

STATE_TONES = {
    ComplaintState.RECEIVED: "info",
    ComplaintState.VERIFYING: "primary",
    ComplaintState.ACKNOWLEDGED: "info",
    ComplaintState.MEASURES: "primary",
    ComplaintState.REFUSAL: "warning",
    ComplaintState.ESCALATED: "danger",
    ComplaintState.RESOLVED: "success",
}
NEARNESS_TONES = {
    Nearness.OVERDUE: "danger",
    Nearness.SOON: "warning",
    Nearness.IN_TIME: "success",
}


class Step(NamedTuple):
    """What staff may do to a complaint in some state, with the form that it needs."""

    label: str | Promise
    act: Callable[..., None]
    done: str | Promise
    leads_to: ComplaintState
    form: type[forms.Form] = forms.Form


def answer(complaint: Complaint, *, by: User, **parts: str) -> None:
    services.resolve_complaint(complaint, answer=parts, by=by)


STEPS = {
    "acknowledge": Step(
        _("Acknowledge"),
        services.acknowledge_complaint,
        _("The complaint is acknowledged. The customer is told."),
        ComplaintState.ACKNOWLEDGED,
    ),
    "verify": Step(
        _("Start verifying"),
        services.verify_complaint,
        _("The complaint is being verified. The customer is told."),
        ComplaintState.VERIFYING,
    ),
    "decide": Step(
        _("Decide"),
        services.decide_complaint,
        _("The outcome is recorded. The customer is told."),
        ComplaintState.MEASURES,
        DecideForm,
    ),
    "resolve": Step(
        _("Answer"),
        answer,
        _("The answer is recorded."),
        ComplaintState.RESOLVED,
        AnswerForm,
    ),
    "confirm_refusal": Step(
        _("Confirm the refusal"),
        services.confirm_refusal,
        _("The complaint is answered. The customer is told."),
        ComplaintState.RESOLVED,
    ),
    "return_refusal": Step(
        _("Send back"),
        services.return_refusal,
        _("The complaint is with its handler again."),
        ComplaintState.MEASURES,
        ReasonForm,
    ),
}
IN_STATE = {
    ComplaintState.RECEIVED: ("acknowledge", "verify"),
    ComplaintState.ACKNOWLEDGED: ("verify",),
    ComplaintState.VERIFYING: ("decide",),
    ComplaintState.MEASURES: ("resolve",),
    ComplaintState.REFUSAL: ("confirm_refusal", "return_refusal"),
}


def soon_for(request: Any) -> datetime:
    """Return soon_until(), counted once a request."""
    if not hasattr(request, "soon"):
        request.soon = soon_until()
    return request.soon  # type: ignore[no-any-return]


class HandlerChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return str(obj)


class AssignForm(forms.Form):
    handler = HandlerChoice(User.objects.none(), label=_("Handler"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        handler: Any = self.fields["handler"]
        handler.queryset = possible_handlers().order_by("staff_name", "pk")


class QueueFilter(admin.SimpleListFilter):
    """The tabs above the list; without one the open complaints, or all for a search."""

    title = _("queue")
    parameter_name = "queue"
    template = "admin/no_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(QUEUES.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        name = self.value() or ("" if request.GET.get(SEARCH_VAR) else "open")
        chosen = conditions(request.user, soon_for(request)).get(name)
        return queryset.filter(chosen) if chosen is not None else queryset


class HandlerFilter(admin.SimpleListFilter):
    title = _("handler")
    parameter_name = "handler"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(user.pk), str(user)) for user in possible_handlers().order_by("staff_name")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = self.value()
        return queryset.filter(handler=chosen) if chosen and chosen.isdecimal() else queryset


@admin.register(Complaint)
class ComplaintAdmin(PersonalDataAdmin):
    purpose = COMPLAINT_HANDLING
    field_groups = (DataCategory.COMPLAINT, DataCategory.CONTACT)

    list_display = [
        "reference",
        "category",
        "masked_customer",
        "state_badge",
        "deadline_badge",
        "handler_name",
    ]
    list_filter = [QueueFilter, "state", "category", HandlerFilter]
    list_select_related = ["customer", "handler"]
    list_before_template = "admin/complaints/complaint/queues.html"
    search_fields = ["reference"]
    search_help_text = _("Reference, or exact email address")
    sortable_by = ["reference", "category"]
    fields = [
        "reference",
        "category",
        "state",
        "handler_name",
        "received_at",
        "late_from",
        "closed_at",
    ]
    change_form_template = "admin/complaints/complaint/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        download = path(
            "<path:object_id>/evidence/<slug:public_id>/",
            self.admin_site.admin_view(self.download_view),
            name="complaints_complaint_evidence",
        )
        return [
            *(self.step_path(name, partial(self.step, name=name)) for name in STEPS),
            self.step_path("assign", self.assign_view),
            self.step_path("take", self.take_view),
            download,
            *super().get_urls(),
        ]

    # The queue

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        counts = count_queues(request.user, soon_for(request))
        shown = request.GET.get("queue") or ("" if SEARCH_VAR in request.POST else "open")
        queues = [(name, label, counts[name], name == shown) for name, label in QUEUES.items()]
        context = {"queues": queues, "title": _("Complaints"), **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_queryset(self, request: HttpRequest) -> Any:
        soon = Value(soon_for(request), output_field=DateTimeField())
        return super().get_queryset(request).readable_by(request.user).annotate(soon=soon)

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Find by a whole reference or a whole address, so that nobody can be guessed at."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(reference=term.upper()) | Q(customer__email=term.lower())
        return queryset.filter(found), False

    @admin.display(description=_("customer"))
    def masked_customer(self, complaint: Complaint) -> str:
        return masked_email(complaint)

    @display(  # type: ignore[untyped-decorator]
        description=_("state"), label=STATE_TONES
    )
    def state_badge(self, complaint: Complaint) -> tuple[str, str]:
        return complaint.state, complaint.get_state_display()

    @display(  # type: ignore[untyped-decorator]
        description=_("deadline"), ordering="late_from", label=NEARNESS_TONES
    )
    def deadline_badge(self, complaint: Any) -> tuple[str, str]:
        deadline = deadline_of(complaint, complaint.soon)
        return (deadline.nearness, deadline.text) if deadline else ("", "–")

    @admin.display(description=_("handler"))
    def handler_name(self, complaint: Complaint) -> str:
        return str(complaint.handler) if complaint.handler else "–"

    # One complaint

    def case_of(self, request: HttpRequest, row: Complaint) -> str:
        return row.reference

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        context = {"title": _("Complaint"), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        complaint = kwargs.get("obj") or context["original"]
        context |= {
            "complaint": complaint,
            "customer_email": masked_email(complaint),
            "customer_link": self._customer_link(complaint),
            "deadline": deadline_of(complaint, complaint.soon),
            "nearness_tone": NEARNESS_TONES,
            "clocks": [_shown_clock(c) for c in complaint.clocks.select_related("limit")],
            "events": [_shown_event(e) for e in complaint.events.select_related("by")],
            "evidence": complaint.evidence.all(),
            **self._next_steps(request, complaint),
        }
        return super().render_change_form(  # type: ignore[no-any-return]
            request, context, *args, **kwargs
        )

    def _customer_link(self, complaint: Complaint) -> str:
        page = reverse("admin:accounts_customer_change", args=[complaint.customer_id])
        return f"{page}?case={complaint.reference}"

    def _next_steps(self, request: HttpRequest, complaint: Complaint) -> dict[str, Any]:
        """Return the buttons and forms that this person may use on this complaint now."""
        if not request.user.has_perm(CHANGE):
            return {"may_work": False}
        names = IN_STATE.get(ComplaintState(complaint.state), ())
        initial = {name: getattr(complaint, name) for name in ANSWER}
        return {
            "may_work": complaint.is_open,
            "may_take": complaint.handler != request.user,
            "assign_form": themed(AssignForm(initial={"handler": complaint.handler_id})),
            "steps": [
                (name, STEPS[name].label, themed(STEPS[name].form(initial=initial)))
                for name in names
            ],
        }

    # Steps

    def step(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        step = STEPS[name]
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=step.act,
            title=step.label,
            done=step.done,
            form_class=step.form,
        )

    def assign_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=assign,
            title=_("Assign"),
            done=_("The complaint is assigned."),
            form_class=AssignForm,
        )

    def take_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        officer: Any = request.user
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=partial(assign, handler=officer),
            title=_("Take it"),
            done=_("The complaint is yours."),
        )

    # Evidence

    @transaction.atomic
    def download_view(self, request: HttpRequest, object_id: str, public_id: str) -> FileResponse:
        complaint = self.get_row(request, object_id, "complaints.view_complaint")
        evidence = get_object_or_404(Evidence, case=complaint, public_id=public_id)
        self.record(request, complaint, AccessAction.DOWNLOAD, field_groups=[DataCategory.EVIDENCE])
        return as_attachment(evidence)


def masked_email(complaint: Complaint) -> str:
    return declaration_of(Customer).masked(complaint.customer, "email")


def _shown_clock(clock: Clock) -> dict[str, Any]:
    return {"clock": clock, "lines": clock.explanation_lines}


def _shown_event(event: CaseEvent) -> dict[str, Any]:
    labels = {**dict(ComplaintState.choices), ASSIGNED: _("assigned")}
    if event.code == EVIDENCE_INFECTED:
        found = _("a virus was found in a file of the evidence")
        return {"at": event.at, "label": found, "by": _("the portal")}
    if event.code == DEADLINE_MOVED:
        return {"at": event.at, "label": event.deadline_sentence, "by": _("the portal")}
    by_staff = event.by is not None and event.by.is_staff
    return {
        "at": event.at,
        "label": labels.get(event.code, event.code),
        "by": str(event.by) if by_staff else _("customer"),
    }
