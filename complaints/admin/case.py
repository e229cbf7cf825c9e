"""One complaint on one screen: what is known, what happened, and what may be done now."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple, cast

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Q
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from access.models import AccessAction
from accounts.models import User
from accounts.uses import accesses_told_to
from casework.deadlines import deadline_of
from casework.downloads import as_attachment
from casework.models import CaseEvent, Clock, Evidence
from casework.waits import erasure_waits_for
from common.admin import themed
from common.personal_data import DataCategory
from complaints.admin.dashboard import DashboardAdmin
from complaints.admin.intake import IntakeAdmin, receives_evidence
from complaints.admin.letter import LetterAdmin
from complaints.admin.papers import PaperAdmin
from complaints.admin.queue import CHANGE, masked_email
from complaints.admin.steps import (
    STEPS,
    AssignForm,
    Step,
    act_unless_changed,
    act_with_files,
    assign,
)
from complaints.events import actor_of, label_of
from complaints.forms import CaseForm
from complaints.models import ANSWER, Complaint, ComplaintState, ReplyTemplate
from complaints.replies import fill_in

ACCESSES = 5  # of the newest to this customer's data, for the officer's eye


class Line(NamedTuple):
    """One line of the timeline: a step, a message or a note."""

    at: Any
    label: str
    by: str
    text: str = ""
    kind: str = "event"


@admin.register(Complaint)
class ComplaintAdmin(IntakeAdmin, DashboardAdmin, PaperAdmin, LetterAdmin):
    actions_list = ["record_complaint", "dashboard"]
    fields = [
        "reference",
        "category",
        "state",
        "handler_name",
        "received_at",
        "late_from",
        "closed_at",
    ]
    page_title = _("Complaint")
    change_form_template = "admin/complaints/complaint/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        download = path(
            "<path:object_id>/evidence/<slug:public_id>/",
            self.admin_site.admin_view(self.download_view),
            name="complaints_complaint_evidence",
        )
        return [
            *(
                self.step_path(name, receives_evidence(partial(self.take_step, name=name)))
                for name in STEPS
            ),
            self.step_path("assign", self.assign_view),
            self.step_path("take", self.take_view),
            download,
            *super().get_urls(),
        ]

    def case_of(self, request: HttpRequest, row: Complaint) -> str:
        return row.reference

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        complaint = kwargs.get("obj") or context["original"]
        context |= {
            "complaint": complaint,
            "customer_email": masked_email(complaint),
            "customer_link": self._customer_link(complaint),
            "deadline": deadline_of(complaint, complaint.soon),
            "kept_until": erasure_waits_for(complaint),
            "clocks": [_shown_clock(c) for c in complaint.clocks.select_related("limit")],
            "timeline": timeline(complaint),
            "evidence": complaint.evidence.all(),
            "related": related(complaint, request.user),
            "questioned": complaint.questioned_accesses.select_related("record__actor"),
            "accesses": accesses_told_to(complaint.customer)
            .select_related("actor")
            .order_by("-pk")[:ACCESSES],
            "kept_away": complaint.conflicts.select_related("staff"),
            "reminders": complaint.reminders.filter(staff=request.user, sent_at=None),
            **self._next_steps(request, complaint),
        }
        return super().render_change_form(  # type: ignore[no-any-return]
            request, context, *args, **kwargs
        )

    def _customer_link(self, complaint: Complaint) -> str:
        page = reverse("admin:accounts_customer_change", args=[complaint.customer_id])
        return f"{page}?case={complaint.reference}"

    def _next_steps(self, request: HttpRequest, complaint: Complaint) -> dict[str, Any]:
        """Return the steps that this person may take on this complaint now, with their forms."""
        if not request.user.has_perm(CHANGE):
            return {"may_work": False}
        initial = self._initial(request, complaint)
        user: Any = request.user
        is_handled = complaint.is_open and complaint.state != ComplaintState.REFUSAL
        return {
            "may_work": complaint.is_open or any(step.beside(complaint) for step in STEPS.values()),
            "take_form": is_handled
            and complaint.handler != user
            and CaseForm(initial=initial, auto_id="id_take_%s"),
            "assign_form": themed(AssignForm(initial=initial)),
            "steps": [
                (name, step, _form(step, complaint, name, initial))
                for name, step in STEPS.items()
                if step.is_next(complaint, user)
            ],
            "more_steps": [
                (name, step, _form(step, complaint, name, initial))
                for name, step in STEPS.items()
                if step.beside(complaint)
            ],
            "reply_templates": complaint.is_open and ReplyTemplate.objects.filter(is_retired=False),
        }

    def _initial(self, request: HttpRequest, complaint: Complaint) -> dict[str, Any]:
        chosen = request.GET.get("reply", "")
        template = (
            ReplyTemplate.objects.filter(pk=chosen, is_retired=False).first()
            if chosen.isdecimal() and len(chosen) < 10
            else None
        )
        newest = complaint.events.order_by("-pk").values_list("pk", flat=True).first()
        return {
            **{name: getattr(complaint, name) for name in ANSWER},
            "handler": complaint.handler_id,
            "severity": complaint.severity,
            "complexity": complaint.complexity,
            "seen": newest,
            "text": fill_in(template, complaint) if template else "",
        }

    # Steps

    def take_step(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Show a step's form, which may hold the answer as far as it is written; or take the step.

        A form is recorded, whichever step it is, as the page of the complaint is.
        """
        step, user = STEPS[name], cast("User", request.user)
        complaint: Complaint = self.get_row(request, object_id, CHANGE)
        is_sent = request.method == "POST"
        if not step.is_possible(complaint, user):
            if not is_sent:
                return self._refuse(request, complaint)
        elif step.is_looked_at and is_sent and "send" not in request.POST:
            form = themed(step.form_for(complaint)(request.POST))
            if form.is_valid():
                return self.draft_view(request, complaint, form)
        page = self.form_view(
            request,
            form_class=step.form_for(complaint),
            act=partial(act_with_files, complaint, act=step.act, names=step.names, by=user),
            title=step.label,
            done=step.done_on(complaint),
            back=self.page_of(complaint),
            after=lambda _done: self.page_after(request, complaint),
            initial=self._initial(request, complaint),
            button=step.button or step.label,
            object=complaint,
        )
        if isinstance(page, TemplateResponse):
            with transaction.atomic():
                self.record(request, complaint, AccessAction.OPEN)
                page.render()
        return page

    def _refuse(self, request: HttpRequest, complaint: Complaint) -> HttpResponse:
        text = gettext("This step is not possible: the complaint is “%(state)s”.")
        told = text % {"state": complaint.get_state_display()}
        self.message_user(request, told, messages.ERROR)
        return redirect(complaint.get_desk_url())

    def assign_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=partial(act_unless_changed, act=assign),
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
            step=partial(act_unless_changed, act=assign, handler=officer),
            title=_("Take it"),
            done=_("The complaint is yours."),
            form_class=CaseForm,
        )

    # Evidence

    @transaction.atomic
    def download_view(self, request: HttpRequest, object_id: str, public_id: str) -> FileResponse:
        complaint = self.get_row(request, object_id, "complaints.view_complaint")
        evidence = get_object_or_404(Evidence, case=complaint, public_id=public_id)
        self.record(request, complaint, AccessAction.DOWNLOAD, field_groups=[DataCategory.EVIDENCE])
        return as_attachment(evidence)


