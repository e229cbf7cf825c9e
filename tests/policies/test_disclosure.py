"""The one gate: who may receive what, for which purpose, on which day."""

from datetime import date, timedelta
from threading import Thread

import pytest
from django.db import transaction
from django.utils import timezone, translation

from common.personal_data import DataCategory
from policies.disclosure import require_disclosable
from policies.exceptions import DisclosureRefused
from policies.loading import load_profile
from policies.models import (
    Agreement,
    Company,
    Purpose,
    Recipient,
    RecipientKind,
)
from policies.registers import end_agreement, retire_purpose, retire_recipient, save_purpose
from privacyportal.roles import DPO
from tests.factories import make_staff, make_user
from tests.threads import at_once, until_somebody_waits

pytestmark = pytest.mark.django_db

ON = date(2026, 12, 1)
ONE_DAY = timedelta(days=1)
CONTACT, ORDER = DataCategory.CONTACT, DataCategory.ORDER


def make_purpose(**columns):
    columns = {
        "code": "delivery",
        "name_vi": "Giao hàng",
        "name_en": "Delivery",
        "legal_basis": "contract",
        "data_categories": [CONTACT, ORDER],
        **columns,
    }
    return Purpose.objects.create(**columns)


def make_recipient(*purposes, **columns):
    recipient = Recipient.objects.create(
        **{
            "code": "carrier",
            "name_vi": "Hãng vận chuyển",
            "name_en": "Carrier",
            "kind": RecipientKind.PROCESSOR,
            "country": "VN",
            "data_categories": [CONTACT],
            **columns,
        }
    )
    recipient.purposes.set(purposes)
    return recipient


def make_agreement(recipient, **columns):
    columns = {"valid_from": date(2026, 1, 1), "reference": "1/HĐ", **columns}
    return Agreement.objects.create(
        recipient=recipient, added_by=make_user(is_staff=True), file="agreements/x", **columns
    )


def refusal(recipient, purpose, categories=(CONTACT,), on=ON):
    """Return why the gate refuses, or "" when it lets pass."""
    with translation.override("en"):
        try:
            require_disclosable(recipient, purpose=purpose, categories=categories, on=on)
        except DisclosureRefused as error:
            return str(error)
    return ""


def test_what_is_agreed_passes():
    purpose = make_purpose()
    recipient = make_recipient(purpose)
    make_agreement(recipient)

    assert refusal(recipient, purpose) == ""


@pytest.mark.parametrize(
    ("recipient_columns", "purpose_columns", "categories", "sentence"),
    [
        ({"retired_on": ON}, {}, [CONTACT], "This recipient is no longer used."),
        ({}, {}, [ORDER], "This recipient does not receive: Orders."),
        (
            {"data_categories": [CONTACT, "device"]},
            {},
            [CONTACT, "device"],
            "The purpose “Delivery” does not use: Devices.",
        ),
        ({}, {}, [], "Name the data that is to be disclosed."),
    ],
)
def test_what_is_not_agreed_is_refused(recipient_columns, purpose_columns, categories, sentence):
    purpose = make_purpose(**purpose_columns)
    recipient = make_recipient(purpose, **recipient_columns)
    make_agreement(recipient)

    assert refusal(recipient, purpose, categories) == sentence


def test_a_purpose_that_is_retired_is_refused_and_the_others_pass():
    purpose = make_purpose(retired_on=ON)
    other = make_purpose(code="other", name_en="Other")
    recipient = make_recipient(purpose, other)
    make_agreement(recipient)

    assert refusal(recipient, purpose) == "The purpose “Delivery” is no longer used."
    assert refusal(recipient, other) == ""


def test_without_a_purpose_in_use_a_recipient_receives_nothing():
    retired, other = make_purpose(retired_on=ON), make_purpose(code="other", name_en="Other")
    recipient = make_recipient(retired)
    make_agreement(recipient)

    sentence = "None of its purposes is in use."
    assert refusal(recipient, retired) == refusal(recipient, other) == sentence
    assert refusal(recipient, retired, on=ON - ONE_DAY) == ""


def test_a_purpose_that_was_not_agreed_is_refused():
    agreed, other = make_purpose(), make_purpose(code="other", name_en="Other")
    recipient = make_recipient(agreed)
    make_agreement(recipient)

    assert refusal(recipient, other) == "This recipient receives nothing for the purpose “Other”."


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "passes"),
    [
        (ON, ON, True),
        (ON, None, True),
        (ON - ONE_DAY, ON + ONE_DAY, True),
        (ON + ONE_DAY, None, False),
        (ON - 9 * ONE_DAY, ON - ONE_DAY, False),
    ],
)
def test_fpt_14_and_15_an_agreement_is_valid_on_the_day_itself(valid_from, valid_to, passes):
    purpose = make_purpose()
    recipient = make_recipient(purpose)
    make_agreement(recipient, valid_from=valid_from, valid_to=valid_to)

    sentence = "" if passes else "It has no valid agreement."
    assert refusal(recipient, purpose) == sentence


@pytest.mark.parametrize("kind", RecipientKind)
def test_only_state_bodies_and_registries_need_no_agreement(kind):
    purpose = make_purpose()
    recipient = make_recipient(purpose, kind=kind)

    passes = kind in (RecipientKind.AUTHORITY, RecipientKind.REGISTRY)
    assert (refusal(recipient, purpose) == "") is passes


