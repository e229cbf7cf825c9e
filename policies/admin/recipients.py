"""Who may receive customers' data, and the agreements without which nobody does."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from common.admin import badge
from common.attachments import PDF, as_attachment
from common.models import FileKey
from common.uploads import receives_files
from policies import registers
from policies.admin.register_forms import (
    MOST_BYTES,
    AgreementForm,
    EndAgreementForm,
    NewRecipientForm,
    RecipientForm,
)
from policies.admin.registers import RegisterAdmin
from policies.clocks import the_company
from policies.disclosure import standing_objection
from policies.models import Agreement, Company, Recipient

VIEW_AGREEMENT = "policies.view_agreement"
ADD_AGREEMENT = "policies.add_agreement"
CHANGE_AGREEMENT = "policies.change_agreement"


class AgreementFilter(admin.SimpleListFilter):
    title = _("agreement")
    parameter_name = "agreement"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("none", _("without a valid agreement"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "none":
            return queryset.without_agreement(timezone.localdate())
        return queryset


def _objection(row: Any, today: date, company: Company) -> str | None:
    return standing_objection(
        row, today, company=company, is_bound=row.is_bound, has_purpose=row.has_purpose
    )


@admin.register(Recipient)
class RecipientAdmin(RegisterAdmin):
    list_display = ["code", "local_name", "kind", "country", "cross_border", "may_receive"]
    list_filter = ["kind", AgreementFilter]
    fields = [
        "code",
        "name_vi",
        "name_en",
        "description_vi",
        "description_en",
        "kind",
        "country",
        "cross_border",
        "purposes_text",
        "data_text",
        "retired_on",
    ]
    readonly_fields = ["purposes_text", "data_text"]
    actions_detail = ["edit", "agree", "retire"]
    change_form_outer_after_template = "admin/policies/recipient/after.html"
    new_form = NewRecipientForm
    add_title = _("Add a recipient")
    retire_note = _(
        "From today on nothing is disclosed to it. Its agreements and what it received so far"
        " stay on record."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        rows: Any = super().get_queryset(request)
        return rows.with_standing(timezone.localdate())

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        company, today = the_company(), timezone.localdate()
        for row in changelist.result_list:
            row.objection = _objection(row, today, company)
        return changelist

    @badge(
        description=_("may receive"), tones={"yes": "success", "soon": "warning", "no": "danger"}
    )
    def may_receive(self, row: Any) -> tuple[str, Any]:
        if row.objection:
            return "no", _("No. %s") % row.objection
        if row.needs_agreement and not row.is_bound_later:
            return "soon", _("Yes; the agreement ends within 30 days.")
        return "yes", _("Yes")

    @admin.display(description=_("purposes"))
    def purposes_text(self, row: Recipient) -> str:
        return ", ".join(str(purpose.name) for purpose in row.purposes.all()) or "–"

    def edit_form(self, row: Recipient) -> type[forms.Form]:
        return RecipientForm

    def initial(self, row: Recipient, form_class: Any) -> dict[str, Any]:
        return {**super().initial(row, form_class), "purposes": row.purposes.all()}

    def save(
        self, request: HttpRequest, row: Recipient | None, values: dict[str, Any]
    ) -> Recipient:
        by: Any = request.user
        purposes = values.pop("purposes")
        return registers.save_recipient(row, values=values, purposes=purposes, by=by)

    def retire_row(self, row: Recipient, user: Any) -> None:
        registers.retire_recipient(row, by=user)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row, today = context["original"], timezone.localdate()
        context |= {
            "objection": _objection(row, today, the_company()),
            "ends_soon": row.needs_agreement and not row.is_bound_later,
            "agreements": row.agreements.select_related("added_by"),
            "today": today,
            "may_read": request.user.has_perm(VIEW_AGREEMENT),
            "may_end": request.user.has_perm(CHANGE_AGREEMENT),
        }
        return super().render_change_form(  # type: ignore[no-any-return]
            request, context, *args, **kwargs
        )

    # Agreements

    def get_urls(self) -> list[URLPattern]:
        one = "<path:object_id>/agreements/<int:number>"
        steps = [
            path(f"{one}/{name}/", self.admin_site.admin_view(view), name=f"policies_{url_name}")
            for name, view, url_name in (
                ("end", self.end_view, "recipient_end"),
                ("file", self.file_view, "recipient_file"),
            )
        ]
        return [*steps, *super().get_urls()]

    def has_agree_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(ADD_AGREEMENT)) and self.has_edit_permission(
            request, object_id
        )

    @receives_files(MOST_BYTES)
    @action(  # type: ignore[untyped-decorator]
        description=_("Add an agreement"), icon="contract", permissions=["agree"]
    )
    def agree(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=ADD_AGREEMENT,
            step=registers.add_agreement,
            title=_("Add an agreement"),
            done=_("The agreement is added."),
            form_class=AgreementForm,
        )

    def end_view(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        recipient = self.get_row(request, object_id, CHANGE_AGREEMENT)
        agreement = get_object_or_404(Agreement, recipient=recipient, pk=number)
        by: Any = request.user
        return self.form_view(
            request,
            form_class=EndAgreementForm,
            act=lambda last_day: registers.end_agreement(agreement, last_day=last_day, by=by),
            title=_("End the agreement earlier"),
            done=_("The last day of the agreement is set."),
            back=self.page_of(recipient),
            object=recipient,
        )

    def file_view(self, request: HttpRequest, object_id: str, number: int) -> FileResponse:
        recipient = self.get_row(request, object_id, VIEW_AGREEMENT)
        agreement = get_object_or_404(Agreement, recipient=recipient, pk=number)
        return as_attachment(
            str(agreement.file),
            owner=FileKey.COMPANY,
            name=agreement.file_name,
            content_type=PDF.content_type,
        )
