"""The check fires: a table that could hold personal data cannot be forgotten."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.db import models
from django.test.utils import isolate_apps

from accounts.models import Customer
from common import checks, periods, personal_data
from common.periods import expiry_named
from common.personal_data import DataCategory
from common.tokens import new_public_id
from policies.models import Purpose


def findings(model, monkeypatch):
    only = SimpleNamespace(get_models=lambda: [model], get_model=apps.get_model)
    monkeypatch.setattr(checks, "apps", only)
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
        lambda: models.CharField(max_length=9),
        lambda: models.PositiveBigIntegerField(),
        lambda: models.DateField(),
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


@isolate_apps("accounts")
def test_what_the_portal_itself_writes_needs_no_declaration(monkeypatch):
    class Harmless(models.Model):
        choice = models.CharField(max_length=200, choices=[("a", "A")])
        switch = models.BooleanField()
        moment = models.DateTimeField()
        public_id = models.CharField(max_length=32, default=new_public_id)
        purpose = models.ForeignKey(Purpose, models.CASCADE, related_name="+")

        class Meta:
            app_label = "accounts"

    assert findings(Harmless, monkeypatch) == []


@pytest.mark.parametrize(
    ("declared", "fault"),
    [
        ({}, None),
        ({"customer": "customer__user"}, "common.E006"),
        ({"customer": "subject"}, "common.E006"),
        ({"customer": "born_on"}, "common.E006"),
        ({"customer": "pk"}, "common.E006"),
        ({"internal": ["phone", "tax_code"]}, "common.E002"),
        ({"internal": ["born_on", "tax_code"]}, "common.E002"),
        ({"internal": ["born_on", "phone"]}, "common.E002"),
        ({"plain": ["colour"]}, "common.E004"),
        ({"files": []}, "common.E003"),
        ({"files": ["scan", "phone"]}, "common.E003"),
    ],
)
@isolate_apps("accounts")
def test_a_declaration_must_fit_its_table(declared, fault, monkeypatch):
    class Document(models.Model):
        customer = models.ForeignKey(Customer, models.CASCADE, related_name="+")
        born_on = models.DateField()
        phone = models.CharField(max_length=20)
        tax_code = models.CharField(max_length=14)
        scan = models.FileField()

        class Meta:
            app_label = "accounts"

    declaration = personal_data.Declaration(
        **{
            "model": Document,
            "category": personal_data.DataCategory.CONTACT,
            "customer": "customer",
            "internal": ["born_on", "phone", "tax_code"],
            "files": ["scan"],
            **declared,
        }
    )
    monkeypatch.setitem(personal_data._declarations, Document, declaration)

    assert findings(Document, monkeypatch) == ([fault] if fault else [])


@pytest.mark.parametrize("name", ["full_name", "email", "phone", "address"])
def test_no_detail_of_a_customer_can_be_forgotten(name, monkeypatch):
    declaration = personal_data.declaration_of(Customer)
    fewer = {key: mask for key, mask in declaration.personal.items() if key != name}
    monkeypatch.setitem(personal_data._declarations, Customer, replace(declaration, personal=fewer))

    assert findings(Customer, monkeypatch) == ["common.E002"]


def test_an_exemption_names_a_table(monkeypatch):
    monkeypatch.setitem(personal_data._exempt, "accounts.Gone", "long ago")

    assert findings(Customer, monkeypatch) == ["common.E005"]


def test_rows_go_under_the_category_in_which_they_are_declared(monkeypatch):
    proofs = replace(expiry_named("identity_proofs"), category=DataCategory.ACCOUNT)
    monkeypatch.setitem(periods._expiries, "identity_proofs", proofs)

    assert findings(Customer, monkeypatch) == ["common.E008"]


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
        (personal_data.mask_phone, "+84912345560", "091 ••• •560"),
        (personal_data.mask_phone, "+442079460958", "•••958"),
        (personal_data.mask_phone, "113", "•••"),
        (personal_data.mask_all, "bất kỳ", "•••"),
    ],
)
def test_masks_show_just_enough_to_tell_rows_apart(mask, value, shown):
    assert mask(value) == shown
