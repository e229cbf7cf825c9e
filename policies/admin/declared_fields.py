"""The details that customers are asked for beside the fixed ones."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from policies import declared_fields
from policies.admin.register_forms import code, text
from policies.admin.registers import RegisterAdmin
from policies.models import DeclaredField
from policies.models.declared_fields import DeclaredKind


class DeclaredFieldForm(forms.Form):
    name_vi = forms.CharField(label=_("Name (Vietnamese)"), max_length=200)
    name_en = forms.CharField(label=_("Name (English)"), max_length=200)
    description_vi = text(_("What it is needed for (Vietnamese)"))
    description_en = text(_("What it is needed for (English)"))
    is_required = forms.BooleanField(
        label=_("Required"),
        required=False,
        help_text=_("Customers must give it when they sign up, and whenever they change details."),
    )


class NewDeclaredFieldForm(DeclaredFieldForm):
    code = code()
    kind = forms.ChoiceField(label=_("Kind"), choices=DeclaredKind)

    field_order = ["code", "kind"]


@admin.register(DeclaredField)
class DeclaredFieldAdmin(RegisterAdmin):
    list_display = ["code", "local_name", "kind", "is_required", "retired_on"]
    fields = [
        "code",
        "name_vi",
        "name_en",
        "description_vi",
        "description_en",
        "kind",
        "is_required",
        "retired_on",
    ]
    readonly_fields = []
    new_form = NewDeclaredFieldForm
    add_title = _("Ask for another detail")
    retire_note = _(
        "From today on nobody is asked for it. What customers have declared stays on record until"
        " they erase it or it is purged."
    )

    def edit_form(self, row: DeclaredField) -> type[forms.Form]:
        return DeclaredFieldForm

    def save(
        self, request: HttpRequest, row: DeclaredField | None, values: dict[str, Any]
    ) -> DeclaredField:
        by: Any = request.user
        return declared_fields.save_declared_field(row, values=values, by=by)

    def retire_row(self, row: DeclaredField, user: Any) -> None:
        declared_fields.retire_declared_field(row, by=user)
