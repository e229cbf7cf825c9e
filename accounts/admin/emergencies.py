"""Opening a record where there is no time to ask: two decide, a third reviews."""

from datetime import date
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from access.models import AccessAction, AccessRecord
from access.purposes import ACCESS_REVIEW
from accounts.admin.openings import BREAK, REVIEW, CustomerField, GroupsField, OpeningAdmin
from accounts.admin.reveal import is_case_of
from accounts.admin.secrecy import VIEW_ORDERS, order_in_words, secrecy_shown, secret_day_of
from accounts.approval_trail import seen_under
from accounts.emergencies import (
    ask_emergency,
    confirm_emergency,
    end_emergency,
    review_emergency,
)
from accounts.merging import public_ids_of
from accounts.models import EmergencyAccess, SecrecyOrder, User
from accounts.models.approvals import (
    EmergencyCategory,
    EmergencyFinding,
    EmergencyHours,
    EmergencyState,
)
from common.admin import badge, is_among, named
from policies.counting import local_day

CONFIRM = "accounts.change_emergencyaccess"
EMERGENCY_TONES = {
    EmergencyState.ASKED: "warning",
    EmergencyState.RUNNING: "danger",
    EmergencyState.ENDED: "warning",
    EmergencyState.REVIEWED: "success",
}


class EmergencyForm(forms.Form):
    """Why a record has to be opened without asking. A second person decides."""

    secrecy = forms.ModelChoiceField(
        SecrecyOrder.objects.none(),
        label=_("Order of secrecy"),
        required=False,
        help_text=_("Only where an authority ordered it in writing. Or else they are told now."),
    )
    customer = CustomerField()
    category = forms.ChoiceField(
        label=_("Emergency"), choices=[("", "---"), *EmergencyCategory.choices]
    )
    groups = GroupsField(help_text=_("Only what the emergency needs."))
    hours = forms.TypedChoiceField(
        label=_("For how long"), choices=EmergencyHours, coerce=int, initial=EmergencyHours.ONE
    )
    case = forms.CharField(label=_("Reference of the case"), max_length=20, required=False)

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        orders = SecrecyOrder.objects.in_force(local_day(timezone.now()))
        secrecy: Any = self.fields["secrecy"]
        secrecy.queryset = orders
        secrecy.label_from_instance = order_in_words
        if not by.has_perm(VIEW_ORDERS) or not orders.exists():
            del self.fields["secrecy"]

    def clean_case(self) -> str:
        reference = str(self.cleaned_data["case"]).strip().upper()
        customer = self.cleaned_data.get("customer")
        if reference and customer and not is_case_of(customer, reference):
            raise forms.ValidationError(_("This customer has no case with this reference."))
        return reference


class ReviewForm(forms.Form):
    finding = forms.ChoiceField(
        label=_("Finding"), choices=[("", "---"), *EmergencyFinding.choices]
    )


class EmergencyStateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("asked", EmergencyState.ASKED.label),
            ("unreviewed", _("to be reviewed")),
            ("untold", _("customer to be told")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "asked":
            return queryset.to_be_confirmed(timezone.now())
        if self.value() == "unreviewed":
            return queryset.unreviewed()
        if self.value() == "untold":
            return queryset.to_be_told(local_day(timezone.now()))
        return queryset


@admin.register(EmergencyAccess)
class EmergencyAccessAdmin(OpeningAdmin):
    purpose = ACCESS_REVIEW
    sees_all = CONFIRM

    list_display = [
        "asked_at",
        "short_id",
        "category",
        "state_badge",
        "asked",
        "confirmed",
        "told_at",
    ]
    list_filter = [EmergencyStateFilter]
    list_select_related = ["customer", "asked_by", "confirmed_by"]
    fields = [
        "state_text",
        "short_id",
        "category",
        "case_reference",
        "groups_text",
        "hours",
        "asked",
        "asked_at",
        "confirmed",
        "confirmed_at",
        "ends_at",
        "secret_text",
        "told_at",
        "reviewed",
        "reviewed_at",
        "finding",
    ]
    readonly_fields = [
        "state_text",
        "short_id",
        "groups_text",
        "asked",
        "confirmed",
        "reviewed",
        "secret_day",
        "secret_text",
    ]
    actions_list = ["break_glass"]
    actions_detail = ["confirm", "end", "review"]
    change_form_outer_after_template = "admin/accounts/emergencyaccess/seen.html"
    confirmed = staticmethod(named("confirmed_by", _("confirmed by")))
    reviewed = staticmethod(named("reviewed_by", _("reviewed by")))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fields = super().get_fields(request, obj)
        return [secrecy_shown(request) if name == "secret_text" else name for name in fields]

    @admin.display(description=_("secret until"))
    def secret_day(self, emergency: EmergencyAccess) -> date | None:
        return emergency.secrecy.ends_on if emergency.secrecy else None

    @admin.display(description=_("secret until"))
    def secret_text(self, emergency: EmergencyAccess) -> str:
        order = emergency.secrecy
        return order_in_words(order) if order else "–"

    @badge(description=_("state"), tones=EMERGENCY_TONES)
    def state_badge(self, emergency: EmergencyAccess) -> tuple[str, str]:
        return emergency.state, str(emergency.state.label)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show who reviews it all that was seen, also what the customer is told of later."""
        emergency = context["original"]
        about = AccessRecord.objects.about(*public_ids_of(emergency.customer))
        context["seen"] = seen_under(emergency, about)
        return super().render_change_form(  # type: ignore[no-any-return]
            request, context, *args, **kwargs
        )

    def record(self, request: HttpRequest, row: Any, action: AccessAction, **details: Any) -> None:
        super().record(request, row, action, **details, **secret_day_of(row.secrecy))

    def _among(self, object_id: str | None, rows: Any) -> bool:
        return object_id is None or is_among(rows, object_id)

    def has_confirm_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        waiting = EmergencyAccess.objects.to_be_confirmed(timezone.now())
        others = waiting.exclude(asked_by=request.user.pk)
        return bool(request.user.has_perm(CONFIRM)) and self._among(object_id, others)

    def has_break_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(BREAK))

    @action(  # type: ignore[untyped-decorator]
        description=_("Open in an emergency"), icon="emergency", permissions=["break"]
    )
    def break_glass(self, request: HttpRequest) -> HttpResponse:
        """Ask for it without a look at the customer, which would tell them before an order may."""
        staff: Any = request.user
        return self.form_view(
            request,
            form_class=partial(EmergencyForm, by=staff),
            act=partial(ask_emergency, by=staff),
            title=_("Open in an emergency"),
            done=_("A second person is asked. Nothing is open before they confirm."),
            back=reverse("admin:accounts_emergencyaccess_changelist"),
            after=self.page_of,
            initial={name: request.GET.get(name, "") for name in ("customer", "case")},
            note=_(
                "Only when there is no time to ask. A second person confirms within the hour, the"
                " customer is always told, and a data protection officer reviews it. It opens for"
                " looking, never for changing."
            ),
        )

    def has_end_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        running = EmergencyAccess.objects.running(timezone.now())
        return bool(request.user.has_perm(BREAK)) and self._among(object_id, running)

    def has_review_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        ended = EmergencyAccess.objects.unreviewed().filter(ends_at__lte=timezone.now())
        me = request.user.pk
        others = ended.exclude(asked_by=me).exclude(confirmed_by=me)
        return bool(request.user.has_perm(REVIEW)) and self._among(object_id, others)

    @action(  # type: ignore[untyped-decorator]
        description=_("Confirm as a second person"), icon="verified_user", permissions=["confirm"]
    )
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.told_step_view(
            request,
            object_id,
            facts=[*self.fields[1:8], secrecy_shown(request)],
            permission=CONFIRM,
            step=confirm_emergency,
            is_grave=True,
            title=_("Confirm as a second person"),
            done=_("The record is open to who asked, for the time asked."),
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Close it now"), icon="lock", permissions=["end"]
    )
    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=BREAK,
            step=end_emergency,
            title=_("Close it now"),
            done=_("The record is closed again."),
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Review"), icon="fact_check", permissions=["review"]
    )
    def review(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=REVIEW,
            step=review_emergency,
            title=_("Review"),
            done=_("The review is recorded. The customer reads what you found."),
            form_class=ReviewForm,
        )
