"""VS-14: staff see or change a customer's data only after the customer said so."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from access.models import AccessAction, AccessRecord
from accounts.approval_links import path_of
from accounts.approvals import (
    answer_approval,
    ask_approval,
    require_opening,
    revoke_approval,
)
from accounts.assistance import change_for_customer, invite_to_claim
from accounts.closing import close_account, close_for_customer, end_service
from accounts.exceptions import AccessClosed, ApprovalRefused
from accounts.link_proofs import MOST_TRIES
from accounts.merging import approve_merge, ask_merge
from accounts.models import AccessApproval, AssistedChange, IdentityCheck
from accounts.reopening import reopen_for_customer
from notices import sms
from notices.models import Notice
from notices.services import send_due_notices
from policies.loading import load_profile
from policies.models import Company, Purpose, StaffAccessMode
from policies.promises import measure_all
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from tests.clients import PortalClient, set_up_app
from tests.factories import PASSWORD, make_complaint, make_customer, make_staff
from tests.threads import at_once, one_behind_the_other

CUSTOMERS = "/admin/accounts/customer/"
WHY = {"purpose": "rights_and_complaints", "reason": "contact", "case": ""}
ASKED = {"channel": "phone", "kind": "call_back"}
VALUES = ("Trần", "hoa@", "345678", "Lê Lợi")


def asks_first():
    Company.objects.update(staff_access_mode=StaffAccessMode.APPROVAL)


@pytest.fixture
def officer(client, db):
    asks_first()
    user = make_staff(COMPLAINT_OFFICER)
    client.force_login(user)
    return user


@pytest.fixture
def hoa(db):
    return make_customer(
        full_name="Trần Thị Hoa",
        email="hoa@example.com",
        phone="+84912345678",
        address="5 Lê Lợi, Huế",
    )


@pytest.fixture
def at_home(hoa):
    """The customer's own browser."""
    browser = PortalClient()
    browser.force_login(hoa.user)
    return browser


def purpose(code="rights_and_complaints"):
    return Purpose.objects.get(code=code)


def ask(customer, officer, **changes):
    asked = {"purpose": purpose(), "groups": ["contact"], "hours": 4, "reason": "contact"}
    return ask_approval(customer, **{**asked, **changes}, by=officer)


def grant(customer, officer, **changes):
    approval = ask(customer, officer, **changes)
    answer_approval(approval, granted=True, through="account", by=customer.user)
    return approval


def page(customer, name="change"):
    return f"{CUSTOMERS}{customer.pk}/{name}/"


def reveal(client, customer, **changes):
    return client.post(page(customer, "reveal"), {"groups": ["contact"], **WHY, **changes})


def is_shown(answer):
    shown = {value in answer.text for value in VALUES}
    assert len(shown) == 1, "either all of it or nothing"
    return shown == {True}


def reveals():
    return AccessRecord.objects.filter(action=AccessAction.REVEAL)


def send():
    send_due_notices()
    return mail.outbox[-1]


def test_staff_ask_the_customer_allows_and_the_record_opens_until_it_ends(
    client, officer, hoa, at_home
):
    refused = client.get(page(hoa, "reveal"))
    asked = client.post(
        page(hoa, "ask_approval"), {"groups": ["contact"], **WHY, "hours": "4"}, follow=True
    )
    approval = AccessApproval.objects.get()
    question = send()
    waiting = reveal(client, hoa)
    at_home.post(reverse("answer_approval", args=[approval.public_id]), {"answer": "granted"})
    approval.refresh_from_db()
    send_due_notices()
    told = {message.to[0] for message in mail.outbox[-2:]}

    assert (refused.status_code, asked.status_code, waiting.status_code) == (403, 200, 403)
    assert page(hoa, "ask_approval") in refused.text
    assert question.to == [hoa.email]
    assert path_of(approval.public_id) in question.body
    assert told == {hoa.email, officer.email}
    assert approval.ends_at == approval.answered_at + timedelta(hours=4)
    assert is_shown(reveal(client, hoa, reason="security"))
    record = reveals().get()
    assert (record.purpose, record.reason) == (approval.purpose.code, "contact")
    with time_machine.travel(approval.ends_at):
        client.force_login(officer)
        assert not is_shown(reveal(client, hoa))
    assert reveals().count() == 1


@pytest.mark.parametrize(
    "why",
    [
        {"groups": ["account"]},
        {"groups": ["contact", "account"]},
        {"purpose": "support"},
    ],
)
def test_what_was_not_asked_for_stays_closed(why, client, officer, hoa):
    grant(hoa, officer)

    assert not is_shown(reveal(client, hoa, **why))
    assert hoa.email not in reveal(client, hoa, **why).text
    assert not reveals().exists()


