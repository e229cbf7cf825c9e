"""Asking customers before their data is opened, and what opens it where there is no time to ask."""

from datetime import date
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from access.admin import PersonalDataAdmin
from access.models import AccessAction, AccessRecord
from access.purposes import ACCESS_REVIEW, CUSTOMER_CARE
from accounts.admin.reveal import ASK, ReasonForm, is_case_of
from accounts.approval_trail import seen_under
from accounts.approvals import ask_approval, asks_customers_first
from accounts.emergencies import (
    ask_emergency,
    confirm_emergency,
    confirm_secrecy_order,
    end_emergency,
    record_secrecy_order,
    review_emergency,
)
from accounts.merging import public_ids_of
from accounts.models import AccessApproval, Customer, EmergencyAccess, SecrecyOrder, User
from accounts.models.approvals import (
    ApprovalState,
    AuthorityKind,
    EmergencyCategory,
    EmergencyFinding,
    EmergencyHours,
    EmergencyState,
    GrantHours,
    SecrecyState,
)
from accounts.record import masked_record
from common.admin import is_among, named
from common.forms import LineField
from common.personal_data import DataCategory
from policies.counting import local_day

BREAK = "accounts.add_emergencyaccess"
CONFIRM = "accounts.change_emergencyaccess"
REVIEW = "accounts.review_emergencyaccess"
ORDER = "accounts.add_secrecyorder"
VIEW_ORDERS = "accounts.view_secrecyorder"
CONFIRM_ORDER = "accounts.change_secrecyorder"
ID_LENGTH = 32  # of a whole public id
ALWAYS_ASKED = {DataCategory.ACCOUNT, DataCategory.CONTACT, DataCategory.DECLARED}


class GroupsField(forms.MultipleChoiceField):
    """Which kinds of data: of what is held of this customer, and what staff may enter."""

    widget = UnfoldAdminCheckboxSelectMultipleWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("Data"),
            choices=DataCategory.choices,
            error_messages={"required": _("Choose what you need to see.")},
            **kwargs,
        )

    def offer(self, customer: Customer, by: User) -> None:
        held = {each.category for each in masked_record(customer, by=by) if each.may_be_revealed}
        self.choices = [
            (each.value, each.label) for each in DataCategory if each in held | ALWAYS_ASKED
        ]


class AskForm(ReasonForm):
    """What a customer is asked to allow. They read all of it."""

    groups = GroupsField(help_text=_("Only what you need for this purpose."))
    hours = forms.TypedChoiceField(
        label=_("For how long"), choices=GrantHours, coerce=int, initial=GrantHours.FOUR
    )
    may_change = forms.BooleanField(
        label=_("To change it too"),
        required=False,
        help_text=_("To correct or erase it, or to close the account, as the customer wants."),
    )
    field_order = ["groups", "purpose", "case", "reason", "hours", "may_change"]

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: Any = self.fields["groups"]
        groups.offer(self.customer, by)


