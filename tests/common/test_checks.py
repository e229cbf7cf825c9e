"""The check fires: a table that could hold personal data cannot be forgotten."""

import pytest
from django.core.checks import run_checks
from django.db import models
from django.test.utils import isolate_apps

from accounts.models import Customer
from common import checks, personal_data


def findings(model, monkeypatch):
    monkeypatch.setattr(checks.apps, "get_models", lambda: [model])
    return [error.id for error in checks.check_every_personal_table_is_declared()]


def test_the_portal_itself_is_clean():
    assert run_checks() == []


@pytest.mark.parametrize(
    "field",
    [
        lambda: models.TextField(),
        lambda: models.EmailField(),
        lambda: models.GenericIPAddressField(),
        lambda: models.JSONField(),
        lambda: models.FileField(),
        lambda: models.CharField(max_length=65),
        lambda: models.ForeignKey(Customer, models.CASCADE, related_name="+"),
    ],
)
@isolate_apps("accounts")
def test_an_undeclared_table_stops_the_start(field, monkeypatch):
    class Forgotten(models.Model):
        found = field()

        class Meta:
            app_label = "accounts"

    assert findings(Forgotten, monkeypatch) == ["common.E001"]


@pytest.mark.parametrize(
    "field",
    [
        lambda: models.CharField(max_length=200, choices=[("a", "A")]),
        lambda: models.CharField(max_length=64),
        lambda: models.DateTimeField(),
    ],
)
@isolate_apps("accounts")
def test_codes_and_dates_need_no_declaration(field, monkeypatch):
    class Harmless(models.Model):
        fine = field()

        class Meta:
            app_label = "accounts"

    assert findings(Harmless, monkeypatch) == []


def test_a_new_field_of_a_declared_table_must_be_declared_too(monkeypatch):
    declaration = personal_data.declaration_of(Customer)
    shorter = {name: mask for name, mask in declaration.personal.items() if name != "address"}
    monkeypatch.setitem(declaration.personal, "address", declaration.personal["address"])
    declaration.personal.pop("address")
    try:
        assert declaration.personal == shorter
        assert findings(Customer, monkeypatch) == ["common.E002"]
    finally:
        declaration.personal["address"] = personal_data.mask_all


def test_a_history_table_counts_like_the_table_it_follows(monkeypatch):
    assert findings(Customer.history.model, monkeypatch) == []
    monkeypatch.delitem(personal_data._declarations, Customer)
    assert findings(Customer.history.model, monkeypatch) == ["common.E001"]


def test_children_come_before_what_they_point_at():
    order = [declaration.model._meta.label for declaration in personal_data.children_first()]

    for child, parent in (
        ("casework.Evidence", "casework.Case"),
        ("casework.Clock", "casework.Case"),
        ("complaints.Complaint", "casework.Case"),
        ("casework.Case", "accounts.Customer"),
        ("accounts.Consent", "accounts.Customer"),
        ("accounts.Customer", "accounts.User"),
        ("usersessions.UserSession", "accounts.User"),
    ):
        assert order.index(child) < order.index(parent), (child, parent)


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        (personal_data.mask_name, "Nguyễn Văn Ưng", "N. V. Ư."),
        (personal_data.mask_email, "khach@example.vn", "k•••@example.vn"),
        (personal_data.mask_phone, "+84912345560", "•••560"),
        (personal_data.mask_phone, "113", "•••"),
        (personal_data.mask_all, "bất kỳ", "•••"),
    ],
)
def test_masks_show_just_enough_to_tell_rows_apart(mask, value, shown):
    assert mask(value) == shown
