"""What an administrator says of a system, and a person of an order that they carried out."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.models import User
from accounts.staff import who_may, works_today
from common.forms import LineField
from common.personal_data import DataCategory
from downstream.models import LONGEST_NOTE, OrderKind
from policies.models import Purpose

CHANGE_ORDER = "downstream.change_order"


class PurposeChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    widget = UnfoldAdminCheckboxSelectMultipleWidget

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class SystemForm(forms.Form):
    name = LineField(
        label=_("Name of the system"),
        max_length=100,
        help_text=_("As customers may read it: they see what was ordered from it."),
    )
    purposes = PurposeChoice(
        Purpose.objects.active(), label=_("Purposes for which it uses data"), required=False
    )
    data_categories = forms.MultipleChoiceField(
        label=_("Data that it holds beyond these purposes"),
        choices=DataCategory.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    kinds = forms.MultipleChoiceField(
        label=_("Orders that it gets"),
        choices=OrderKind.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    endpoint = LineField(
        label=_("Address of its interface"),
        max_length=300,
        required=False,
        help_text=_(
            "Like https://crm.example.vn/orders. Empty where it has none: then the person who is"
            " responsible carries out its orders."
        ),
    )
    days = forms.IntegerField(
        label=_("Days to acknowledge an order"),
        min_value=1,
        max_value=90,
        initial=7,
        help_text=_("Days of the calendar. An order that is late breaks a promise."),
    )
    contact = LineField(
        label=_("Contact"),
        max_length=200,
        required=False,
        help_text=_("The unit that looks after the system."),
    )
    responsible = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Responsible"),
        help_text=_("Who carries out what the system does not."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people: Any = self.fields["responsible"]
        people.queryset = who_may(CHANGE_ORDER).filter(works_today()).order_by("staff_name")


class NewSecretForm(forms.Form):
    has_leaked = forms.BooleanField(
        label=_("The one before has leaked"),
        required=False,
        help_text=_("It is forgotten at once. The system takes no order until it has the new one."),
    )


class CarriedOutForm(forms.Form):
    note = LineField(
        label=_("How it was done, and when"),
        max_length=LONGEST_NOTE,
        help_text=_(
            "No name and no value: the customer may read it, and it stays when their data is gone."
        ),
    )


class GivenUpForm(forms.Form):
    note = LineField(
        label=_("Where the customer wrote so, and when"),
        max_length=LONGEST_NOTE,
        help_text=_(
            "As the letter is filed, and why they want it no more. The customer reads it: no name."
        ),
    )