class CustomerField(forms.CharField):
    """Whom a step is about, by the whole public id: the form shows nothing of them, nor records."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Public id of the customer"),
            min_length=ID_LENGTH,
            max_length=ID_LENGTH,
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
        )

    def clean(self, value: Any) -> Any:
        customer = Customer.objects.known_as(super().clean(value).lower()).first()
        if customer is None:
            raise forms.ValidationError(_("There is no customer with this public id."))
        return customer


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
        secrecy.label_from_instance = _order_in_words
        if not by.has_perm(VIEW_ORDERS) or not orders.exists():
            del self.fields["secrecy"]

    def clean_case(self) -> str:
        reference = str(self.cleaned_data["case"]).strip().upper()
        customer = self.cleaned_data.get("customer")
        if reference and customer and not is_case_of(customer, reference):
            raise forms.ValidationError(_("This customer has no case with this reference."))
        return reference


def _order_in_words(order: SecrecyOrder) -> str:
    day = date_format(order.ends_on, "SHORT_DATE_FORMAT")
    return f"{order.get_authority_display()}: {order.document} (≤ {day})"


class DayInput(forms.DateInput):
    input_type = "date"


class OrderForm(forms.Form):
    customer = CustomerField()
    authority = forms.ChoiceField(
        label=_("Authority"), choices=[("", "---"), *AuthorityKind.choices]
    )
    document = LineField(
        label=_("Number of the order"),
        max_length=60,
        help_text=_("As on the paper, which stays in the company's files."),
    )
    dated_on = forms.DateField(label=_("Dated"), widget=DayInput())
    ends_on = forms.DateField(
        label=_("Secret until"),
        widget=DayInput(),
        help_text=_("The last day. On the next one the customer is told, by itself."),
    )


class ReviewForm(forms.Form):
    finding = forms.ChoiceField(
        label=_("Finding"), choices=[("", "---"), *EmergencyFinding.choices]
    )


class AskingAdmin(PersonalDataAdmin):
    """The steps on a customer's page that lead to an open record."""

    def _may(self, request: HttpRequest, permission: str) -> bool:
        return bool(request.user.has_perm(permission)) and asks_customers_first()

    def has_ask_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self._may(request, ASK)

    def has_break_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self._may(request, BREAK)

    @action(  # type: ignore[untyped-decorator]
        description=_("Ask for approval"), icon="contact_support", permissions=["ask"]
    )
    def ask_approval(self, request: HttpRequest, object_id: str) -> HttpResponse:
        customer = self.get_row(request, object_id, ASK)
        staff: Any = request.user
        return self.form_view(
            request,
            form_class=partial(AskForm, customer=customer, by=staff),
            act=partial(ask_approval, customer, by=staff),
            title=_("Ask for approval"),
            done=_("The customer is asked. You get a mail when they answer."),
            back=self.page_of(customer),
            initial={
                "groups": [request.GET.get("group", DataCategory.CONTACT)],
                "case": self.case_of(request, customer),
            },
            object=customer,
            note=_(
                "The customer reads this and has 12 hours; no answer means no. What they allow is"
                " open to you alone and ends by itself."
            ),
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Open in an emergency"), icon="emergency", permissions=["break"]
    )
    def break_glass(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the page that opens a record, about this customer."""
        customer = self.get_row(request, object_id, BREAK)
        about = {"customer": customer.public_id, "case": self.case_of(request, customer)}
        return redirect(
            f"{reverse('admin:accounts_emergencyaccess_break_glass')}?{urlencode(about)}"
        )

    def openings_shown(self, request: HttpRequest, customer: Customer) -> dict[str, Any]:
        """Return what the customer's page says of what is, or may soon be, open to this person."""
        if not asks_customers_first():
            return {}
        now = timezone.now()
        mine: dict[str, Any] = {"customer": customer, "asked_by": request.user}
        approvals = AccessApproval.objects.filter(**mine).select_related("purpose")
        running = list(approvals.running(now))
        emergencies = EmergencyAccess.objects.filter(**mine)
        opened = [*running, *emergencies.running(now)]
        return {
            "is_asked_first": True,
            "running": running,
            "waiting": approvals.waiting(now),
            "last_refused": approvals.filter(answer=AccessApproval.Answer.REFUSED).first(),
            "emergencies": [*emergencies.running(now), *emergencies.to_be_confirmed(now)],
            "open_groups": {group for each in opened for group in each.field_groups},
            "may_ask": self.has_ask_permission(request),
        }


class ApprovalStateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", ApprovalState.WAITING.label), ("running", ApprovalState.RUNNING.label)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        narrowed = {"waiting": queryset.waiting, "running": queryset.running}.get(
            self.value() or ""
        )
        return narrowed(now) if narrowed else queryset


APPROVAL_TONES = {
    ApprovalState.WAITING: "warning",
    ApprovalState.RUNNING: "success",
    ApprovalState.REFUSED: "danger",
}


class OpeningAdmin(PersonalDataAdmin):
    """What is common to what opens records: people see their own, who may decide sees all."""

    field_groups = (DataCategory.ACCESS_RECORD,)
    sees_all = ""  # the permission to see also what others asked for
    sortable_by = ()
    asked = staticmethod(named("asked_by", _("asked by")))

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows if request.user.has_perm(self.sees_all) else rows.filter(asked_by=request.user)

    def case_of(self, request: HttpRequest, row: Any) -> str:
        return str(row.case_reference)

    @admin.display(description=_("customer"))
    def short_id(self, opening: Any) -> str:
        return str(opening.customer)

    @admin.display(description=_("state"))
    def state_text(self, opening: Any) -> str:
        return str(opening.state.label)

    @admin.display(description=_("data"))
    def groups_text(self, opening: Any) -> str:
        return "; ".join(opening.group_labels)


@admin.register(AccessApproval)
class AccessApprovalAdmin(OpeningAdmin):
    purpose = CUSTOMER_CARE
    sees_all = REVIEW

    list_display = ["asked_at", "short_id", "purpose_text", "state_badge", "ends_at", "asked"]
    list_filter = [ApprovalStateFilter]
    list_select_related = ["customer", "purpose", "asked_by"]
    fields = [
        "state_text",
        "short_id",
        "purpose_text",
        "reason",
        "case_reference",
        "groups_text",
        "may_change",
        "hours",
        "asked",
        "asked_at",
        "answer_by",
        "answered_at",
        "answered_through",
        "ends_at",
        "revoked_at",
    ]
    readonly_fields = ["state_text", "short_id", "purpose_text", "groups_text", "asked"]

    @admin.display(description=_("purpose"))
    def purpose_text(self, approval: AccessApproval) -> str:
        return str(approval.purpose.name)

    @display(  # type: ignore[untyped-decorator]
        description=_("state"), label=APPROVAL_TONES
    )
    def state_badge(self, approval: AccessApproval) -> tuple[str, str]:
        return approval.state, str(approval.state.label)


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


