"""Nobody reaches a row by naming it: by its reference, in a forged form or in a list's address."""

import pytest
from django.contrib import admin

from accounts.consents import decide_consent
from accounts.models import Consent, Customer
from policies.models import Purpose
from privacyportal.roles import ROLES
from tests.factories import (
    make_complaint,
    make_customer,
    make_staff,
)

CANARY = "zqvkxwpfhdnt"


@pytest.fixture
def owner(db):
    customer = make_customer(full_name=f"{CANARY} Hoa")
    purpose = Purpose.objects.get(code="call_recording")
    decide_consent(customer, purpose, decision="given", by=customer.user)
    return customer


def test_a_reference_opens_nothing(client, owner):
    complaint = make_complaint(customer=owner)
    client.force_login(owner.user)

    assert client.get(f"/complaints/{complaint.reference}/").status_code == 404
    assert len(complaint.public_id) == 32


def test_no_list_is_edited_and_no_row_is_deleted_or_made_inline(client, owner):
    for model, model_admin in admin.site._registry.items():
        assert not model_admin.list_editable, model
        assert not model_admin.inlines, model
        assert not model_admin.autocomplete_fields, model


def forged(customer):
    """What a list with editable rows, or a form with inline rows, would send."""
    return {
        "_save": "Save",
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-id": str(customer.pk),
        "form-0-full_name": "Kẻ Gian",
        "consents-TOTAL_FORMS": "1",
        "consents-INITIAL_FORMS": "0",
        "consents-0-customer": str(customer.pk),
        "consents-0-decision": "given",
        "full_name": "Kẻ Gian",
        "closed_at": "2020-01-01",
        "user": "1",
        "is_staff": "on",
    }


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("place", ["", "{pk}/change/", "{pk}/delete/", "{pk}/history/"])
def test_forged_rows_change_nothing(role, place, client, owner):
    client.force_login(make_staff(role))
    before = Customer.objects.values().get(pk=owner.pk)

    answer = client.post(f"/admin/accounts/customer/{place.format(pk=owner.pk)}", forged(owner))

    assert answer.status_code in (200, 302, 400, 403, 405)
    assert Customer.objects.values().get(pk=owner.pk) == before
    assert Consent.objects.count() == 1
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    "probe",
    [
        "full_name__startswith=zq",
        "email__contains=a",
        "user__email__startswith=c",
        "user__password__startswith=argon2",
        "phone_hash__startswith=h1",
        "_to_field=email",
        "_popup=1",
        "consents__decision=given",
        "cases__reference__startswith=KN",
    ],
)
@pytest.mark.parametrize("role", ROLES)
def test_a_list_is_not_probed_by_its_address(role, probe, client, owner):
    client.force_login(make_staff(role))

    answer = client.get(f"/admin/accounts/customer/?{probe}")

    assert answer.status_code in (302, 400, 403)
    assert owner.public_id[:8] not in answer.text
