from collections.abc import Iterator
from pathlib import Path

from django import forms
from django.forms.forms import BaseForm
from django.urls import get_resolver

from common.forms import LineField, ProseField

ROOMS = {path.parent.name for path in Path(__file__).parents[2].glob("*/apps.py")}


def forms_of_customers(base: type = BaseForm) -> Iterator[type]:
    for form in base.__subclasses__():
        room, *_between, module = form.__module__.split(".")
        if room in ROOMS and module == "forms":
            yield form
        yield from forms_of_customers(form)


def test_no_card_number_passes_a_form_in_which_customers_write():
    assert get_resolver().url_patterns  # with them, every form that a page uses is loaded
    written = {
        f"{form.__name__}.{name}": type(field)
        for form in forms_of_customers()
        for name, field in form.declared_fields.items()
        if name != "username"  # the library's, which the page does not show
        and not field.widget.is_hidden
        and not isinstance(field.widget, forms.PasswordInput)
    }

    assert written["ComplaintForm.text"] is ProseField
    assert written["DetailsForm.address"] is LineField
    assert [name for name, kind in written.items() if kind is forms.CharField] == []