EMERGENCY_TONES = {
    EmergencyState.ASKED: "warning",
    EmergencyState.RUNNING: "danger",
    EmergencyState.ENDED: "warning",
    EmergencyState.REVIEWED: "success",
}


def _secret_day(order: SecrecyOrder | None) -> dict[str, Any]:
    """Return until when a look at a page about this order is secret too."""
    is_secret = order is not None and order.ends_on >= local_day(timezone.now())
    return {"secret_until": order.ends_on} if order is not None and is_secret else {}


def _secrecy_shown(request: HttpRequest) -> str:
    """Return which column shows an order: until when it is secret, to who may not see orders."""
    return "secret_text" if request.user.has_perm(VIEW_ORDERS) else "secret_day"


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
        return [_secrecy_shown(request) if name == "secret_text" else name for name in fields]

    @admin.display(description=_("secret until"))
    def secret_day(self, emergency: EmergencyAccess) -> date | None:
        return emergency.secrecy.ends_on if emergency.secrecy else None

    @admin.display(description=_("secret until"))
    def secret_text(self, emergency: EmergencyAccess) -> str:
        order = emergency.secrecy
        return _order_in_words(order) if order else "–"

    @display(  # type: ignore[untyped-decorator]
        description=_("state"), label=EMERGENCY_TONES
    )
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
        super().record(request, row, action, **details, **_secret_day(row.secrecy))

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
            facts=[*self.fields[1:8], _secrecy_shown(request)],
            permission=CONFIRM,
            step=confirm_emergency,
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


SECRECY_TONES = {SecrecyState.ASKED: "warning", SecrecyState.IN_FORCE: "danger"}


@admin.register(SecrecyOrder)
class SecrecyOrderAdmin(PersonalDataAdmin):
    purpose = ACCESS_REVIEW
    field_groups = (DataCategory.ACCESS_RECORD,)

    list_before_template = "admin/accounts/secrecyorder/where.html"
    list_display = [
        "recorded_at",
        "short_id",
        "authority",
        "document",
        "state_badge",
        "ends_on",
        "confirmed",
    ]
    list_select_related = ["customer", "recorded_by", "confirmed_by"]
    sortable_by = ()
    fields = [
        "state_text",
        "short_id",
        "authority",
        "document",
        "dated_on",
        "ends_on",
        "recorded",
        "recorded_at",
        "confirmed",
        "confirmed_at",
    ]
    readonly_fields = ["state_text", "short_id", "recorded", "confirmed"]
    actions_list = ["record_order"]
    actions_detail = ["confirm"]
    recorded = staticmethod(named("recorded_by", _("recorded by")))
    confirmed = staticmethod(named("confirmed_by", _("confirmed by")))

    @admin.display(description=_("customer"))
    def short_id(self, order: SecrecyOrder) -> str:
        return str(order.customer)

    @admin.display(description=_("state"))
    def state_text(self, order: SecrecyOrder) -> str:
        return str(order.state.label)

    @display(  # type: ignore[untyped-decorator]
        description=_("state"), label=SECRECY_TONES
    )
    def state_badge(self, order: SecrecyOrder) -> tuple[str, str]:
        return order.state, str(order.state.label)

    def record(self, request: HttpRequest, row: Any, action: AccessAction, **details: Any) -> None:
        super().record(request, row, action, **details, **_secret_day(row))

    def has_order_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(ORDER))

    @action(  # type: ignore[untyped-decorator]
        description=_("Record an order of secrecy"), icon="lock_clock", permissions=["order"]
    )
    def record_order(self, request: HttpRequest) -> HttpResponse:
        """Take the paper without a look at the customer, who would be told of it."""
        staff: Any = request.user
        return self.form_view(
            request,
            form_class=OrderForm,
            act=partial(record_secrecy_order, by=staff),
            title=_("Record an order of secrecy"),
            done=_(
                "The order is recorded. It counts once a second data protection officer has"
                " confirmed it; where there is one alone, it never counts."
            ),
            back=reverse("admin:accounts_secrecyorder_changelist"),
        )

    def has_confirm_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        others = SecrecyOrder.objects.filter(confirmed_at=None).exclude(recorded_by=request.user.pk)
        known = object_id is None or is_among(others, object_id)
        return known and bool(request.user.has_perm(CONFIRM_ORDER))

    @action(  # type: ignore[untyped-decorator]
        description=_("Confirm the order"), icon="verified_user", permissions=["confirm"]
    )
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.told_step_view(
            request,
            object_id,
            facts=self.fields[1:8],
            permission=CONFIRM_ORDER,
            step=confirm_secrecy_order,
            title=_("Confirm the order"),
            done=_("The order is in force."),
        )
