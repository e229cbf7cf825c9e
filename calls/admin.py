from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from access.admin import SHORT_ID, PersonalDataAdmin
from access.models import AccessAction
from access.purposes import CUSTOMER_CARE
from access.services import record_list
from accounts.admin.reveal import ReasonForm, approved_reason, closed_page, why_approved
from accounts.approvals import is_open_to, openings_for, require_opening
from accounts.finding import read_search
from accounts.models import Customer
from calls.forms import RecordingForm
from calls.models import CallRecording
from calls.playback import playback_token, recording_of, send_recording
from calls.services import add_recording
from common.admin import themed
from common.errors import PortalError
from common.personal_data import DataCategory
from common.uploads import receives_files

PLAY = "calls.play_callrecording"
ADD = "calls.add_callrecording"


@admin.register(CallRecording)
class CallRecordingAdmin(PersonalDataAdmin):
    """When calls were; what was said is heard only by who says why, and that is recorded."""

    add_permission = ADD
    purpose = CUSTOMER_CARE
    field_groups = (DataCategory.CALL_RECORDING,)

    list_display = ["started_at", "direction", "length_text", "number", "short_id"]
    list_filter = ["direction"]
    list_select_related = ["customer"]
    search_fields = ["public_id"]
    search_help_text = _("Whole email, phone number, public id or full name of the customer")
    sortable_by = ()
    fields = ["started_at", "direction", "length_text", "number", "short_id", "added_at"]
    readonly_fields = ["length_text", "short_id"]
    actions_detail = ["play"]

    def get_urls(self) -> list[URLPattern]:
        audio = path(
            "audio/<str:token>/",
            self.admin_site.admin_view(self.audio_view),
            name="calls_callrecording_audio",
        )
        return [audio, *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        if not search_term.strip():
            return queryset, False
        people = Customer.objects.filter(read_search(search_term).condition)
        return queryset.filter(customer__in=people), False

    def searched_by(self, term: str) -> str:
        return read_search(term).by

    @admin.display(description=_("length"))
    def length_text(self, recording: CallRecording) -> str:
        return recording.length

    @admin.display(description=_("customer"))
    def short_id(self, recording: CallRecording) -> str:
        return recording.customer.public_id[:SHORT_ID]

    # Adding one

    @receives_files(settings.CALL_RECORDING_MAX_BYTES)
    def add_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().add_view(*args, **kwargs)

    def add_row(self, request: HttpRequest) -> HttpResponse:
        user: Any = request.user
        return self.form_view(
            request,
            form_class=partial(RecordingForm, looked_up=partial(self._record_search, request)),
            act=partial(add_recording, by=user),
            title=_("Add a recording"),
            done=_("The recording is kept, encrypted. The customer can hear it."),
            back=reverse("admin:calls_callrecording_changelist"),
        )

    def _record_search(self, request: HttpRequest, found: list[Customer]) -> None:
        """Whoever adds a recording learns whether there is such a customer, and if they agreed."""
        record_list(
            by=request.user,
            customers=[customer.public_id for customer in found],
            purpose=self.purpose,
            field_groups=[*self.field_groups, DataCategory.CONTACT, DataCategory.CONSENT],
            searched=True,
        )

    # Listening

    def has_play_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(PLAY))

    @action(  # type: ignore[untyped-decorator]
        description=_("Listen"), icon="play_arrow", permissions=["play"]
    )
    def play(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, record it, and show a player once: the answer is no page to come back to."""
        recording = self.get_row(request, object_id, PLAY)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Listen to a recording"),
            "object": recording,
            "opts": self.opts,
            "back": self.page_of(recording),
        }
        opened = openings_for(recording.customer, by=request.user)
        if opened is not None and DataCategory.CALL_RECORDING not in opened.groups:
            return closed_page(
                request, recording.customer, context, group=DataCategory.CALL_RECORDING
            )
        data = request.POST if request.method == "POST" else None
        form = ReasonForm(
            data, customer=recording.customer, opened=opened, initial=approved_reason(opened)
        )
        themed(form)
        context |= {"form": form, "note": _("What you hear is recorded, and the customer sees it.")}
        if form.is_valid():
            try:
                return self._show_player(request, recording, form, context)
            except PortalError as error:  # ended at this moment, or not for this purpose
                form.add_error(None, str(error))
        return TemplateResponse(request, "admin/step.html", context)

    @transaction.atomic
    def _show_player(
        self, request: HttpRequest, recording: CallRecording, form: ReasonForm, context: Any
    ) -> HttpResponse:
        opening = require_opening(
            recording.customer,
            by=request.user,
            groups=self.field_groups,
            purpose=form.cleaned_data["purpose"],
        )
        why = form.why | why_approved(opening)
        self.record(request, recording, AccessAction.PLAY, **why)
        token = playback_token(recording, _session_of(request))
        audio = reverse("admin:calls_callrecording_audio", args=[token])
        page = TemplateResponse(
            request, "admin/calls/callrecording/player.html", {**context, "audio": audio}
        )
        return page.render()

    def audio_view(self, request: HttpRequest, token: str) -> HttpResponseBase:
        """Send what the player asks for: the look was recorded when it was shown.

        Where customers are asked first, it ends in the midst when they end it.
        """
        if not self.has_play_permission(request):
            raise PermissionDenied
        recording = recording_of(token, _session_of(request))
        if recording is None or not is_open_to(
            recording.customer, by=request.user, groups=self.field_groups
        ):
            raise Http404
        return send_recording(request, recording)


def _session_of(request: HttpRequest) -> str:
    return str(request.session.session_key)
