"""What the ways to an open record have in common: whom it is about, what it shows, whose it is."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from access.admin import PersonalDataAdmin
from accounts.models import Customer, User
from accounts.record import masked_record
from common.admin import named
from common.personal_data import DataCategory

BREAK = "accounts.add_emergencyaccess"
REVIEW = "accounts.review_emergencyaccess"
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
