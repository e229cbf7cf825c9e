import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from access.models import AccessAction
from access.services import record_access
from accounts.acceptance import record_shown
from accounts.closing import close_account
from accounts.consents import decide_consent
from accounts.details import correct_details
from accounts.exceptions import AccountClosed, MergeRefused
from accounts.files import file_key
from accounts.identity_checks import record_identity_check
from accounts.merging import approve_merge, ask_merge, public_ids_of, refuse_merge
from accounts.models import (
    Consent,
    ConsentDecision,
    Customer,
    CustomerMerge,
    KeptSignIn,
    PhoneVerification,
    PolicyEvent,
    User,
)
from accounts.phone import is_verified
from casework.models import Case
from common.models import FileKey
from common.personal_data import DataCategory, declarations
from marketing.models import Preference
from notices.models import Notice
from notices.services import mark_seen, queue_mailing, queue_notice
from policies.models import PolicyText, Purpose
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from retention.models import LegalHold
from retention.purge import erase
from retention.services import place_hold
from tests.factories import (
    PASSWORD,
    make_complaint,
    make_customer,
    make_evidence,
    make_hold,
    make_policy_version,
    make_staff,
    verify_phone,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return make_staff(COMPLAINT_OFFICER)


@pytest.fixture
def dpo():
    return make_staff(DPO)


@pytest.fixture
def pair():
    """The record that stays, and its duplicate; each has a sign-in."""
    return make_customer(full_name="Trần Thị Hoa"), make_customer(full_name="Hoa Trần")


def ask(pair, *, by, **kwargs):
    survivor, duplicate = pair
    return ask_merge(survivor, duplicate=duplicate.public_id, reason="Một người", by=by, **kwargs)


def merge(pair, officer, dpo, **kwargs):
    approve_merge(ask(pair, by=officer, **kwargs), by=dpo)
    return Customer.objects.get(pk=pair[0].pk)


def fill(customer):
    """Something in every table that a merge gives away."""
    complaint = make_complaint(customer=customer)
    evidence = make_evidence(complaint)
    make_hold(customer)
    text = PolicyText.objects.first()
    PolicyEvent.objects.create(customer=customer, kind="accepted", text=text, channel="web")
    purpose = Purpose.objects.asking_consent().first()
    decide_consent(customer, purpose, decision=ConsentDecision.GIVEN, by=customer.user)
    details = {"full_name": customer.full_name, "phone": "+84987000111", "address": "1 Huế"}
    correct_details(customer, details=details, by=customer.user)
    record_identity_check(
        customer, kind="call_back", channel="phone", by=make_staff(COMPLAINT_OFFICER)
    )
    Preference.objects.create(customer=customer, statistics=True)
    return evidence


def test_everything_of_the_duplicate_becomes_the_survivors(pair, officer, dpo):
    survivor, duplicate = pair
    fill(duplicate)
    before = {
        declaration.model: set(declaration.about([duplicate.pk]).values_list("pk", flat=True))
        for declaration in declarations()
        if declaration.customer.split("__")[0] not in ("pk", "user", "email_address")
        and declaration.model is not User
    }

    merge(pair, officer, dpo)

    assert sum(map(len, before.values())) >= 8
    for declaration in declarations():
        if declaration.model in before:
            now = set(declaration.about([survivor.pk]).values_list("pk", flat=True))
            assert before[declaration.model] <= now
    assert not Customer.objects.filter(pk=duplicate.pk).exists()
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if field.related_model is Customer:
                assert not model._base_manager.filter(**{field.name: duplicate.pk}).exists(), model


def test_the_addresses_of_both_records_are_told(pair, officer, dpo):
    merge(pair, officer, dpo)

    told = Notice.objects.filter(template="records_merged")
    assert {each.address for each in told} == {customer.email for customer in pair}


def test_the_history_says_what_was_merged_and_keeps_both(pair, officer, dpo):
    survivor, duplicate = pair

    merge(pair, officer, dpo)

    last = Customer.history.filter(id=duplicate.pk).latest()
    assert (last.history_type, last.full_name, last.history_user) == ("-", "Hoa Trần", dpo)
    assert last.phone == duplicate.phone  # its seal still opens
    assert survivor.history.latest().history_change_reason == "merged"


def test_evidence_of_both_stays_readable(client, pair, officer, dpo):
    evidence = [make_evidence(make_complaint(customer=each)) for each in pair]
    survivor = merge(pair, officer, dpo)
    evidence.append(make_evidence(make_complaint(customer=survivor)))
    client.force_login(officer)

    for each in evidence:
        page = f"/admin/complaints/complaint/{each.case_id}/evidence/{each.public_id}/"
        assert b"".join(client.get(page).streaming_content) == b"%PDF-1.4 evidence"


def test_accesses_to_both_are_shown_to_the_customer(client, pair, officer, dpo):
    for customer, reference in zip(pair, ("KN-AAAA-AAAA", "KN-BBBB-BBBB"), strict=True):
        record_access(
            by=officer,
            action=AccessAction.OPEN,
            customer=customer.public_id,
            purpose="complaint_handling",
            field_groups=[DataCategory.CONTACT],
            case_reference=reference,
        )
    survivor = merge(pair, officer, dpo)
    client.force_login(survivor.user)

    page = client.get("/me/accesses/").text

    assert "KN-AAAA-AAAA" in page
    assert "KN-BBBB-BBBB" in page


@pytest.mark.parametrize("withdrawn_by", [0, 1])
def test_a_consent_that_either_withdrew_is_withdrawn(withdrawn_by, pair, officer, dpo):
    purpose = Purpose.objects.asking_consent().first()
    refusing, other = pair[withdrawn_by], pair[1 - withdrawn_by]
    decide_consent(refusing, purpose, decision="given", by=refusing.user)
    decide_consent(refusing, purpose, decision="withdrawn", by=refusing.user)
    decide_consent(other, purpose, decision="given", by=other.user)

    survivor = merge(pair, officer, dpo)

    decisions = list(survivor.consents.values_list("decision", flat=True))
    assert sorted(decisions[:3]) == ["given", "given", "withdrawn"]
    assert decisions[-1] == "withdrawn"


def test_a_consent_that_nobody_withdrew_stays_given(pair, officer, dpo):
    purpose = Purpose.objects.asking_consent().first()
    decide_consent(pair[1], purpose, decision="given", by=pair[1].user)

    survivor = merge(pair, officer, dpo)

    assert [each.decision for each in survivor.consents.all()] == ["given"]


def signed_in(user):
    session = SessionStore()
    session.create()
    UserSession.objects.create(
        user=user, session_key=session.session_key, ip="127.0.0.1", user_agent="test"
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return session.session_key


@pytest.mark.parametrize("kept", KeptSignIn)
def test_one_sign_in_stays_and_the_other_is_given_up(kept, client, pair, officer, dpo):
    keys = [signed_in(customer.user) for customer in pair]
    stays = list(KeptSignIn).index(kept)
    users, emails = [each.user for each in pair], [each.email for each in pair]

    survivor = merge(pair, officer, dpo, kept_sign_in=kept)

    released = User.objects.get(pk=users[1 - stays].pk)
    assert (survivor.user, survivor.email) == (users[stays], emails[stays])
    assert [SessionStore().exists(key) for key in keys] == [stays == 0, stays == 1]
    assert (released.is_active, released.email) == (False, f"{released.public_id}@merged.invalid")
    assert not EmailAddress.objects.filter(user=released).exists()
    assert not client.login(email=emails[1 - stays], password=PASSWORD)


def test_the_only_sign_in_stays_whoever_has_it(officer, dpo):
    survivor, duplicate = make_customer(user=None), make_customer()

    survivor = merge((survivor, duplicate), officer, dpo)

    assert (survivor.user, survivor.email) == (duplicate.user, duplicate.email)
    assert survivor.user.is_active


def test_a_hold_on_either_stays(pair, officer, dpo):
    make_hold(pair[1])
    survivor = merge(pair, officer, dpo)
    until = close_account(survivor, by=survivor.user)

    assert until
    assert LegalHold.objects.in_force().get().customer == survivor
    with pytest.raises(IntegrityError), transaction.atomic():
        erase([survivor.pk])


def test_a_hold_for_the_old_public_id_is_placed_on_who_stays(pair, officer, dpo):
    survivor = merge(pair, officer, dpo)

    hold = place_hold(pair[1].public_id, authority="Tòa", document="1", reason="Án", by=officer)

    assert hold.customer == survivor


def test_what_only_one_may_have_is_kept_in_the_stricter_form(pair, officer, dpo):
    survivor, duplicate = pair
    Preference.objects.create(customer=survivor, statistics=True, advertising=True, ads="none")
    Preference.objects.create(
        customer=duplicate, personalisation=True, advertising=True, ads="personalised"
    )

    merge(pair, officer, dpo)

    kept = Preference.objects.get()
    assert kept.customer == survivor
    assert (kept.statistics, kept.personalisation, kept.advertising) == (False, False, True)
    assert kept.ads == "none"


@pytest.mark.parametrize(
    ("theirs", "mine", "kept"),
    [
        ("queued", None, {"queued"}),
        ("sent", None, {"sent"}),
        ("queued", "sent", {"sent"}),
        ("sent", "queued", {"sent"}),
        ("sent", "sent", {"sent"}),
    ],
)
def test_a_mailing_that_goes_on_finds_what_the_duplicate_got(
    theirs, mine, kept, pair, officer, dpo
):
    mailing, survivor = "policy-1", Customer.objects.filter(pk=pair[0].pk)
    for customer, state in zip(pair, (mine, theirs), strict=True):
        if state:
            Notice.objects.create(
                key=f"{mailing}-{customer.public_id}",
                template="policy_published",
                recipient=customer.public_id,
                mailing=mailing,
                state=state,
                sent_at=customer.opened_at if state == "sent" else None,
                send_after=customer.opened_at,
            )
    merge(pair, officer, dpo)

    queue_mailing("policy_published", mailing=mailing, recipients=survivor.values_list("public_id"))
    mark_seen(mailing, pair[0].public_id)

    notices = Notice.objects.filter(mailing=mailing)
    assert set(notices.values_list("recipient", "state")) == {
        (pair[0].public_id, state) for state in kept
    }
    assert notices.filter(seen_at__isnull=False).count() == 1


def test_mails_reach_who_stays_and_none_twice(pair, officer, dpo):
    survivor, duplicate = pair
    queue_notice("details_changed", recipient=duplicate.public_id, key="one")
    for customer in pair:
        Notice.objects.create(
            key=f"policy-1-{customer.public_id}",
            template="policy_published",
            recipient=customer.public_id,
            mailing="policy-1",
            send_after=survivor.opened_at,
        )

    merge(pair, officer, dpo)

    assert Notice.objects.filter(recipient=survivor.public_id).count() == 2
    assert not Notice.objects.filter(recipient=duplicate.public_id).exists()


@pytest.mark.parametrize("verified", [[0], [1], [0, 1]])
def test_a_verified_number_stays_verified_and_that_of_the_duplicate_goes(
    verified, pair, officer, dpo
):
    for index in verified:
        verify_phone(pair[index])

    survivor = merge(pair, officer, dpo)

    assert is_verified(survivor) is (0 in verified)
    assert PhoneVerification.objects.count() == (0 in verified)


def test_a_policy_that_both_were_shown_is_shown_again(client, pair, officer, dpo):
    version = make_policy_version("9.9", effective_in_days=40)
    for customer in pair:
        record_shown(customer, version.text_in("vi"))
    survivor = merge(pair, officer, dpo)
    client.force_login(survivor.user)

    assert client.get(reverse("accept_policy")).status_code == 200

    assert survivor.policy_events.count() == 2


def test_the_purge_takes_what_is_left_of_the_duplicate_too(pair, officer, dpo):
    survivor, duplicate = pair
    for customer in pair:
        purpose = Purpose.objects.asking_consent().first()
        decide_consent(customer, purpose, decision="given", by=customer.user)
        file_key(customer)
        signed_in(customer.user)
    users = [customer.user.pk for customer in pair]
    merge(pair, officer, dpo)

    with transaction.atomic():
        erase([survivor.pk])

    keys = [survivor.pk, duplicate.pk]
    assert not Customer.history.filter(id__in=keys).exists()
    assert not User.objects.filter(pk__in=users).exists()
    assert not User.history.filter(id__in=users).exists()
    assert not FileKey.objects.filter(owner__in=[each.public_id for each in pair]).exists()
    assert not CustomerMerge.objects.exists()
    assert not Consent.objects.exists()


def test_a_survivor_may_become_a_duplicate_later(pair, officer, dpo):
    first = merge(pair, officer, dpo)
    last = make_customer()

    last = merge((last, first), officer, dpo)

    assert set(public_ids_of(last)) == {each.public_id for each in (*pair, last)}


# Who may


def test_who_asked_does_not_approve(pair, dpo):
    asked = ask(pair, by=dpo)

    with pytest.raises(MergeRefused):
        approve_merge(asked, by=dpo)
    with pytest.raises(IntegrityError), transaction.atomic():
        CustomerMerge.objects.filter(pk=asked.pk).update(
            decided_by=dpo, decided_at=asked.asked_at, state="merged"
        )
    assert Customer.objects.filter(pk=pair[1].pk).exists()


def test_a_refused_merge_changes_nothing_and_may_be_asked_again(pair, officer, dpo):
    asked = ask(pair, by=officer)
    with pytest.raises(MergeRefused):
        ask(pair, by=dpo)

    refuse_merge(asked, by=dpo)

    with pytest.raises(MergeRefused):
        approve_merge(asked, by=dpo)
    assert Customer.objects.count() == 2
    merge(pair, officer, dpo)
    assert Customer.objects.count() == 1


def test_closed_accounts_are_not_merged(pair, officer, dpo):
    asked = ask(pair, by=officer)
    closed = make_customer(closed_days_ago=3)
    for two in ((pair[0], closed), (closed, pair[0]), (pair[0], pair[0])):
        with pytest.raises(MergeRefused):
            ask(two, by=officer)
    close_account(pair[1], by=pair[1].user)

    with pytest.raises(MergeRefused):
        approve_merge(asked, by=dpo)

    assert Customer.objects.filter(pk=pair[1].pk).exists()


def refused(statement, *, merging="on"):
    """Say that the database refuses the statement, in a transaction that merges or not."""
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL portal.merging = '{merging}'; {statement}")


def test_lines_of_a_ledger_change_nothing_but_whose_they_are(pair):
    survivor, duplicate = pair
    purpose = Purpose.objects.asking_consent().first()
    decide_consent(duplicate, purpose, decision="given", by=duplicate.user)
    changes = (
        "UPDATE accounts_consent SET decision = 'withdrawn'",
        f"UPDATE accounts_consent SET customer_id = {survivor.pk}, decision = 'withdrawn'",
        "DELETE FROM accounts_consent",
    )

    for change in changes:
        refused(change)
    refused(f"UPDATE accounts_consent SET customer_id = {survivor.pk}", merging="off")


# At once


def test_two_approvals_merge_once(portal):
    pair = make_customer(), make_customer()
    asked = ask(pair, by=make_staff(COMPLAINT_OFFICER))
    officers = make_staff(DPO), make_staff(DPO)

    outcomes = at_once(
        *(
            lambda by=by: approve_merge(CustomerMerge.objects.get(pk=asked.pk), by=by)
            for by in officers
        )
    )

    assert sorted(type(each).__name__ for each in outcomes) == ["MergeRefused", "NoneType"]
    assert Customer.objects.count() == 1


def test_opposite_merges_wait_for_each_other(portal):
    one, other = make_customer(), make_customer()
    officer, dpo = make_staff(COMPLAINT_OFFICER), make_staff(DPO)
    asked = [ask((one, other), by=officer), ask((other, one), by=officer)]

    outcomes = at_once(
        *(
            lambda key=each.pk: approve_merge(CustomerMerge.objects.get(pk=key), by=dpo)
            for each in asked
        )
    )

    assert Customer.objects.count() == 1
    assert sum(each is None for each in outcomes) == 1


def test_a_merge_and_a_hold_wait_for_each_other(portal):
    pair = make_customer(), make_customer()
    officer, dpo = make_staff(COMPLAINT_OFFICER), make_staff(DPO)
    asked = ask(pair, by=officer)

    outcomes = at_once(
        lambda: approve_merge(CustomerMerge.objects.get(pk=asked.pk), by=dpo),
        lambda: place_hold(
            pair[1].public_id, authority="Tòa", document="1", reason="Án", by=officer
        ),
    )

    assert [each for each in outcomes if isinstance(each, Exception)] == []
    assert LegalHold.objects.get().customer.pk == pair[0].pk


def test_a_merge_and_a_complaint_of_the_duplicate_wait_for_each_other(portal):
    pair = make_customer(), make_customer()
    asked = ask(pair, by=make_staff(COMPLAINT_OFFICER))
    dpo = make_staff(DPO)

    outcomes = at_once(
        lambda: approve_merge(CustomerMerge.objects.get(pk=asked.pk), by=dpo),
        lambda: close_account(Customer.objects.get(pk=pair[1].pk), by=pair[1].user),
    )

    merged = not isinstance(outcomes[0], Exception)
    assert Customer.objects.count() == (1 if merged else 2)
    assert Customer.objects.get(pk=pair[0].pk).is_open
    assert not Case.objects.exists()


def test_a_record_that_became_another_one_meanwhile_counts_as_closed(pair, officer, dpo):
    _survivor, gone = pair
    merge(pair, officer, dpo)

    with pytest.raises(AccountClosed):
        correct_details(gone, details={"address": "1 Huế"}, by=officer)
