from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Count, Q
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from access.admin import PersonalDataAdmin
from access.purposes import ENQUIRY_HANDLING
from common.admin import ReadOnlyAdmin, badge, themed
from common.personal_data import DataCategory, mask_email, mask_name
from enquiries import services
from enquiries.forms import AnswerForm
from enquiries.models import CLOSED, Enquiry, EnquiryState, ErasedEnquiries
from enquiries.senders import erasure_waits_for

CHANGE = "enquiries.change_enquiry"

QUEUES: dict[str, tuple[str | Promise, Q]] = {
    "open": (_("To be answered"), Q(state=EnquiryState.OPEN)),
    "late": (_("Overdue"), Q(state=EnquiryState.OPEN, late_from__lte=Now())),
    "unconfirmed": (_("Address not confirmed"), Q(state=EnquiryState.UNCONFIRMED)),
    "closed": (_("Closed"), Q(state__in=CLOSED)),
}
STATE_TONES = {
    EnquiryState.UNCONFIRMED: "warning",
    EnquiryState.OPEN: "info",
    EnquiryState.ANSWERED: "success",
    EnquiryState.PHONED: "success",
}


class QueueFilter(admin.SimpleListFilter):
    """The tabs above the list; without one those to be answered, or all for a search."""

    title = _("queue")
    parameter_name = "queue"
    template = "admin/no_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, label) for name, (label, _which) in QUEUES.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        name = self.value() or ("" if request.GET.get(SEARCH_VAR) else "open")
        return queryset.filter(QUEUES[name][1]) if name in QUEUES else queryset


@admin.register(Enquiry)
class EnquiryAdmin(PersonalDataAdmin):
    purpose = ENQUIRY_HANDLING
    field_groups = (DataCategory.ENQUIRY,)

    list_display = [
        "reference",
        "masked_name",
        "masked_email",
        "received_at",
        "state_badge",
        "deadline_badge",
    ]
    list_filter = [QueueFilter]
    list_before_template = "admin/queue_tabs.html"
    search_fields = ["reference"]
    search_help_text = _("Reference, or exact email address")
    sortable_by = ()
    fields = ["reference", "state", "received_at"]
    page_title = _("Enquiry")
    change_form_template = "admin/enquiries/enquiry/change_form.html"
    show_past = ReadOnlyAdmin.show_past  # the history holds nothing that the sender wrote

    def get_urls(self) -> list[URLPattern]:
        return [
            self.step_path("answer", self.answer_view),
            self.step_path("phoned", self.phoned_view),
            self.step_path("dismiss", self.dismiss_view),
            *super().get_urls(),
        ]

    def subject_of(self, row: Enquiry) -> str:
        return row.public_id

    def case_of(self, request: HttpRequest, row: Enquiry) -> str:
        return row.reference

    # The queue

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        counts = Enquiry.objects.aggregate(
            **{name: Count("pk", filter=which) for name, (_label, which) in QUEUES.items()}
        )
        shown = request.GET.get("queue") or ("" if request.POST.get(SEARCH_VAR) else "open")
        queues = [
            (name, label, counts[name], name == shown) for name, (label, _which) in QUEUES.items()
        ]
        context = {"queues": queues, "title": _("Enquiries"), **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Find by a whole reference or a whole address, so that nobody can be guessed at."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(reference=term.upper()) | Enquiry.found_by("email", term.lower())
        return queryset.filter(found), False

    @admin.display(description=_("name"))
    def masked_name(self, enquiry: Enquiry) -> str:
        return mask_name(enquiry.name)

    @admin.display(description=_("email"))
    def masked_email(self, enquiry: Enquiry) -> str:
        return mask_email(enquiry.email)

    @badge(description=_("state"), tones=STATE_TONES)
    def state_badge(self, enquiry: Enquiry) -> tuple[str, str]:
        return enquiry.state, enquiry.get_state_display()

    @badge(description=_("deadline"), tones={True: "danger", False: "success"})
    def deadline_badge(self, enquiry: Enquiry) -> tuple[Any, str]:
        late_from, last_day = enquiry.late_from, enquiry.last_day
        if late_from is None or last_day is None or enquiry.state != EnquiryState.OPEN:
            return None, "–"
        return late_from <= timezone.now(), date_format(last_day, "SHORT_DATE_FORMAT")

    # One enquiry

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        enquiry = kwargs.get("obj") or context["original"]
        context |= {
            "enquiry": enquiry,
            "masked_email": mask_email(enquiry.email),
            "kept_until": erasure_waits_for(enquiry),
            **_next_steps(request, enquiry),
        }
        return super().render_change_form(  # type: ignore[no-any-return]
            request, context, *args, **kwargs
        )

    # Steps

    def answer_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=services.answer_enquiry,
            title=_("Mail the answer"),
            done=_("The answer is on its way."),
            form_class=AnswerForm,
        )

    def phoned_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=services.settle_by_phone,
            title=_("Answered by phone"),
            done=_("The enquiry is closed."),
            form_class=forms.Form,
        )

    def dismiss_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=services.dismiss_enquiry,
            title=_("It asks nothing"),
            done=_("The enquiry is closed."),
            form_class=forms.Form,
        )


def _next_steps(request: HttpRequest, enquiry: Enquiry) -> dict[str, Any]:
    """Return the form and the buttons that this person may use on this enquiry now."""
    if not request.user.has_perm(CHANGE):
        return {}
    states = enquiry.next_states
    buttons = [
        ("phoned", _("Answered by phone"), EnquiryState.PHONED in states and enquiry.phone),
        ("dismiss", _("It asks nothing"), EnquiryState.DISMISSED in states),
    ]
    return {
        "answer_form": themed(AnswerForm()) if EnquiryState.ANSWERED in states else None,
        "buttons": [(name, label) for name, label, is_possible in buttons if is_possible],
    }


@admin.register(ErasedEnquiries)
class ErasedEnquiriesAdmin(ReadOnlyAdmin):
    list_display = ["month", "answered", "dismissed", "unconfirmed"]
    list_display_links = None
    sortable_by = ()
    fields = ["month", "answered", "dismissed", "unconfirmed"]
