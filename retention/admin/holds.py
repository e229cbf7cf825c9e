from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from access.admin import PersonalDataAdmin
from access.models import AccessAction
from access.purposes import DATA_RETENTION
from common.admin import named
from common.forms import LineField, ProseField
from common.personal_data import DataCategory
from retention import services
from retention.models import LegalHold

ADD_HOLD = "retention.add_legalhold"
CHANGE_HOLD = "retention.change_legalhold"


class HoldForm(forms.Form):
    public_id = forms.CharField(
        label=_("Public id of the customer"),
        min_length=32,
        max_length=32,
        help_text=_("All 32 characters, as the customer's page shows them."),
    )
    authority = LineField(
        label=_("Authority"), max_length=200, help_text=_("Who demands that the data is kept.")
    )
    document = LineField(
        label=_("Document"),
        max_length=100,
        help_text=_("Number and date of the written demand."),
    )
    reason = ProseField(
        label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )

    def clean_public_id(self) -> str:
        return str(self.cleaned_data["public_id"]).strip().lower()


class InForceFilter(admin.SimpleListFilter):
    title = _("hold")
    parameter_name = "hold"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("in_force", _("in force")), ("released", _("released"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in ("in_force", "released"):
            return queryset.filter(released_at__isnull=self.value() == "in_force")
        return queryset


@admin.register(LegalHold)
class LegalHoldAdmin(PersonalDataAdmin):
    add_permission = ADD_HOLD
    purpose = DATA_RETENTION
    field_groups = (DataCategory.ACCOUNT,)

    list_display = ["document", "authority", "short_id", "state", "placed_at", "placed_by"]
    list_filter = [InForceFilter]
    list_select_related = ["customer", "placed_by", "released_by"]
    sortable_by = ["placed_at"]
    fields = [
        "public_id",
        "authority",
        "document",
        "reason",
        named("placed_by", _("placed by")),
        "placed_at",
        named("released_by", _("released by")),
        "released_at",
    ]
    readonly_fields = ["public_id"]
    actions_detail = ["release"]

    def add_row(self, request: HttpRequest) -> HttpResponse:
        return self.form_view(
            request,
            form_class=HoldForm,
            act=lambda **data: self._place(request, data),
            title=_("Place a legal hold"),
            done=_(
                "The hold is placed. Nothing about this customer is deleted until it is released."
            ),
            back=reverse("admin:retention_legalhold_changelist"),
        )

    @transaction.atomic
    def _place(self, request: HttpRequest, data: dict[str, str]) -> None:
        hold = services.place_hold(**data, by=request.user)  # type: ignore[arg-type]
        self.record(request, hold, AccessAction.OPEN)

    def has_release_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(CHANGE_HOLD))

    def can_take(self, step: str, row: Any, user: Any) -> bool:
        return row.released_at is None and row.placed_by_id != user.pk

    @action(  # type: ignore[untyped-decorator]
        description=_("Release the hold"), icon="lock_open", permissions=["release"]
    )
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE_HOLD,
            step=services.release_hold,
            title=_("Release the hold"),
            is_grave=True,
            done=_("The hold is released. What is due is deleted with the next run."),
        )

    @admin.display(description=_("customer"))
    def short_id(self, hold: LegalHold) -> str:
        return str(hold.customer)

    @admin.display(description=_("public id"))
    def public_id(self, hold: LegalHold) -> str:
        return hold.customer.public_id

    @display(  # type: ignore[untyped-decorator]
        description=_("state"), label={"in_force": "warning", "released": "success"}
    )
    def state(self, hold: LegalHold) -> tuple[str, Any]:
        return (
            ("in_force", _("in force")) if hold.released_at is None else ("released", _("released"))
        )
