"""What stays of a customer who is due while a category, or a case, is on legal hold."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.closed_pages import address_of
from accounts.models import CustomerMerge, DeclaredValue, User
from calls.models import CallRecording, ErasedRecording
from casework.models import Case, Evidence
from casework.services import write_to_customer
from common.erasure import allow_erasure
from common.history import delete_as
from common.personal_data import declarations, is_held
from complaints.models import Complaint, ComplaintLink
from complaints.services import link_complaints, withdraw_complaint
from notices.models import Notice
from notices.services import send_due_notices
from policies.counting import local_day
from policies.models import Purpose
from policies.retention import rule_after_closing
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from retention.exceptions import HoldRefused
from retention.models import LegalHold, PurgeRun, Remainder, Tombstone
from retention.purge import erase_unverified_sign_ups, purge_closed_accounts
from retention.services import place_hold, release_hold, remind_of_reviews
from tests.factories import (
    approve,
    close_in_the_past,
    make_complaint,
    make_customer,
    make_evidence,
    make_hold,
    make_staff,
)
from tests.retention.planting import make_full_customer
from tests.retention.test_purge import files_holding, tables_holding

pytestmark = pytest.mark.django_db

CANARY = "zqvkxwpfhdnt"
HOLDS = "/admin/retention/legalhold/"


@pytest.fixture
def approved(db):
    return approve(rule_after_closing(timezone.localdate()))


def purge():
    return purge_closed_accounts()[0]


def tables_about(customer):
    return {d.model._meta.label for d in declarations() if d.about([customer.pk]).exists()}


def end(hold):
    hold.released_by, hold.released_at = make_staff(DPO), timezone.now() - timedelta(days=1)
    hold.save()


def test_of_a_case_on_hold_all_stays_and_of_its_customer_nothing_else(approved):
    customer = make_full_customer(CANARY, closed_days_ago=370)
    Remainder.objects.all().delete()
    former = CustomerMerge.objects.get(survivor=customer).duplicate_public_id
    case = Complaint.objects.get(evidence__name__startswith=CANARY)
    evidence = Evidence.objects.get(case=case)
    events = case.events.count()
    hold = make_hold(customer, case=case.case_ptr)

    run = purge()

    assert (run.due, run.going, run.erased, run.partly, run.residue) == (1, 1, 0, 1, [])
    assert tables_about(customer) == {
        *("accounts.Customer", "accounts.CustomerMerge", "accounts.User"),
        *("retention.LegalHold", "retention.Remainder"),
        *("complaints.Complaint", "complaints.QuestionedAccess"),
        *("casework.Case", "casework.CaseConflict", "casework.CaseEvent", "casework.CaseMessage"),
        *("casework.CaseNote", "casework.CaseReminder", "casework.Clock", "casework.Evidence"),
    }
    assert [each.pk for each in Case.objects.all()] == [case.pk]
    assert case.events.count() == events
    assert case.history.exists()
    assert not customer.history.exists()
    customer.refresh_from_db()
    assert (customer.phone, customer.phone_hash, customer.address) == ("", "", "")
    assert not customer.user.has_usable_password()
    assert files_holding(CANARY)[0].as_posix().endswith(evidence.file.name)
    assert len(files_holding(CANARY)) == 1
    assert not Tombstone.objects.exists()
    since = Remainder.objects.get(customer=customer).since

    again = purge()

    assert (again.due, again.going, again.erased, again.partly) == (1, 0, 0, 0)
    assert (again.counts, again.searched_at) == ({}, None)
    Remainder.objects.update(looked_at=timezone.now() - timedelta(days=31))
    monthly = purge()
    assert (monthly.going, monthly.partly, monthly.counts) == (1, 0, {})
    assert Remainder.objects.get().since == since

    end(hold)
    last = purge()

    assert (last.erased, last.partly, last.residue) == (1, 0, [])
    assert tables_holding(CANARY) == set()
    assert files_holding(CANARY) == []
    assert set(Tombstone.objects.values_list("public_id", flat=True)) == {
        customer.public_id,
        former,
    }


def test_a_category_on_hold_stays_with_its_files_for_one_and_for_each_of_many(approved):
    held = [make_full_customer(f"{CANARY}{n}", closed_days_ago=370) for n in "ab"]
    free = make_full_customer("zqneighbour", closed_days_ago=371)
    for customer in held:
        make_hold(customer, category="call_recording")

    run = purge()

    assert (run.erased, run.partly, run.failed, run.residue) == (1, 2, 0, [])
    assert Tombstone.objects.filter(public_id=free.public_id).exists()
    for customer in held:
        assert tables_about(customer) == {
            *("accounts.Customer", "accounts.CustomerMerge", "accounts.User"),
            *("retention.LegalHold", "retention.Remainder", "calls.CallRecording"),
        }
        recording = CallRecording.objects.get(customer=customer)
        assert not ErasedRecording.objects.filter(source_hash=recording.source_hash).exists()
        assert default_storage.exists(recording.file.name)
        assert is_held(customer.pk, "call_recording")
        assert not is_held(customer.pk, "declared")
        assert not is_held(customer.pk)
    assert Remainder.objects.get(customer=held[0]).parts == ["call_recording"]
    dpo = make_staff(DPO)
    with pytest.raises(HoldRefused, match=timezone.localdate().strftime("%d/%m/%Y")):
        place_hold(
            held[0].public_id, category="declared", authority="x", document="y", reason="z", by=dpo
        )


def test_of_a_category_on_hold_the_past_of_what_went_before_stays_too(approved):
    customer = make_full_customer(CANARY, closed_days_ago=370)
    value = DeclaredValue.objects.filter(customer=customer).first()
    emptied = value.pk
    past = DeclaredValue.history.filter(customer=customer)
    delete_as(value, by=None, reason="emptied")
    known = set(past.values_list("history_id", flat=True))
    hold = make_hold(customer, category="declared")

    purge()
    assert set(past.values_list("history_id", flat=True)) == known
    assert emptied in past.values_list("id", flat=True)

    end(hold)
    purge()
    assert not DeclaredValue.history.exists()


def test_the_database_refuses_to_delete_what_is_held_whoever_asks():
    customer = make_customer(closed_days_ago=370)
    case = make_complaint(customer=customer)
    evidence = make_evidence(case)
    write_to_customer(case, text="x", by=make_staff(COMPLAINT_OFFICER))
    hold = make_hold(customer, case=case.case_ptr)
    rows = [customer, evidence, case.messages.get(), case.case_ptr]

    allow_erasure()
    for row in rows:
        with pytest.raises(IntegrityError, match="legal hold"), transaction.atomic():
            type(row)._base_manager.filter(pk=row.pk)._raw_delete("default")
    LegalHold.objects.filter(pk=hold.pk).update(case=None, category="complaint")
    with pytest.raises(IntegrityError, match="legal hold"), transaction.atomic():
        Case._base_manager.filter(pk=case.pk)._raw_delete("default")


def test_who_never_proved_an_address_stays_while_a_part_is_held(db):
    opened_at = timezone.now() - timedelta(days=8)
    make_hold(make_customer(opened_at=opened_at), category="consent")
    make_customer(opened_at=opened_at)

    assert (erase_unverified_sign_ups(), erase_unverified_sign_ups()) == (1, 0)


class TestAtTheDesk:
    @pytest.fixture
    def dpo(self, client, db):
        user = make_staff(DPO)
        client.force_login(user)
        client.cookies["django_language"] = "en"
        return user

    def test_a_hold_covers_a_category_or_a_case_of_the_customer_and_never_both(self, client, dpo):
        case = make_complaint()
        other = make_complaint()
        demand = {"public_id": case.customer.public_id, "authority": "TA", "document": "1"}

        def place(**scope):
            return client.post(f"{HOLDS}add/", {**demand, "reason": "x", **scope})

        for refused in (
            {"case": other.reference},
            {"case": case.reference, "category": "consent"},
            {"category": "notice"},
            {"category": "enquiry"},
        ):
            assert place(**refused).status_code == 200
        assert not LegalHold.objects.exists()

        place(case=case.reference.lower())
        for category in ("call_recording", "identity_proof"):
            place(category=category)
        scopes = [hold.scope for hold in LegalHold.objects.order_by("pk")]
        assert scopes == [case.reference, "Call recordings", "Proofs of identity"]
        page = client.get(HOLDS).text
        assert case.reference in page
        assert "Call recordings" in page

    def test_a_hold_is_reviewed_each_90_days_and_asked_about_once(self, client, dpo):
        hold = make_hold(make_customer())
        make_hold(make_customer())
        assert remind_of_reviews() == 0
        LegalHold.objects.filter(pk=hold.pk).update(placed_at=timezone.now() - timedelta(days=90))

        assert (remind_of_reviews(), remind_of_reviews()) == (1, 1)
        send_due_notices()
        assert Notice.objects.filter(template="hold_review").count() == 1
        due = client.get(HOLDS, {"hold": "due"}).text
        assert "in force, review due" in due

        step = f"{HOLDS}{hold.pk}/review_need/"
        assert client.post(step, {"reason": ""}).status_code == 200
        client.post(step, {"reason": "Vụ án chưa xong."})
        hold.refresh_from_db()
        assert (hold.review, hold.reviewed_by) == ("Vụ án chưa xong.", dpo)
        assert hold.history.first().history_user == dpo
        assert remind_of_reviews() == 0

    def test_what_is_left_is_opened_for_a_case_or_a_duty_alone(self, client, approved):
        customer = make_customer(closed_days_ago=370)
        case = make_complaint(customer=customer)
        case.move_to("withdrawn")
        case.save()
        make_hold(customer, case=case.case_ptr)
        purge()
        client.force_login(make_staff(COMPLAINT_OFFICER))
        client.cookies["django_language"] = "en"
        over = client.get("/admin/accounts/customer/?erasure=over").context_data["cl"]
        assert over.result_count == 0  # as the desk's figure has it
        address = f"/admin/accounts/customer/{customer.pk}/reveal/"
        purpose = next(each for each in Purpose.objects.active() if not each.asks_consent)
        asked = {"purpose": purpose.code, "groups": ["contact"]}

        refused = client.post(address, {**asked, "reason": "contact"})
        assert "The period of this customer" in refused.text
        assert customer.email not in refused.text
        for why in ({"reason": "legal_duty"}, {"case": case.reference}):
            assert customer.email in client.post(address, {**asked, **why}).text


def test_the_customer_reads_what_stays_why_and_until_when(approved, client):
    customer = make_customer(closed_days_ago=370)
    case = make_complaint(customer=customer)
    case.move_to("withdrawn")
    case.save()
    make_hold(customer, case=case.case_ptr)
    client.cookies["django_language"] = "en"

    purge()

    page = client.get(address_of(customer.public_id)).text
    assert f"<li>{case.reference}: a legal duty demands it; until that ends</li>" in page
    assert "stored and used for nothing else" in page
    assert User.objects.filter(customer=customer, is_active=True).count() == 0
    assert PurgeRun.objects.get().partly == 1


def test_complaints_on_hold_stay_linked_until_the_last_of_two_holds_is_released(approved):
    customer = make_customer()
    officer = make_staff(COMPLAINT_OFFICER)
    one, two = (make_complaint(customer=customer) for _each in range(2))
    link_complaints(one, other=two, kind="related", by=officer)
    for complaint in (one, two):
        withdraw_complaint(complaint, by=customer.user)
    close_in_the_past(customer, 9_000)
    holds = [make_hold(customer, category="complaint") for _each in range(2)]

    assert purge().partly == 1
    assert (Complaint.objects.count(), ComplaintLink.objects.count()) == (2, 1)

    dpo = make_staff(DPO)
    release_hold(holds[0], reason="xong", by=dpo)
    assert Remainder.objects.get().until is None
    release_hold(holds[1], reason="xong", by=dpo)
    assert Remainder.objects.get().until == local_day(timezone.now() + timedelta(days=1))
    LegalHold.objects.update(released_at=timezone.now() - timedelta(days=2))
    assert (purge().erased, ComplaintLink.objects.count()) == (1, 0)