def test_a_grant_is_for_who_asked_and_for_that_customer_alone(client, officer, hoa):
    grant(hoa, make_staff(COMPLAINT_OFFICER))
    grant(make_customer(), officer)

    assert not is_shown(reveal(client, hoa))
    assert not reveals().exists()


@pytest.mark.parametrize("answered", [True, False])
def test_no_answer_in_twelve_hours_is_a_no(answered, client, officer, hoa):
    approval = ask(hoa, officer)
    if answered:
        answer_approval(approval, granted=False, through="account", by=hoa.user)

    with time_machine.travel(approval.answer_by):
        with pytest.raises(ApprovalRefused):
            answer_approval(approval, granted=True, through="account", by=hoa.user)
        client.force_login(officer)
        assert not is_shown(reveal(client, hoa))

    approval.refresh_from_db()
    assert approval.answer == ("refused" if answered else "")


def test_the_database_holds_the_times_too(officer, hoa):
    late, long = ask(hoa, officer), grant(hoa, make_staff(DPO))
    rows = AccessApproval.objects
    answered = {"answer": "granted", "answered_through": "link"}
    wrong = [
        (late, {**answered, "answered_at": late.answer_by + timedelta(seconds=1)}),
        (late, {**answered, "answered_at": timezone.now()}),
        (late, {"answer_by": late.answer_by + timedelta(hours=1)}),
        (late, {"revoked_at": timezone.now()}),
        (long, {"ends_at": long.answered_at + timedelta(hours=73)}),
        (long, {"field_groups": []}),
        (long, {"reason": ""}),
    ]

    for approval, values in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.filter(pk=approval.pk).update(**values)


def test_who_was_refused_leaves_the_customer_in_peace_for_a_day(officer, hoa):
    approval = ask(hoa, officer)
    with pytest.raises(ApprovalRefused):
        ask(hoa, officer)
    answer_approval(approval, granted=False, through="account", by=hoa.user)
    for by, code in ((officer, "support"), (make_staff(COMPLAINT_OFFICER), purpose().code)):
        with pytest.raises(ApprovalRefused):
            ask(hoa, by, purpose=purpose(code))

    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        ask(hoa, officer)
    assert AccessApproval.objects.count() == 2


def test_a_customer_who_cannot_be_reached_is_not_asked(officer):
    nobody = make_customer(user=None, email="")

    with pytest.raises(ApprovalRefused):
        ask(nobody, officer)


def test_where_the_company_asks_nobody_nothing_changes(client, hoa):
    officer = make_staff(COMPLAINT_OFFICER)
    client.force_login(officer)

    customers_page = client.get(page(hoa))

    assert is_shown(reveal(client, hoa))
    assert page(hoa, "ask_approval") not in customers_page.text
    assert client.get(page(hoa, "ask_approval")).status_code == 403


def test_the_customers_page_says_what_is_open(client, officer, hoa):
    client.cookies["django_language"] = "en"
    closed = client.get(page(hoa)).text
    grant(hoa, officer, groups=["contact", "account"], may_change=True)
    ask(hoa, officer, purpose=purpose("support"))

    shown = client.get(page(hoa)).text

    assert "nothing is open to you" in closed
    assert "Ask for approval: Contact details" in closed
    for part in ("Granted until", "Contact details", "to change it too", "may answer until"):
        assert part in shown
    assert "Reveal: Contact details" in shown


# The customer's side


def test_to_grant_asks_for_the_password_again_and_to_refuse_does_not(officer, hoa):
    browser = PortalClient()
    browser.force_login(hoa.user, fresh=False)
    approval = ask(hoa, officer)
    answer = reverse("answer_approval", args=[approval.public_id])

    led = browser.post(answer, {"answer": "granted"})
    approval.refresh_from_db()
    assert led.url.startswith(reverse("account_reauthenticate"))
    assert approval.answer == ""

    browser.post(answer, {"answer": "refused"})
    approval.refresh_from_db()
    assert approval.answer == "refused"


