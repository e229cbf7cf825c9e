"""Whoever has not undertaken to keep personal data confidential sees none."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from access.gate import NotBound
from access.models import AccessAction, AccessRecord
from access.services import record_access, record_export, record_list
from accounts.adapter import AccountAdapter
from accounts.models import Engagement, User
from complaints.intake import possible_handlers
from notices.models import Notice
from notices.services import send_due_notices
from policies.counting import add_months
from policies.models import Company
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from staff.models import Undertaking, UndertakingText
from staff.undertakings import (
    current_text,
    digest_of,
    is_bound,
    remind_of_undertakings,
)
from tests.clients import PortalClient
from tests.factories import make_complaint, make_customer, make_staff, make_undertaking

pytestmark = pytest.mark.django_db

SIGN = "/admin/staff/undertaking/sign/"
LIST = "/admin/staff/undertaking/"
CUSTOMERS = "/admin/accounts/customer/"
COMPLAINTS = "/admin/complaints/complaint/"


@pytest.fixture
def ha(client):
    """An officer who has not signed."""
    member = make_staff(COMPLAINT_OFFICER, staff_name="Lê Thu Hà", signed=False)
    client.force_login(member)
    client.cookies["django_language"] = "en"
    return member


@pytest.fixture
def desk():
    """The desk of a data protection officer, in a browser of their own."""
    desk = PortalClient()
    desk.cookies["django_language"] = "en"
    desk.member = make_staff(DPO, staff_name="Phạm Minh Đức")
    desk.force_login(desk.member)
    return desk


def sign(client, name="Lê Thu Hà", **kwargs):
    return client.post(SIGN, {"number": current_text().number, "name": name, **kwargs})


def revoke(desk, undertaking, reason="suspicion"):
    page = reverse("admin:staff_undertaking_revoke", args=[undertaking.pk])
    return desk.post(page, {"reason": reason})


def test_without_an_undertaking_no_page_of_personal_data_opens_and_nothing_is_recorded(client, ha):
    complaint = make_complaint()
    customer = complaint.customer
    pages = [
        CUSTOMERS,
        f"{CUSTOMERS}{customer.pk}/change/",
        f"{CUSTOMERS}{customer.pk}/history/",
        f"{CUSTOMERS}add/",
        COMPLAINTS,
        f"{COMPLAINTS}{complaint.pk}/change/",
        f"{COMPLAINTS}dashboard/",
        f"{COMPLAINTS}record/",
        "/admin/enquiries/enquiry/",
        "/admin/incidents/unauthoriseduse/",
        "/admin/calls/callrecording/",
        "/admin/hosting/hostedservice/",
        "/admin/accounts/customermerge/",
    ]

    refused = [client.get(page) for page in pages]

    assert {page.status_code for page in refused} == {403}
    assert all(SIGN in page.text and customer.full_name not in page.text for page in refused)
    assert not AccessRecord.objects.exists()
    links = {
        str(item["link"])
        for group in client.get("/admin/").context_data["sidebar_navigation"]
        for item in group["items"]
    }
    assert links.isdisjoint(pages)
    assert "You see no personal data before you have signed." in client.get("/admin/").text
    assert ha not in possible_handlers()

    assert sign(client).status_code == 302
    assert {client.get(page).status_code for page in pages} == {200}
    assert ha in possible_handlers()


@pytest.mark.parametrize("role", [COMPLAINT_OFFICER, DPO, AUDITOR, ADMINISTRATOR, "superuser"])
def test_no_record_of_an_access_can_be_written_for_who_is_not_bound(role):
    member = make_staff(role, signed=False, is_superuser=role == "superuser")
    why = {"by": member, "purpose": "complaint_handling", "field_groups": []}

    for attempt in (
        lambda: record_access(action=AccessAction.OPEN, customer="a" * 32, **why),
        lambda: record_list(customers=["a" * 32], searched=True, **why),
        lambda: record_export(count=3, **why),
    ):
        with pytest.raises(NotBound):
            attempt()

    assert not AccessRecord.objects.exists()


def test_an_auditor_reads_records_only_when_bound_and_an_administrator_needs_nothing(client):
    auditor = make_staff(AUDITOR, signed=False)
    client.force_login(auditor)
    assert client.get("/admin/access/accessrecord/").status_code == 403
    make_undertaking(auditor)
    assert client.get("/admin/access/accessrecord/").status_code == 200

    client.force_login(make_staff(ADMINISTRATOR, signed=False))
    assert SIGN not in client.get("/admin/").text
    assert client.get("/admin/accounts/user/").status_code == 200
    refused = client.get(CUSTOMERS)
    assert refused.status_code == 403
    assert SIGN not in refused.text


def test_a_superuser_signs_too(client):
    root = User.objects.create_superuser("root@example.com", staff_name="Root")
    client.force_login(root)
    assert client.get(CUSTOMERS).status_code == 403

    sign(client, "Root")

    assert client.get(CUSTOMERS).status_code == 200


def test_a_step_that_changes_data_is_refused_and_changes_nothing(client, ha):
    complaint = make_complaint()
    before = list(complaint.history.values())

    answer = client.post(f"{COMPLAINTS}{complaint.pk}/acknowledge/", {})
    handed = client.post(f"{COMPLAINTS}{complaint.pk}/assign/", {"handler": ha.pk})

    complaint.refresh_from_db()
    assert (answer.status_code, handed.status_code) == (403, 403)
    assert list(complaint.history.values()) == before


def test_signing_keeps_who_signed_what_when_and_until_when(client, ha):
    page = client.get(SIGN)
    assert escape(current_text().body_en.splitlines()[0]) in page.text

    wrong = sign(client, "Lê Hà")
    stale = sign(client, number=current_text().number + 1)
    assert "Type your name as it stands above: Lê Thu Hà." in wrong.text
    assert "The text has changed meanwhile." in stale.text
    assert not ha.undertakings.exists()

    sign(client, " lê  thu hà ")
    again = sign(client)

    undertaking = ha.undertakings.get()
    today = timezone.localdate()
    assert (undertaking.text, undertaking.language, undertaking.typed_name) == (
        current_text(),
        "en",
        "lê  thu hà",
    )
    assert undertaking.valid_until == add_months(today, 12)
    assert undertaking.sha256 == digest_of(undertaking)
    assert undertaking.history.get().history_user == ha
    assert "your undertaking is in force" in again.text


def test_it_holds_for_the_companys_months_and_not_beyond_the_last_day_of_work(client, ha):
    Company.objects.update(undertaking_months=3)
    last_day = timezone.localdate() + timedelta(days=10)
    User.objects.filter(pk=ha.pk).update(engagement=Engagement.CONTRACTOR, engaged_until=last_day)

    sign(client)

    assert ha.undertakings.get().valid_until == last_day
    assert client.get(CUSTOMERS).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=11)):
        client.force_login(ha)
        assert client.get(CUSTOMERS).url.startswith("/account/login/")  # the sign-in is over too


def test_an_open_session_loses_what_expires(client, ha):
    undertaking = make_undertaking(ha, valid_until=timezone.localdate())
    assert client.get(CUSTOMERS).status_code == 200

    with time_machine.travel(timezone.now() + timedelta(days=1)):
        client.force_login(ha)
        refused = client.get(CUSTOMERS)

    assert refused.status_code == 403
    assert SIGN in refused.text
    assert not AccessRecord.objects.filter(at__gt=undertaking.signed_at + timedelta(days=66))


def test_revoking_closes_an_open_session_at_once_until_somebody_lets_them_sign(client, ha, desk):
    sign(client)
    assert client.get(CUSTOMERS).status_code == 200
    undertaking = ha.undertakings.get()

    assert revoke(desk, undertaking).status_code == 302
    assert client.get(CUSTOMERS).status_code == 403
    assert "Your undertaking was revoked." in sign(client).text

    undertaking.refresh_from_db()
    assert (undertaking.revoked_by, undertaking.reason) == (desk.member, "suspicion")
    told = Notice.objects.filter(template="undertaking_revoked")
    assert {each.recipient for each in told} == {ha.public_id, desk.member.public_id}
    assert not is_bound(ha)

    readmit = reverse("admin:staff_undertaking_readmit", args=[undertaking.pk])
    shown = [value for _label, value in desk.get(readmit).context_data["facts"]]
    assert (shown[0], *shown[2:4]) == (str(ha), "an access is being looked into", str(desk.member))
    desk.post(readmit)
    assert client.get(CUSTOMERS).status_code == 403
    sign(client)
    assert client.get(CUSTOMERS).status_code == 200


def test_nobody_revokes_or_readmits_themselves_nor_does_an_auditor(client, desk):
    own = desk.member.undertakings.get()
    other = make_undertaking(make_staff(COMPLAINT_OFFICER, signed=False))
    client.force_login(make_staff(AUDITOR))

    assert revoke(desk, own).status_code == 403
    assert revoke(client, other).status_code == 403
    assert client.get(LIST).status_code == 200

    assert not Undertaking.objects.filter(revoked_at__isnull=False).exists()


def test_what_was_signed_cannot_be_changed_and_no_text_either(ha):
    undertaking = make_undertaking(ha)

    for attempt in (
        lambda: Undertaking.objects.update(valid_until=timezone.localdate() + timedelta(days=9)),
        lambda: Undertaking.objects.filter(pk=undertaking.pk).delete(),
        lambda: UndertakingText.objects.update(body_vi="Khác."),
        lambda: UndertakingText.objects.all()._raw_delete("default"),
        lambda: Undertaking.objects.update(revoked_at=timezone.now(), revoked_by=ha, reason="left"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()

    undertaking.refresh_from_db()
    assert digest_of(undertaking) == undertaking.sha256


def test_a_new_text_is_signed_from_now_on_and_ends_nothing(client, ha, desk):
    sign(client)
    before = current_text()

    desk.post("/admin/staff/undertakingtext/add/", {"body_vi": "Lời mới.", "body_en": "New words."})

    assert (current_text().number, current_text().published_by) == (before.number + 1, desk.member)
    assert client.get(CUSTOMERS).status_code == 200
    client.force_login(make_staff(DPO, signed=False))
    assert "New words." in client.get(SIGN).text


def test_its_member_is_reminded_before_it_ends_and_the_officers_once_it_has(client, ha, desk):
    today = timezone.localdate()
    make_undertaking(ha, valid_until=today + timedelta(days=30))
    told = []
    for day in (0, 0, 20, 23, 29, 30, 31, 33):
        with time_machine.travel(timezone.now() + timedelta(days=day)):
            remind_of_undertakings()
            told.append(Notice.objects.filter(template="undertaking_ends").count())

    assert told == [1, 1, 1, 2, 2, 4, 4, 4]  # at the end the officer learns it too


def test_a_reminder_says_until_when_and_whoever_has_signed_anew_gets_none(client, ha, mailoutbox):
    ha.language = "en"
    ha.save()
    make_undertaking(ha, valid_until=timezone.localdate() + timedelta(days=5))

    assert "Your undertaking ends on" in client.get("/admin/").text
    remind_of_undertakings()
    send_due_notices()
    (mail,) = mailoutbox
    assert "The undertaking of confidentiality of Lê Thu Hà holds until" in mail.body
    assert SIGN in mail.body

    sign(client)
    assert "Your undertaking ends on" not in client.get("/admin/").text
    with time_machine.travel(timezone.now() + timedelta(days=5)):
        remind_of_undertakings()
    assert Notice.objects.filter(template="undertaking_ends").count() == 1


def test_after_the_sign_in_a_member_who_has_not_signed_is_led_to_the_text(rf, ha):
    request = rf.get("/")
    request.user = ha
    assert AccountAdapter(request).get_login_redirect_url(request) == SIGN

    make_undertaking(ha)
    request.user = User.objects.get(pk=ha.pk)
    assert AccountAdapter(request).get_login_redirect_url(request) == "/admin/"


def test_the_gate_asks_once_in_a_request(client):
    client.force_login(make_staff(COMPLAINT_OFFICER))
    make_customer()
    client.get(CUSTOMERS)

    with CaptureQueriesContext(connection) as queries:
        client.get(CUSTOMERS)

    asked = [each["sql"] for each in queries if "staff_undertaking" in each["sql"]]
    assert len(asked) == 1


@pytest.mark.parametrize("kind", [Engagement.CONTRACTOR, Engagement.REPRESENTATIVE])
def test_contractors_and_representatives_have_a_last_day(client, kind):
    client.force_login(make_staff(ADMINISTRATOR))
    client.cookies["django_language"] = "en"
    data = {
        "email": "moi@example.com",
        "staff_name": "Phạm Thu Hà",
        "language": "vi",
        "groups": [Group.objects.get(name=COMPLAINT_OFFICER).pk],
        "engagement": kind,
    }

    refused = client.post("/admin/accounts/user/add/", data)
    assert "Contractors and representatives always have a last day." in refused.text
    assert not User.objects.filter(email="moi@example.com").exists()

    client.post("/admin/accounts/user/add/", {**data, "engaged_until": "2027-03-31"})
    member = User.objects.get(email="moi@example.com")
    assert (member.engagement, str(member.engaged_until)) == (kind, "2027-03-31")