def test_the_agreement_of_another_binds_nobody_else():
    purpose = make_purpose()
    recipient = make_recipient(purpose)
    make_agreement(make_recipient(purpose, code="another"))

    assert refusal(recipient, purpose) != ""


@pytest.mark.parametrize("before", [ON, ON + ONE_DAY])
def test_what_was_retired_later_could_still_receive_before(before):
    purpose = make_purpose(retired_on=before + ONE_DAY)
    recipient = make_recipient(purpose, retired_on=before + ONE_DAY)
    make_agreement(recipient)

    assert refusal(recipient, purpose, on=before) == ""


def test_a_recipient_of_a_kind_that_was_forbidden_since_is_refused():
    purpose = make_purpose()
    recipient = make_recipient(purpose, kind=RecipientKind.PARTNER)
    make_agreement(recipient)
    Company.objects.update(forbidden_recipient_kinds=["partner"])

    assert refusal(recipient, purpose).startswith(
        "The company promised to give nothing to recipients of this kind: partner."
    )


def test_data_that_was_closed_since_is_refused():
    purpose = make_purpose()
    recipient = make_recipient(purpose)
    make_agreement(recipient)
    Company.objects.update(closed_data_categories=[CONTACT])

    assert refusal(recipient, purpose).startswith("The company promised never to disclose: ")


def test_the_gate_looks_at_the_row_and_not_at_what_the_caller_remembers():
    purpose = make_purpose()
    recipient = make_recipient(purpose)
    make_agreement(recipient)
    retire_recipient(Recipient.objects.get(pk=recipient.pk), by=make_staff(DPO))

    assert refusal(recipient, purpose) == "This recipient is no longer used."


@pytest.mark.parametrize("kind", ["partner", "affiliate", "agent", "advertising"])
def test_spm_4_buyers_data_go_to_no_third_party(kind):
    load_profile("spm_group")
    purpose = Purpose.objects.get(code="orders")
    recipient = make_recipient(purpose)
    make_agreement(recipient)
    assert refusal(recipient, purpose) == ""  # as a processor it may receive

    recipient.kind = kind
    Company.objects.update(forbidden_recipient_kinds=[])
    recipient.save()
    Company.objects.update(forbidden_recipient_kinds=["partner", "affiliate", "agent", kind])

    assert "SPM-4: “" in refusal(recipient, purpose)


@pytest.mark.parametrize("code", ["vnnic", "state_bodies"])
def test_vs_13_contact_data_go_out_and_vs_15_hosted_content_never_does(code):
    load_profile("vietnam_server")
    recipient = Recipient.objects.get(code=code)
    purpose = recipient.purposes.get()

    assert refusal(recipient, purpose, [CONTACT]) == ""
    sentence = refusal(recipient, purpose, [CONTACT, DataCategory.HOSTED_CONTENT])
    assert sentence.startswith("The company promised never to disclose: Hosted content")
    assert "VS-15: “" in sentence
    assert refusal(recipient, Purpose.objects.get(code="hosting"), ["hosted_content"])
    assert refusal(recipient, Purpose.objects.get(code="promotions"), [CONTACT])


@pytest.mark.parametrize("profile", ["spm_group", "vietnam_server"])
def test_each_recipient_of_a_shipped_profile_receives_as_it_says_once_it_is_bound(profile):
    load_profile(profile)
    for recipient in Recipient.objects.active():
        purposes = list(recipient.purposes.all())
        if recipient.needs_agreement:
            assert all(refusal(recipient, purpose) for purpose in purposes)
            make_agreement(recipient)
        received = {
            name
            for purpose in purposes
            for name in recipient.data_categories
            if not refusal(recipient, purpose, [name])
        }
        assert received == set(recipient.data_categories)


@pytest.mark.django_db(transaction=True)
def test_a_disclosure_and_the_end_of_its_agreement_follow_one_another(portal):
    purpose = make_purpose()
    recipient = make_recipient(purpose)
    agreement = make_agreement(recipient, valid_from=ON - 9 * ONE_DAY)
    dpo = make_staff(DPO)

    outcomes = at_once(
        lambda: refusal(Recipient.objects.get(pk=recipient.pk), purpose),
        lambda: end_agreement(agreement, last_day=ON - ONE_DAY, by=dpo),
    )

    assert outcomes[0] in ("", "It has no valid agreement.")
    assert outcomes[1] is None
    assert refusal(recipient, purpose) != ""


def narrow_purpose(purpose, *, by):
    save_purpose(purpose, values={"data_categories": [CONTACT]}, by=by)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [retire_purpose, narrow_purpose])
def test_whoever_changes_a_purpose_waits_for_the_disclosure_that_is_under_way(change, portal):
    purpose = make_purpose()
    other = make_purpose(code="returns")  # without which the data could not be taken away
    recipient = make_recipient(purpose, other, data_categories=[CONTACT, ORDER])
    make_agreement(recipient)
    dpo, steps = make_staff(DPO), []

    def do_change():
        change(Purpose.objects.get(pk=purpose.pk), by=dpo)
        steps.append("changed")

    changing = Thread(target=lambda: at_once(do_change))
    with transaction.atomic():
        require_disclosable(recipient, purpose=purpose, categories=[ORDER], on=ON)
        changing.start()
        until_somebody_waits()
        steps.append("disclosed")
    changing.join()

    assert steps == ["disclosed", "changed"]
    assert refusal(recipient, purpose, [ORDER], on=timezone.localdate()) != ""
