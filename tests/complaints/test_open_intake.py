"""A complaint without an account: sealed, confirmed by a mailed link, followed by another."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.closing import close_account
from accounts.locks import lock_customer
from accounts.models import Customer, IdentityCheck, User
from accounts.reopening import reopen_for_customer
from common.open_forms import TRAP
from common.tokens import LinkSigner, new_public_id
from complaints.exceptions import ComplaintError
from complaints.links import confirmation_of, token_of
from complaints.models import Complaint, ComplaintState, UnconfirmedComplaint
from notices.models import Notice
from notices.services import send_due_notices
from privacyportal.roles import COMPLAINT_OFFICER
from retention.purge import erase
from retention.sweeps import sweep
from tests.clients import PortalClient
from tests.factories import (
    WHOLE_ANSWER,
    answer,
    decide,
    make_complaint,
    make_customer,
    make_staff,
    make_user,
)
from tests.threads import at_once, one_behind_the_other

pytestmark = pytest.mark.django_db

TYPED = {
    "name": "Ngô Thảo",
    "email": "thao@example.com",
    "phone": "+84905222333",
    "category": "marketing",
    "text": "Tôi chưa từng đăng ký mà vẫn nhận tin nhắn.",
}
SEALED = [TYPED[name] for name in ("name", "email", "phone", "text")]


def send(client, **changes):
    form = {**TYPED, "submission": new_public_id(), **changes}
    return client.post(reverse("open_complaint"), form)


def link_in(message) -> str:
    return re.search(r"https?://[^/\s]+(/complaints/\S+)", message.body).group(1)


def newest_link() -> str:
    send_due_notices()
    return link_in(mail.outbox[-1])


def filed(client, **changes) -> Complaint:
    send(client, **changes)
    client.post(newest_link())
    return Complaint.objects.get()


def test_it_is_filed_as_received_when_it_was_sent_once_the_address_is_confirmed(client):
    sent_at = timezone.now()
    with time_machine.travel(sent_at, tick=False):
        assert send(client).url == reverse("open_complaint_sent")
        link = newest_link()
    assert not Complaint.objects.exists()

    with time_machine.travel(sent_at + timedelta(days=2), tick=False):
        page = client.post(link, follow=True)

    complaint = Complaint.objects.get()
    assert (complaint.received_at, complaint.channel, complaint.identity) == (
        sent_at,
        "web",
        "address",
    )
    customer = complaint.customer
    assert (customer.full_name, customer.email, customer.phone, customer.user) == (
        TYPED["name"],
        TYPED["email"],
        TYPED["phone"],
        None,
    )
    assert complaint.reference in page.text
    assert TYPED["text"] in page.text
    assert not UnconfirmedComplaint.objects.exists()


def test_until_then_all_of_it_is_sealed_and_the_mail_repeats_nothing(client):
    send(client)
    send_due_notices()

    with connection.cursor() as cursor:
        for table in ("complaints_unconfirmedcomplaint", "notices_notice"):
            cursor.execute(f"SELECT string_agg(t::text, '') FROM {table} AS t")
            text = cursor.fetchone()[0]
            assert [value for value in SEALED if value in text] == []
    body = mail.outbox[0].subject + mail.outbox[0].body
    assert [value for value in SEALED if value in body] == []


def test_a_program_that_opens_the_link_confirms_nothing(client):
    send(client)
    link = newest_link()

    assert [method(link).status_code for method in (client.get, client.head)] == [200, 200]

    assert not Complaint.objects.exists()


def test_confirmed_twice_it_is_one_complaint_with_one_page(client):
    send(client)
    link = newest_link()

    with time_machine.travel(timezone.now(), tick=False):  # a link says when it was made
        first, second = client.post(link), client.post(link)

    assert first.url == second.url
    assert "no-store" in first["Cache-Control"]
    assert first["X-Robots-Tag"] == "noindex, nofollow"
    assert Complaint.objects.count() == 1


def test_confirmed_twice_at_once_it_is_one_complaint(portal):
    send(Client())
    link = newest_link()

    at_once(*[lambda: Client().post(link)] * 4)

    assert (Complaint.objects.count(), Customer.objects.count()) == (1, 1)


@pytest.mark.parametrize("token", ["x", "", "forged"])
def test_a_link_that_was_not_mailed_confirms_nothing(client, token):
    send(client)
    row = UnconfirmedComplaint.objects.get()

    page = client.post(reverse("confirm_complaint", args=[f"{row.submission}.{token}"]))

    assert page.status_code == 404
    assert not Complaint.objects.exists()


def test_unconfirmed_it_is_erased_and_its_link_says_so(client, settings):
    send(client)
    row = UnconfirmedComplaint.objects.get()
    sweep()
    assert UnconfirmedComplaint.objects.exists()
    days = settings.UNCONFIRMED_ENQUIRY_DAYS + 1
    UnconfirmedComplaint.objects.update(received_at=timezone.now() - timedelta(days=days))

    sweep()

    assert not Notice.objects.exists()
    gone = client.post(reverse("confirm_complaint", args=[confirmation_of(row)]))
    assert gone.status_code == 404
    assert f'<a href="{reverse("open_complaint")}">' in gone.text


def test_it_goes_to_the_account_of_the_address(client):
    known = make_customer(email=TYPED["email"], full_name="Tên khác", is_verified=True)

    complaint = filed(client)

    assert complaint.customer == known
    known.refresh_from_db()
    assert known.full_name == "Tên khác"
    assert TYPED["name"] in complaint.text


def test_who_never_proved_the_address_does_not_get_it(client):
    squatter = make_customer(email=TYPED["email"])

    assert filed(client).customer != squatter


def test_nothing_tells_whether_the_address_is_known(client):
    make_customer(email="known@example.com", full_name="Bí Mật", is_verified=True)
    pages = []
    for address in ("known@example.com", "other@example.com"):
        answered = send(client, email=address)
        link = newest_link()
        page = client.post(link, follow=True)
        token, reference = page.request["PATH_INFO"], Complaint.objects.latest("pk").reference
        file = client.get(f"{token}file.pdf")
        text = page.text.replace(token, "").replace(reference, "").replace(address, "")
        text = re.sub(r"\d\d:\d\d(:\d\d)?", "", text)
        pages.append((answered.url, page.status_code, file.status_code, text))

    assert pages[0] == pages[1]
    assert "Bí Mật" not in pages[0][-1]


@pytest.mark.parametrize("who", ["visitor", "strict"])
def test_nobody_needs_a_cookie(who):
    client = Client(enforce_csrf_checks=who == "strict")

    assert not client.get(reverse("open_complaint")).cookies
    assert send(client).status_code == 302
    assert client.post(newest_link()).status_code == 302
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("email", ""),
        ("email", "alice@x.vn\nBcc: z@x.vn"),
        ("phone", "12"),
        ("category", "nonsense"),
        ("text", " "),
        ("text", "x" * 9_501),
        ("submission", "forged"),
    ],
)
def test_nonsense_is_refused_in_words(client, field, value):
    page = send(client, **{field: value})

    assert (page.status_code, set(page.context["form"].errors)) == (200, {field})
    assert not UnconfirmedComplaint.objects.exists()


def test_the_trap_catches_programs(client):
    page = send(client, **{TRAP: "http://spam.example"})

    assert TYPED["text"] in page.text
    assert not UnconfirmedComplaint.objects.exists()


def test_a_form_sent_twice_is_one_and_with_other_words_another(client):
    submission = new_public_id()
    for text in (TYPED["text"], TYPED["text"], "Chuyện khác"):
        send(client, submission=submission, text=text)

    assert (UnconfirmedComplaint.objects.count(), Notice.objects.count()) == (2, 2)


def test_a_form_sent_again_after_it_was_confirmed_is_no_second_complaint(client):
    submission = new_public_id()
    complaint = filed(client, submission=submission)

    assert send(client, submission=submission).url == reverse("open_complaint_sent")
    assert not UnconfirmedComplaint.objects.exists()

    send(client, submission=submission, text="Chuyện khác")
    client.post(newest_link())
    assert [each.text[:11] for each in Complaint.objects.exclude(pk=complaint.pk)] == [
        "Chuyện khác"
    ]


def test_a_form_that_somebody_signed_in_sent_too_is_refused_in_words(client):
    submission = new_public_id()
    send(client, submission=submission)
    make_complaint(submission=submission)

    page = client.post(newest_link())

    assert (page.status_code, "Bạn đã gửi" in page.text) == (409, True)
    assert Complaint.objects.count() == 1


@pytest.mark.parametrize("closed_meanwhile", [True, False])
def test_confirming_waits_for_who_closes_or_removes_the_record(portal, closed_meanwhile):
    known = make_customer(email=TYPED["email"], user=None)
    send(Client())
    link = newest_link()

    def leave():
        if closed_meanwhile:
            close_account(known, by=make_user())
        else:
            Customer.objects.filter(pk=known.pk).delete()

    answered = one_behind_the_other(leave, lambda: Client().post(link))

    complaint = Complaint.objects.get()
    assert answered.url == reverse("followed_complaint", args=[token_of(complaint)])
    assert (complaint.customer.email, complaint.customer != known) == (TYPED["email"], True)


def test_a_flood_is_stopped(client):
    answers = [send(client, email=f"a{n}@example.com").status_code for n in range(6)]

    assert answers == [302] * 5 + [429]


# The page behind the link


def test_each_mail_leads_to_the_page_without_a_sign_in(client):
    complaint = filed(client)
    send_due_notices()
    body = mail.outbox[-1].body

    page = client.get(link_in(mail.outbox[-1]))

    assert "Trang này không cần đăng nhập" in body
    assert (page.status_code, complaint.reference in page.text) == (200, True)
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in page["Cache-Control"]
    outbox = str(list(Notice.objects.values("context", "body")))
    assert token_of(complaint) not in outbox


def test_behind_the_link_the_customer_writes_reads_and_goes_on(client):
    complaint = filed(client)
    page = reverse("followed_complaint", args=[token_of(complaint)])
    client.post(f"{page}write/", {"text": "Thêm một tin nữa."})
    officer = make_staff(COMPLAINT_OFFICER)
    answer(decide(complaint, by=officer), by=officer, reveals_nothing=True)

    assert "Thêm một tin nữa." in client.get(page).text
    assert "Kính gửi Quý khách," in client.get(f"{page}letter/").text
    assert client.get(f"{page}letter.pdf").content.startswith(b"%PDF")
    client.post(f"{page}agree/")
    complaint.refresh_from_db()
    assert complaint.agreed_at is not None
    client.post(f"{page}disagree/", {"disagree-reason": "Vẫn nhận tin."})
    client.post(f"{page}escalate/", {"authority-authority": "Cục A05"})

    complaint.refresh_from_db()
    assert complaint.state == ComplaintState.ESCALATED
    assert set(complaint.events.filter(code__in=["agreed", "disagreed"]).values_list("by")) == {
        (None,)
    }


def test_a_link_opens_its_own_complaint_alone(client):
    complaint, other = filed(client), make_complaint()
    token = token_of(complaint)

    for forged in (
        token.replace(complaint.public_id, other.public_id),
        other.public_id,
        token[:-1],
        complaint.reference,
    ):
        page = reverse("followed_complaint", args=[forged])
        assert client.get(page).status_code == 404
        assert client.post(f"{page}withdraw/").status_code == 404
        withdrawing = reverse("confirm_withdrawal", args=[forged])
        assert [client.get(withdrawing).status_code, client.post(withdrawing).status_code] == [
            404,
            404,
        ]
    assert not Complaint.objects.exclude(closed_at=None).exists()
    assert not Notice.objects.filter(template__in=["complaint_link", "complaint_withdraw"]).exists()


def confirmation(complaint):
    row = UnconfirmedComplaint(submission=complaint.submission, email=complaint.customer.email)
    return confirmation_of(row)


@pytest.mark.parametrize("why", ["old", "moved", "of a version before"])
@pytest.mark.parametrize(
    ("opened", "made", "days", "salt", "named"),
    [
        ("followed_complaint", token_of, "COMPLAINT_LINK_DAYS", "follow", "public_id"),
        ("confirm_complaint", confirmation, "UNCONFIRMED_ENQUIRY_DAYS", "confirm", "submission"),
    ],
)
def test_a_link_that_is_too_old_or_of_another_address_only_mails_a_new_one(
    client, settings, opened, made, days, salt, named, why
):
    complaint = filed(client)
    send_due_notices()
    token = made(complaint)
    if why == "old":
        day = timezone.now() - timedelta(days=getattr(settings, days), seconds=1)
        with time_machine.travel(day, tick=False):
            token = made(complaint)
    elif why == "moved":
        Customer.objects.filter(pk=complaint.customer_id).update(email="new@example.com")
    else:
        token = LinkSigner(f"complaints.{salt}").sign(getattr(complaint, named))
    page = client.post(reverse(opened, args=[token]))
    assert (page.status_code, complaint.reference in page.text) == (404, False)

    again = reverse("new_complaint_link", args=[token])
    assert again in page.text
    addresses = [again, again, reverse("new_complaint_link", args=["forged"])]
    answers = {client.post(each).text.replace(each, "") for each in addresses}

    assert len(answers) == 1
    mails = len(mail.outbox)
    link = newest_link()
    assert len(mail.outbox) == mails + 1
    complaint.customer.refresh_from_db()
    assert mail.outbox[-1].to == [complaint.customer.email]
    assert complaint.reference in client.get(link).text


def test_by_link_it_is_withdrawn_only_by_another_one_that_is_mailed(client):
    complaint = filed(client)
    send_due_notices()
    token = token_of(complaint)
    asked = client.post(reverse("followed_withdraw_complaint", args=[token]), follow=True)
    complaint.refresh_from_db()
    assert ("Chúng tôi đã gửi thư cho bạn" in asked.text, complaint.is_open) == (True, True)
    assert client.post(reverse("confirm_withdrawal", args=[token])).status_code == 404

    link = newest_link()
    assert mail.outbox[-1].to == [TYPED["email"]]
    confirming = client.get(link)
    assert complaint.reference in confirming.text
    complaint.refresh_from_db()
    assert complaint.is_open
    with time_machine.travel(timezone.now() + timedelta(days=4), tick=False):
        assert client.post(link).status_code == 404
    Customer.objects.update(email="new@example.com")
    assert client.post(link).status_code == 404
    Customer.objects.update(email=TYPED["email"])

    page = client.post(link, follow=True)

    complaint.refresh_from_db()
    assert complaint.state == ComplaintState.WITHDRAWN
    assert complaint.reference in page.text
    assert client.post(link, follow=True).status_code == 200
    assert complaint.events.filter(code="withdrawn").count() == 1
    send_due_notices()
    assert complaint.reference in mail.outbox[-1].body
    for text in (asked.text, confirming.text, mail.outbox[-1].body):  # they have no account
        assert [word for word in ("đổi mật khẩu", "cùng tài khoản") if word in text] == []


STEPS_BY_LINK = {
    "write": {"text": "Còn gì?"},
    "agree": {},
    "disagree": {"disagree-reason": "Vẫn nhận tin."},
    "escalate": {"authority-authority": "Cục A05"},
}


def test_no_step_by_link_breaks_on_what_the_purge_took_meanwhile(portal):
    for step, form in STEPS_BY_LINK.items():
        complaint = make_complaint(
            customer=make_customer(closed_days_ago=400),
            received_at=timezone.now() - timedelta(days=2),
            **({"state": "resolved", "closed_at": timezone.now()} if step != "write" else {}),
        )
        page = reverse("followed_complaint", args=[token_of(complaint)])

        def purge(customer=complaint.customer):
            lock_customer(customer)
            erase([customer.pk])

        def answer_late(address=f"{page}{step}/", form=form):
            return Client().post(address, form)

        answered = one_behind_the_other(purge, answer_late)
        assert (step, answered.status_code, answered.url) == (step, 302, page)
        assert Client().get(page).status_code == 404


def test_who_signs_in_is_led_to_the_account_and_who_closed_it_to_the_link(client):
    customer = make_customer()
    complaint = make_complaint(customer=customer)
    officer = make_staff(COMPLAINT_OFFICER)
    links = []
    for closed_at in (None, timezone.now()):
        if closed_at:
            closed = make_customer(closed_days_ago=1)
            complaint = make_complaint(customer=closed)
        decide(complaint, by=officer)
        links.append(newest_link())

    assert "/follow/" not in links[0]
    assert links[1].startswith("/complaints/follow/")
    assert client.get(links[1]).status_code == 200
    check = {"channel": "counter", "kind": "identity_document", "reference": "012345678901"}
    reopen_for_customer(closed, reason="x", by=officer, **check)
    assert client.get(links[1]).status_code == 404


# Who complains


def desk_of(officer):
    client = PortalClient()
    client.force_login(officer)
    return client


def check(complaint, result):
    step = reverse("admin:complaints_complaint_check_identity", args=[complaint.pk])
    form = {"kind": "identity_document", "channel": "counter", "reference": "079123004567"}
    return desk_of(make_staff(COMPLAINT_OFFICER)).post(step, {**form, "result": result})


WARNING = "nội dung trả lời không được tiết lộ dữ liệu"


@pytest.mark.parametrize(
    ("result", "identity", "warned"),
    [("proved", "checked", False), ("not_proved", "address", True)],
)
def test_staff_are_warned_until_the_identity_is_checked(client, result, identity, warned):
    complaint = filed(client)
    page = reverse("admin:complaints_complaint_change", args=[complaint.pk])
    desk = desk_of(make_staff(COMPLAINT_OFFICER))
    before = desk.get(page).text

    check(complaint, result)

    complaint.refresh_from_db()
    assert WARNING in before
    assert (complaint.identity, IdentityCheck.objects.get().result) == (identity, result)
    assert (WARNING in desk.get(page).text) == warned
    assert "079123004567" not in str(list(IdentityCheck.objects.values()))


def test_until_then_somebody_vouches_that_the_answer_reveals_nothing(client):
    complaint, officer = filed(client), make_staff(COMPLAINT_OFFICER)
    decide(complaint, by=officer)
    step = reverse("admin:complaints_complaint_resolve", args=[complaint.pk])
    sent = {**WHOLE_ANSWER, "send": 1}

    assert desk_of(officer).post(step, sent).status_code == 200
    with pytest.raises(ComplaintError):
        answer(complaint, by=officer)
    complaint.refresh_from_db()
    assert (complaint.state, complaint.solution) == ("measures", "")

    desk_of(officer).post(step, {**sent, "reveals_nothing": "on"})
    event = complaint.events.last()
    assert (event.code, event.details) == ("resolved", {"reveals_nothing": True})


def test_who_is_signed_in_needs_no_check():
    complaint = make_complaint()

    check(complaint, "proved")

    assert not IdentityCheck.objects.exists()


def test_home_and_sign_in_lead_to_the_form(client):
    for name in ("home", "account_login", "enquiry"):
        assert f'href="{reverse("open_complaint")}"' in client.get(reverse(name)).text
