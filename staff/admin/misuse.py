import re
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin, named
from policies.admin.register_forms import day
from staff.admin.members import MemberField
from staff.misuse import ended_by, record_misuse
from staff.models import Measure, Misuse, MisuseCategory
from staff.models.misuse import REFERENCE

ADD = "staff.add_misuse"


class MisuseForm(forms.Form):
    member = MemberField()
    found_on = day(_("Found on"))
    category = forms.ChoiceField(
        label=_("What happened"), choices=[("", "---"), *MisuseCategory.choices]
    )
    case_reference = forms.CharField(
        label=_("Reference of the case"),
        max_length=20,
        required=False,
        validators=[RegexValidator(REFERENCE, flags=re.IGNORECASE)],
        help_text=_("If the misuse concerns one."),
    )
    measure = forms.ChoiceField(
        label=_("Measure"),
        choices=[("", "---"), *Measure.choices],
        help_text=_("Discipline, the end of the contract and a report revoke the undertaking."),
    )

    def clean_case_reference(self) -> str:
        return str(self.cleaned_data["case_reference"]).upper()


@admin.register(Misuse)
class MisuseAdmin(ReadOnlyAdmin):
    """Who misused personal data and what followed, without a word about customers."""

    add_permission = ADD
    list_display = ["found_on", "member", "category", "measure", "case_reference", "decided_by"]
    list_filter = ["category", "measure"]
    list_select_related = ["member", "decided_by"]
    sortable_by = ()
    fields = [
        named("member", _("member of staff")),
        "found_on",
        "category",
        "case_reference",
        "measure",
        named("decided_by", _("decided by")),
        "decided_at",
        "ended",
    ]
    readonly_fields = ["ended"]

    @admin.display(description=_("undertaking revoked by it"), boolean=True)
    def ended(self, misuse: Misuse) -> bool:
        return ended_by(misuse).exists()

    def add_row(self, request: HttpRequest) -> HttpResponse:
        user: Any = request.user
        return self.form_view(
            request,
            form_class=MisuseForm,
            act=partial(record_misuse, by=user),
            title=_("Record a misuse"),
            done=_("The misuse is recorded."),
            back=reverse("admin:staff_misuse_changelist"),
            after=self.page_of,
            note=_("What is recorded cannot be changed."),
        )