def test_the_customer_ends_it_at_once_and_sees_what_was_done(client, officer, hoa, at_home):
    approval = grant(hoa, officer, may_change=True)
    reveal(client, hoa)
    change = change_for_customer(
        hoa, details={"address": "9 Hùng Vương, Huế"}, reason="Chuyển nhà", by=officer, **ASKED
    )
    own = reverse("approval", args=[approval.public_id])
    at_home.cookies["django_language"] = "en"
    running = at_home.get(reverse("overview")).text

    at_home.post(reverse("end_approval", args=[approval.public_id]))

    shown = at_home.get(own).text
    assert own in running
    assert change.approval == approval
    assert ": address" in shown
    assert "Revealed in full" in shown
    assert not is_shown(reveal(client, hoa))
    with pytest.raises(AccessClosed):
        change_for_customer(
            hoa, details={"address": "1 Hùng Vương"}, reason="x", by=officer, **ASKED
        )
    assert own not in at_home.get(reverse("overview")).text
    assert own in at_home.get(reverse("approvals")).text


def test_a_stranger_neither_reads_nor_answers(officer, hoa):
    approval = ask(hoa, officer)
    stranger = PortalClient()
    stranger.force_login(make_customer().user)

    pages = [reverse(name, args=[approval.public_id]) for name in ("approval", "answer_approval")]

    assert stranger.get(pages[0]).status_code == 404
    assert stranger.post(pages[1], {"answer": "granted"}).status_code == 404
    assert PortalClient().get("/me/answer/forged.token/").status_code == 404
    approval.refresh_from_db()
    assert approval.answer == ""


def test_the_link_of_the_mail_asks_for_the_password(officer, hoa):
    approval = ask(hoa, officer)
    link, visitor = path_of(approval.public_id), PortalClient()

    visitor.get(link)
    visitor.post(link, {"answer": "granted", "password": "wrong"})
    approval.refresh_from_db()
    assert approval.answer == ""

    visitor.post(link, {"answer": "granted", "password": PASSWORD})
    approval.refresh_from_db()
    assert (approval.answer, approval.answered_through) == ("granted", "link")

    visitor.post(f"{link}end/")
    approval.refresh_from_db()
    assert approval.state == AccessApproval.State.REVOKED


@pytest.mark.parametrize("has", ["second factor", "lock"])
def test_the_link_goes_round_no_second_factor_and_no_lock(has, officer, hoa):
    approval = ask(hoa, officer)
    if has == "lock":
        hoa.user.locked_at = timezone.now()
        hoa.user.save()
    else:
        set_up_app(hoa.user)

    answer = PortalClient().post(
        path_of(approval.public_id), {"answer": "granted", "password": PASSWORD}
    )

    approval.refresh_from_db()
    assert reverse("approval", args=[approval.public_id]) in answer.text
    assert approval.answer == ""


@pytest.mark.parametrize("by_phone", [True, False])
def test_who_has_no_password_answers_with_a_code(by_phone, officer, settings):
    customer = make_customer(user=None, phone="+84912345678" if by_phone else "")
    approval = ask(customer, officer)
    link, visitor = path_of(approval.public_id), PortalClient()

    visitor.post(f"{link}code/")
    send_due_notices()
    sent = sms.outbox[-1].text if by_phone else mail.outbox[-1].body
    code = re.search(r"\d{6}", sent).group()
    wrong = f"{(int(code) + 1) % 10**6:06}"
    visitor.post(link, {"answer": "granted", "code": wrong})
    approval.refresh_from_db()
    assert (approval.answer, approval.code_tries) == ("", 1)

    visitor.post(link, {"answer": "granted", "code": code})
    approval.refresh_from_db()
    assert (approval.answer, approval.code) == ("granted", "")
    assert code not in str(list(Notice.objects.values()))


def test_a_code_ends_with_time_and_with_tries(officer):
    customer = make_customer(user=None, phone="")
    approval = ask(customer, officer)
    link, visitor = path_of(approval.public_id), PortalClient()
    visitor.post(f"{link}code/")
    visitor.post(f"{link}code/")  # at once: none is sent
    code = re.search(r"\d{6}", send().body).group()
    approval.refresh_from_db()

    assert approval.codes_sent == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        visitor.post(link, {"answer": "granted", "code": code})
    AccessApproval.objects.update(code_tries=MOST_TRIES)
    visitor.post(link, {"answer": "granted", "code": code})
    approval.refresh_from_db()
    assert approval.answer == ""


# Changes


