"""Two records become one: what either refused stays refused."""

import pytest

from accounts.merging import approve_merge, ask_merge, claim_record
from accounts.models import Customer, KeptSignIn
from marketing.permission import Reason, may_contact
from marketing.refusal import refuse_marketing
from marketing.suppression import suppressions_of
from policies.models import Purpose
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from tests.factories import make_customer, make_staff
from tests.marketing.conftest import decide

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair():
    return make_customer(is_verified=True), make_customer(is_verified=True)


def merge(survivor, duplicate, kept=KeptSignIn.SURVIVOR):
    asked = ask_merge(
        survivor,
        duplicate=duplicate.public_id,
        kept_sign_in=kept,
        reason="Một người",
        by=make_staff(COMPLAINT_OFFICER),
    )
    approve_merge(asked, by=make_staff(DPO))
    return Customer.objects.get(pk=survivor.pk)


def last_word(customer):
    return customer.consents.filter(purpose__code="newsletter").last().decision


@pytest.mark.parametrize("kept", KeptSignIn)
@pytest.mark.parametrize("refusing", [0, 1])
def test_who_refused_without_ever_consenting_has_refused_with_both(pair, purpose, refusing, kept):
    consenting = pair[1 - refusing]
    decide(consenting, "given")
    refuse_marketing(pair[refusing], by=pair[refusing].user)
    assert may_contact(consenting.email, purpose).is_allowed

    survivor = merge(*pair, kept)

    assert last_word(survivor) == "withdrawn"
    for customer in pair:
        assert may_contact(customer.email, purpose).reason == Reason.REFUSED
    offers = Purpose.objects.get(code="partner_offers")
    for contact in (contact for each in pair for contact in (each.email, each.phone)):
        assert suppressions_of([contact], offers).exists()


def test_a_consent_after_the_refusal_of_the_same_record_stays(pair, purpose):
    refuse_marketing(pair[0], by=pair[0].user)
    decide(pair[0], "given")

    survivor = merge(*pair)

    assert last_word(survivor) == "given"
    assert may_contact(survivor.email, purpose).is_allowed


def test_who_signs_up_anew_and_consents_takes_the_record_over_with_the_consent(purpose):
    recorded = make_customer(email="mai@example.com", user=None)
    refuse_marketing(recorded, by=make_staff(COMPLAINT_OFFICER))
    mine = make_customer(email="mai@example.com", is_verified=True)
    decide(mine, "given")

    assert claim_record(mine.user, mine.email)

    assert last_word(Customer.objects.get()) == "given"
    assert may_contact("mai@example.com", purpose).is_allowed
