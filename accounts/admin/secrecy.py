"""Orders of secrecy: what delays that a customer is told of a look."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from access.admin import PersonalDataAdmin
from access.models import AccessAction
from access.purposes import ACCESS_REVIEW
from accounts.admin.openings import CustomerField
from accounts.emergencies import (
    confirm_secrecy_order,
    record_secrecy_order,
)
from accounts.models import SecrecyOrder
from accounts.models.approvals import (
    AuthorityKind,
    SecrecyState,
)
from common.admin import badge, is_among, named
from common.forms import LineField
from common.personal_data import DataCategory
from policies.counting import local_day

ORDER = "accounts.add_secrecyorder"
VIEW_ORDERS = "accounts.view_secrecyorder"
CONFIRM_ORDER = "accounts.change_secrecyorder"
SECRECY_TONES = {SecrecyState.ASKED: "warning", SecrecyState.IN_FORCE: "danger"}


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


def order_in_words(order: SecrecyOrder) -> str:
    day = date_format(order.ends_on, "SHORT_DATE_FORMAT")
    return f"{order.get_authority_display()}: {order.document} (≤ {day})"


def secret_day_of(order: SecrecyOrder | None) -> dict[str, Any]:
    """Return until when a look at a page about this order is secret too."""
    is_secret = order is not None and order.ends_on >= local_day(timezone.now())
    return {"secret_until": order.ends_on} if order is not None and is_secret else {}


def secrecy_shown(request: HttpRequest) -> str:
    """Return which column shows an order: until when it is secret, to who may not see orders."""
    return "secret_text" if request.user.has_perm(VIEW_ORDERS) else "secret_day"


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

    @badge(description=_("state"), tones=SECRECY_TONES)
    def state_badge(self, order: SecrecyOrder) -> tuple[str, str]:
        return order.state, str(order.state.label)

    def record(self, request: HttpRequest, row: Any, action: AccessAction, **details: Any) -> None:
        super().record(request, row, action, **details, **secret_day_of(row))

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
            is_grave=True,
            title=_("Confirm the order"),
            done=_("The order is in force."),
        )