def test_staff_change_nothing_that_the_customer_did_not_allow(officer, hoa):
    grant(hoa, officer, groups=["contact", "account"])  # to see, not to change
    closed = make_customer(closed_days_ago=3)
    steps = [
        lambda: change_for_customer(
            hoa, details={"phone": "+84900000000"}, reason="x", by=officer, **ASKED
        ),
        lambda: change_for_customer(
            hoa, details={}, erase=["phone"], reason="x", by=officer, **ASKED
        ),
        lambda: close_for_customer(hoa, reason="x", by=officer, **ASKED),
        lambda: reopen_for_customer(closed, reason="x", by=officer, **ASKED),
        lambda: end_service(hoa, ended_on=timezone.localdate(), reason="x", by=officer),
        lambda: invite_to_claim(
            make_customer(user=None), email="officer@example.com", by=officer, **ASKED
        ),
    ]

    for step in steps:
        with pytest.raises(AccessClosed):
            step()

    hoa.refresh_from_db()
    closed.refresh_from_db()
    assert (hoa.phone, hoa.is_open, closed.is_open) == ("+84912345678", True, False)
    assert not IdentityCheck.objects.exists()
    assert not AssistedChange.objects.exists()


def test_staff_close_an_account_that_its_customer_let_them_close(officer, hoa):
    approval = grant(hoa, officer, groups=["account"], may_change=True)

    change = close_for_customer(hoa, reason="x", by=officer, **ASKED)

    assert change.approval == approval
    approval.refresh_from_db()
    assert approval.state == AccessApproval.State.REVOKED


def test_two_members_of_staff_give_a_record_its_first_address(client, officer, settings):
    settings.SMS_URL = "memory://"
    nobody = make_customer(user=None, email="", phone="+84912345678")
    asked = {**ASKED, "result": "proved"}

    def invite(by, email):
        client.force_login(by)
        answer = client.post(page(nobody, "invite"), {**asked, "email": email})
        nobody.refresh_from_db()
        mailed = Notice.objects.filter(template="claim_invitation").count()
        return answer.status_code, nobody.email, mailed

    other = make_staff(COMPLAINT_OFFICER)
    alone = [invite(officer, "moi@example.com") for _again in range(2)]
    elsewhere = invite(other, "khac@example.com")
    send_due_notices()
    with time_machine.travel(timezone.now() + timedelta(days=4)):
        late = invite(other, "moi@example.com")
    together = invite(officer, "moi@example.com")

    assert [*alone, elsewhere, late] == 4 * [(200, "", 0)]
    assert {message.number for message in sms.outbox} == {nobody.phone}
    assert together == (302, "moi@example.com", 1)


def test_what_ends_an_account_or_joins_two_ends_what_was_granted(officer, hoa):
    closing, merged = make_customer(), make_customer()
    grants = [grant(each, officer) for each in (closing, hoa, merged)]

    close_account(closing, by=closing.user)
    merge = ask_merge(hoa, duplicate=merged.public_id, reason="x", by=officer)
    approve_merge(merge, by=make_staff(DPO))

    for approval in grants:
        approval.refresh_from_db()
        assert approval.revoked_at is not None
    assert grants[2].customer == hoa


# At once


def test_ending_waits_for_a_look_and_a_look_for_ending(portal):
    asks_first()
    officer, customer = make_staff(COMPLAINT_OFFICER), make_customer()
    approval = grant(customer, officer)

    def look():
        with transaction.atomic():
            return require_opening(customer, by=officer, groups=["contact"], purpose=purpose())

    ended = one_behind_the_other(look, lambda: revoke_approval(approval, by=customer.user))
    second = grant(customer, officer)
    seen = one_behind_the_other(lambda: revoke_approval(second, by=customer.user), look)
    third = ask(customer, officer)
    same = [AccessApproval.objects.get(pk=third.pk) for _ in range(2)]
    answers = at_once(
        *(
            lambda each=each, yes=yes: answer_approval(
                each, granted=yes, through="link", by=customer.user
            )
            for each, yes in zip(same, (True, False), strict=True)
        )
    )

    assert ended is None
    assert isinstance(seen, AccessClosed)
    assert [type(each) for each in sorted(answers, key=str)] in (
        [type(None), ApprovalRefused],
        [ApprovalRefused, type(None)],
    )
    assert third.history.count() == 2


# The promise


def status_of_vs_14():
    (answer,) = (each for each in measure_all() if each.promise.code == "VS-14")
    return answer.measure.status, answer.measure.figure


def test_vs_14_is_broken_by_a_look_or_a_change_without_approval(client, db):
    load_profile("vietnam_server")
    officer, customer = make_staff(COMPLAINT_OFFICER), make_customer()
    client.force_login(officer)
    approval = grant(customer, officer, may_change=True)
    reveal(client, customer)
    make_complaint(customer=customer)
    change_for_customer(customer, details={"address": "Mới"}, reason="x", by=officer, **ASKED)
    assert (reveals().count(), *status_of_vs_14()) == (1, "kept", 0)

    AccessApproval.objects.filter(pk=approval.pk).update(field_groups=["consent"])
    assert status_of_vs_14() == ("broken", 1)
