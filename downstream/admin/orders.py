"""Orders to other systems, and those that people carry out."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from access.admin import SHORT_ID, PersonalDataAdmin
from access.purposes import DATA_RETENTION
from common.admin import Text, badge, named
from common.documents import name_of
from common.personal_data import DataCategory
from downstream import orders
from downstream.addresses import FORBIDDEN, INSIDE
from downstream.admin.forms import CHANGE_ORDER, CarriedOutForm, GivenUpForm
from downstream.models import Order, OrderKind, OrderState
from downstream.orders import may_carry_out
from policies.counting import local_day
from policies.models import Purpose

DESTROYING = (OrderKind.ERASURE, OrderKind.DESTRUCTION, OrderKind.BACKUP_DESTRUCTION)
SAYS: dict[str, Text] = {  # what Order.data may hold
    "category": _("kind of data"),
    "details": _("details"),
    "purpose": _("purpose"),
    "except": _("all but these, which must stay"),
    "references": _("known to the system as"),
    "service": _("entry in this portal"),
}
TONES = {"late": "danger", "task": "warning", "acknowledged": "success"}


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("mine", _("for me to carry out")), ("late", _("late")), *OrderState.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "mine":
            return queryset.filter(state=OrderState.TASK, system__responsible=request.user)
        if self.value() == "late":
            return queryset.late(local_day(timezone.now()))
        return queryset.filter(state=self.value()) if self.value() else queryset


@admin.register(Order)
class OrderAdmin(PersonalDataAdmin):
    """What was ordered about whom, by public id alone: the look at it is recorded all the same."""

    purpose = DATA_RETENTION
    field_groups = (DataCategory.ACCOUNT,)

    list_display = [named("system", _("system")), "kind", "short_id", "at", "due_on", "standing"]
    list_filter = [StateFilter, "kind", "system"]
    list_select_related = ["system"]
    sortable_by = ()
    fields = [
        named("system", _("system")),
        "kind",
        "subject",
        "says",
        "at",
        "due_on",
        "standing",
        "attempts",
        "last_error",
        "send_after",
        "delivered_at",
        "acknowledged_at",
        named("acknowledged_by", _("noted by")),
        "note",
        "confirmed_at",
        "public_id",
    ]
    actions_detail = ["carry_out", "give_up", "send_again"]

    def subject_of(self, row: Order) -> str:
        return row.subject

    @admin.display(description=_("customer"))
    def short_id(self, order: Order) -> str:
        return order.subject[:SHORT_ID]

    @badge(description=_("state"), tones=TONES)
    def standing(self, order: Order) -> tuple[str, Text]:
        label = order.get_state_display()
        return ("late", _("late: %s") % label) if order.is_late else (order.state, label)

    @admin.display(description=_("says"))
    def says(self, order: Order) -> str:
        told = (
            (SAYS.get(name, name), ", ".join(_in_words(name, said)))
            for name, said in order.data.items()
            if said
        )
        return format_html_join("", "<div>{}: {}</div>", told) or "–"

    @admin.display(description=_("last error"))
    def last_error(self, order: Order) -> Text:
        return INSIDE if order.error == FORBIDDEN else order.error or "–"

    def has_work_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(CHANGE_ORDER))

    def can_take(self, step: str, row: Any, user: Any) -> bool:
        if step == "send_again":
            return bool(row.is_open and row.system.has_interface and row.is_by_name)
        if step == "give_up" and row.kind != OrderKind.HAND_OVER:
            return False
        return row.is_open and may_carry_out(row, user)

    @action(description=_("It is carried out"), icon="task_alt", permissions=["work"])  # type: ignore[untyped-decorator]
    def carry_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row: Order = self.get_row(request, object_id, CHANGE_ORDER)
        return self.told_step_view(
            request,
            object_id,
            permission=CHANGE_ORDER,
            step=orders.carry_out,
            is_grave=row.kind in DESTROYING,
            title=_("It is carried out"),
            done=_("The order is carried out."),
            form_class=CarriedOutForm,
            facts=["kind", "subject", "says", "due_on"],
        )

    @action(
        description=_("The customer gave it up"), icon="do_not_disturb_on", permissions=["work"]
    )  # type: ignore[untyped-decorator]
    def give_up(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.told_step_view(
            request,
            object_id,
            permission=CHANGE_ORDER,
            step=orders.give_up,
            is_grave=True,
            title=_("The customer gave it up"),
            done=_("It is noted. What waited for the hand-over goes on."),
            form_class=GivenUpForm,
            facts=["kind", "subject", "says", "due_on"],
            note=_(
                "What is hosted is then destroyed once its period is over. Nobody gets it back."
            ),
        )

    @action(description=_("Send it again"), icon="send", permissions=["work"])  # type: ignore[untyped-decorator]
    def send_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE_ORDER,
            step=lambda order, by: orders.send_again(order),
            title=_("Send it again"),
            done=_("The order is sent again."),
        )


def _in_words(name: str, said: str | list[str]) -> list[str]:
    codes = [said] if isinstance(said, str) else said
    if name in ("category", "except"):
        return [str(name_of(DataCategory, code)) for code in codes]
    if name == "purpose":
        return [str(each.name) for each in Purpose.objects.filter(code__in=codes)]
    return codes