def timeline(complaint: Complaint) -> list[Line]:
    """Return all that happened, was written and noted, in its order."""
    events = complaint.events.select_related("by")
    names = _names_told(events)
    lines = [_event_line(event, names) for event in events]
    lines += [
        Line(
            message.at,
            str(_("customer wrote") if message.from_customer else _("written to the customer")),
            _name(message.by) if not message.from_customer else "",
            message.text,
            "message",
        )
        for message in complaint.messages.select_related("by")
    ]
    lines += [
        Line(note.at, str(_("note")), _name(note.by), note.text, "note")
        for note in complaint.notes.select_related("by")
    ]
    return sorted(lines, key=lambda line: line.at)


def _names_told(events: Iterable[CaseEvent]) -> dict[str, str]:
    """Return by public id the names of who was reminded, or given the complaint."""
    ids = {each for event in events for each in event.details.get("to", ())}
    staff = User.objects.filter(public_id__in=ids) if ids else ()
    return {user.public_id: str(user) for user in staff}


def _event_line(event: CaseEvent, names: Mapping[str, str]) -> Line:
    told = ", ".join(names[each] for each in event.details.get("to", ()) if each in names)
    label = label_of(event)
    return Line(event.at, f"{label}: {told}" if told else label, actor_of(event))


def _name(user: User | None) -> str:
    return str(user) if user else ""


def related(complaint: Complaint, user: Any) -> list[tuple[Complaint, str]]:
    """Return the complaints that are linked with this one, and how, as far as ``user`` may read."""
    either = Q(earlier_links__earlier=complaint) | Q(later_links__later=complaint)
    readable = Complaint.objects.readable_by(user).filter(either).distinct()
    kinds = {link.earlier_id: link for link in complaint.earlier_links.all()}
    kinds |= {link.later_id: link for link in complaint.later_links.all()}
    return [(other, kinds[other.pk].get_kind_display()) for other in readable]


def _form(step: Step, complaint: Complaint, name: str, initial: dict[str, Any]) -> Any:
    return themed(step.form_for(complaint)(initial=initial, auto_id=f"id_{name}_%s"))


def _shown_clock(clock: Clock) -> dict[str, Any]:
    return {"clock": clock, "lines": clock.explanation_lines}
