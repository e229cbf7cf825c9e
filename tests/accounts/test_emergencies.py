"""VS-14, where there is no time to ask: never alone, never for long, and never hidden."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from access.models import AccessAction, AccessRecord
from access.services import record_access
from accounts.approvals import require_change
from accounts.emergencies import (
    ask_emergency,
    confirm_emergency,
    confirm_secrecy_order,
    record_secrecy_order,
    remind_of_reviews,
    review_emergency,
    tell_customers,
)
from accounts.exceptions import AccessClosed, EmergencyRefused
from accounts.merging import approve_merge, ask_merge
from accounts.models import EmergencyAccess, EmergencyCategory, SecrecyOrder
from accounts.models.approvals import SecrecyState
from accounts.record import masked_record
from accounts.uses import accesses_told_to, uses_unapproved
from common.personal_data import DataCategory
from notices.models import Notice
from notices.services import send_due_notices
from policies.loading import load_profile
from policies.models import Company, StaffAccessMode
from policies.promises import measure_all
from privacyportal.roles import AUDITOR, COMPLAINT_LEAD, COMPLAINT_OFFICER, DPO
from rights.contents import tables_of
from tests.clients import PortalClient
from tests.factories import make_complaint, make_customer, make_staff

EMERGENCIES = "/admin/accounts/emergencyaccess/"
ORDERS = "/admin/accounts/secrecyorder/"
EMERGENCY = {"category": "fraud", "groups": ["contact"], "hours": "1", "case": ""}
WHY = {"groups": ["contact"], "purpose": "rights_and_complaints", "reason": "security", "case": ""}


@pytest.fixture(autouse=True)
def vietnam_server(db):
    load_profile("vietnam_server")


@pytest.fixture
def customer():
    return make_customer(full_name="Trần Thị Hoa")


@pytest.fixture
def staff():
    return {
        "officer": make_staff(COMPLAINT_OFFICER),
        "lead": make_staff(COMPLAINT_LEAD),
        "dpo": make_staff(DPO),
        "dpo2": make_staff(DPO),
    }


def desk(user):
    browser = PortalClient()
    browser.force_login(user)
    return browser


def ask(customer, by, **changes):
    asked = {"category": "fraud", "groups": ["contact"], "hours": 1}
    return ask_emergency(customer, **{**asked, **changes}, by=by)


def confirmed(customer, staff, **changes):
    emergency = ask(customer, staff["officer"], **changes)
    confirm_emergency(emergency, by=staff["lead"])
    return emergency


def order(customer, staff, *, days=30):
    today = timezone.localdate()
    secrecy = record_secrecy_order(
        customer,
        authority="police",
        document="12/QĐ",
        dated_on=today,
        ends_on=today + timedelta(days=days),
        by=staff["dpo"],
    )
    confirm_secrecy_order(secrecy, by=staff["dpo2"])
    return secrecy


def reveal(customer, by):
    return desk(by).post(f"/admin/accounts/customer/{customer.pk}/reveal/", WHY)


def step(emergency, name, by, data=None):
    return desk(by).post(f"{EMERGENCIES}{emergency.pk}/{name}/", data or {}).status_code


def mails():
    send_due_notices()
    return {(message.to[0], message.subject) for message in mail.outbox}


def test_a_second_person_opens_it_and_the_customer_and_the_dpo_are_told(customer, staff):
    officer = desk(staff["officer"])
    asked = officer.post(
        f"{EMERGENCIES}break_glass/",
        {**EMERGENCY, "customer": customer.public_id},
    )
    emergency = EmergencyAccess.objects.get()
    before = reveal(customer, staff["officer"])
    figures = desk(staff["lead"]).get("/admin/").context_data["figures"]
    asking = desk(staff["lead"]).get(f"{EMERGENCIES}{emergency.pk}/confirm/")
    own_word = step(emergency, "confirm", staff["officer"])
    other = step(emergency, "confirm", staff["lead"])
    emergency.refresh_from_db()

    assert (asked.status_code, before.status_code, own_word, other) == (302, 403, 403, 302)
    assert [each.value for each in figures if "state=asked" in each.link] == [1]
    shown = [value for _label, value in asking.context_data["facts"]]
    assert shown[:2] == [str(customer), EmergencyCategory.FRAUD.label]
    assert shown[4:6] == ["1 giờ", str(staff["officer"])]
    assert AccessRecord.objects.filter(actor=staff["lead"], customer=customer.public_id).exists()
    assert emergency.ends_at == emergency.confirmed_at + timedelta(hours=1)
    assert customer.address in reveal(customer, staff["officer"]).text
    assert customer.address not in reveal(customer, staff["lead"]).text
    assert emergency.told_at is not None
    told = {address for address, _subject in mails()}
    assert {customer.email, staff["dpo"].email, staff["dpo2"].email} <= told
    with pytest.raises(AccessClosed), transaction.atomic():
        require_change(customer, by=staff["officer"], groups=["contact"])
    with time_machine.travel(emergency.ends_at):
        assert customer.address not in reveal(customer, staff["officer"]).text


def test_a_third_person_reviews_it_once_it_has_ended(customer, staff):
    emergency = confirmed(customer, staff)
    too_early = step(emergency, "review", staff["dpo"], {"finding": "justified"})
    closed = step(emergency, "end", staff["officer"])
    involved = step(emergency, "review", staff["lead"], {"finding": "justified"})
    done = step(emergency, "review", staff["dpo"], {"finding": "unjustified"})
    emergency.refresh_from_db()

    assert (too_early, closed, involved, done) == (403, 302, 403, 302)
    assert (emergency.finding, emergency.reviewed_by) == ("unjustified", staff["dpo"])
    browser = PortalClient()
    browser.force_login(customer.user)
    browser.cookies["django_language"] = "en"
    shown = browser.get(reverse("emergency", args=[emergency.public_id])).text
    assert "Not justified" in shown


def test_an_emergency_that_nobody_confirms_within_the_hour_was_none(customer, staff):
    emergency = ask(customer, staff["officer"])

    with time_machine.travel(timezone.now() + timedelta(hours=1)), pytest.raises(EmergencyRefused):
        confirm_emergency(emergency, by=staff["lead"])

    assert not EmergencyAccess.objects.exclude(ends_at=None).exists()
    assert customer.address not in reveal(customer, staff["officer"]).text


def test_the_database_asks_for_other_persons_and_short_times(customer, staff):
    asked, opened = ask(customer, staff["officer"]), confirmed(customer, staff)
    now = timezone.now()
    first = {"confirmed_at": now, "ends_at": now + timedelta(hours=1)}
    reviewed = {"reviewed_at": opened.ends_at, "finding": "justified"}
    wrong = [
        (asked, {**first, "confirmed_by": staff["officer"]}),
        (asked, {**first, "confirmed_by": None}),
        (asked, {**first, "confirmed_by": staff["lead"], "ends_at": None}),
        (asked, {**first, "confirmed_by": staff["lead"], "ends_at": now + timedelta(hours=5)}),
        (asked, {"told_at": now}),
        (asked, {**reviewed, "reviewed_by": staff["dpo"]}),
        (opened, {**reviewed, "reviewed_by": staff["officer"]}),
        (opened, {**reviewed, "reviewed_by": staff["lead"]}),
        (opened, {**reviewed, "reviewed_by": staff["dpo"], "reviewed_at": now}),
    ]

    for emergency, values in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            EmergencyAccess.objects.filter(pk=emergency.pk).update(**values)


@pytest.mark.parametrize("role", [COMPLAINT_OFFICER, AUDITOR])
def test_others_neither_see_nor_confirm_emergencies(role, customer, staff):
    emergency, secrecy = ask(customer, staff["officer"]), order(customer, staff)
    stranger = make_staff(role)

    seen = desk(stranger).get(f"{EMERGENCIES}{emergency.pk}/change/").status_code
    orders = desk(stranger).get(f"{ORDERS}{secrecy.pk}/change/").status_code

    assert seen in (302, 403)  # Django leads from a row that is not there to the index
    shown = {group.category for group in masked_record(customer, by=stranger)}
    assert DataCategory.ACCESS_RECORD not in shown
    assert orders == 403
    assert step(emergency, "confirm", stranger) == 403
    emergency.refresh_from_db()
    assert emergency.confirmed_at is None


# Secrecy


def test_what_is_secret_shows_by_itself_when_the_order_has_ended(customer, staff):
    secrecy = order(customer, staff)
    emergency = ask(customer, staff["officer"], secrecy=secrecy)
    for shown in ("change", "confirm"):
        page = desk(staff["lead"]).get(f"{EMERGENCIES}{emergency.pk}/{shown}/")
        assert (page.status_code, secrecy.document in page.text) == (200, False)
        assert str(secrecy.ends_on.year) in page.text
    confirm_emergency(emergency, by=staff["lead"])
    reveal(customer, staff["officer"])
    desk(staff["dpo"]).get(f"{EMERGENCIES}{emergency.pk}/change/")
    desk(staff["dpo"]).get(f"{ORDERS}{secrecy.pk}/change/")
    complaint = make_complaint(customer=customer)
    desk(make_staff(COMPLAINT_OFFICER)).get(f"/admin/complaints/complaint/{complaint.pk}/change/")

    def seen():
        browser = PortalClient()
        browser.force_login(customer.user)
        pages = [reverse(name) for name in ("accesses", "overview", "approvals", "data")]
        shown = "".join(browser.get(page).text for page in pages)
        copied = {table.name for table in tables_of(customer) if any(table.records())}
        copy = len(copied & {"accounts.EmergencyAccess", "accounts.SecrecyOrder"})
        own = browser.get(reverse("emergency", args=[emergency.public_id])).status_code
        looks = accesses_told_to(customer).values_list("action", flat=True)
        return emergency.public_id in shown, own, "reveal" in looks, len(looks), copy

    tell_customers()
    assert seen() == (False, 404, False, 1, 0)
    assert customer.email not in {address for address, _subject in mails()}

    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert seen()[:3] == (False, 404, True)  # the record needs no job
        assert [tell_customers(), tell_customers()] == [1, 0]
        *told, _looks, copied = seen()
        assert (told, copied) == ([True, 200, True], 2)
        (notice,) = Notice.objects.filter(template="emergency_access")
        assert notice.recipient == customer.public_id
        assert customer.email in {address for address, _subject in mails()}


def test_only_who_has_it_open_under_the_order_looks_in_secret(customer, staff):
    secrecy = order(customer, staff)
    everybody = [*staff.values(), make_staff(COMPLAINT_OFFICER)]

    def secret_looks():
        records = [
            record_access(
                by=by,
                action=AccessAction.OPEN,
                customer=whom.public_id,
                purpose="security",
                field_groups=["contact"],
            )
            for by in everybody
            for whom in (customer, make_customer())
        ]
        hidden = [each for each in records if each.secret_until]
        return [(each.actor, each.customer, each.secret_until) for each in hidden]

    asked = ask(customer, staff["officer"], secrecy=secrecy)
    before = secret_looks()
    confirm_emergency(asked, by=staff["lead"])
    open_to = secret_looks()
    with time_machine.travel(asked.ends_at):
        after = secret_looks()

    assert open_to == [(staff["officer"], customer.public_id, secrecy.ends_on)]
    assert before == after == []


def test_an_order_counts_once_a_second_person_confirmed_it(customer, staff):
    today = timezone.localdate()
    page = f"{ORDERS}record_order/"
    data = {"authority": "court", "document": "7/QĐ", "dated_on": today, "ends_on": today}
    data["customer"] = customer.public_id
    assert desk(staff["officer"]).post(page, data).status_code == 403
    desk(staff["dpo"]).post(page, data)
    secrecy = SecrecyOrder.objects.get()

    with pytest.raises(EmergencyRefused):
        ask(customer, staff["dpo"], secrecy=secrecy)
    with pytest.raises(EmergencyRefused):
        ask(make_customer(), staff["dpo"], secrecy=order(customer, staff))
    waits = str(SecrecyState.ASKED.label)
    assert waits in desk(staff["dpo2"]).get(ORDERS).text
    assert waits in desk(staff["dpo2"]).get(f"{ORDERS}{secrecy.pk}/change/").text
    confirm = f"{ORDERS}{secrecy.pk}/confirm/"
    assert desk(staff["dpo"]).post(confirm).status_code == 403
    assert desk(staff["dpo2"]).post(confirm).status_code == 302
    secrecy.refresh_from_db()
    assert secrecy.state == SecrecyState.IN_FORCE
    assert waits not in desk(staff["dpo2"]).get(f"{ORDERS}{secrecy.pk}/change/").text
    assert ask(customer, staff["dpo"], secrecy=secrecy).secrecy == secrecy
    with pytest.raises(IntegrityError), transaction.atomic():
        SecrecyOrder.objects.update(confirmed_by=staff["dpo"])


@pytest.mark.parametrize("mode", StaffAccessMode)
def test_nothing_on_the_way_to_a_secret_look_tells_the_customer(mode, customer, staff):
    Company.objects.update(staff_access_mode=mode)
    today = timezone.localdate()
    about = {"customer": customer.public_id.upper()}
    dpo, dpo2 = desk(staff["dpo"]), desk(staff["dpo2"])
    paper = {"authority": "court", "document": "7/QĐ", "dated_on": today, "ends_on": today}

    assert desk(staff["officer"]).get(f"{ORDERS}record_order/").status_code == 403
    for unknown in ("0" * 32, customer.public_id[:8]):
        dpo.post(f"{ORDERS}record_order/", {**paper, "customer": unknown})
    assert not SecrecyOrder.objects.exists()
    dpo.get(f"{ORDERS}record_order/")
    dpo.post(f"{ORDERS}record_order/", {**paper, **about}, follow=True)
    secrecy = SecrecyOrder.objects.get()
    dpo2.get(f"{ORDERS}{secrecy.pk}/change/")
    dpo2.post(f"{ORDERS}{secrecy.pk}/confirm/", follow=True)
    dpo.get(f"{EMERGENCIES}break_glass/")
    dpo.post(f"{EMERGENCIES}break_glass/", {**EMERGENCY, **about, "secrecy": secrecy.pk})
    emergency = EmergencyAccess.objects.get()
    dpo2.post(f"{EMERGENCIES}{emergency.pk}/confirm/", follow=True)
    assert dpo.get(f"/admin/accounts/customer/{customer.pk}/change/").status_code == 200

    assert AccessRecord.objects.about(customer.public_id).filter(actor=staff["dpo"]).exists()
    assert not accesses_told_to(customer).exists()
    desk(staff["officer"]).get(f"/admin/accounts/customer/{customer.pk}/change/")
    assert accesses_told_to(customer).count() == 1


# What follows


def test_officers_are_reminded_each_day_of_what_waits_for_review(customer, staff):
    confirmed(customer, staff)
    Notice.objects.all().delete()

    for days in (2, 4, 4, 5):
        with time_machine.travel(timezone.now() + timedelta(days=days)):
            remind_of_reviews()

    reminded = Notice.objects.filter(template="emergency_review")
    assert sorted(each.recipient for each in reminded) == sorted(
        2 * [staff["dpo"].public_id, staff["dpo2"].public_id]
    )


def test_vs_14_waits_for_reviews_and_is_broken_by_an_untold_customer(customer, staff):
    def status():
        (answer,) = (each for each in measure_all() if each.promise.code == "VS-14")
        return answer.measure.status, answer.measure.figure

    emergency = confirmed(customer, staff)
    reveal(customer, staff["officer"])
    assert AccessRecord.objects.filter(action=AccessAction.REVEAL).count() == 1
    assert status() == ("kept", 0)

    with time_machine.travel(timezone.now() + timedelta(days=4)):
        assert status() == ("at_risk", 1)
        EmergencyAccess.objects.update(told_at=None)
        assert status() == ("broken", 1)
        EmergencyAccess.objects.update(told_at=timezone.now())
        review_emergency(emergency, finding="justified", by=staff["dpo"])
        assert status() == ("kept", 0)


def test_a_merge_ends_what_is_open_of_both_and_what_waits(customer, staff):
    duplicate = make_customer(user=None)
    opened = [confirmed(each, staff) for each in (customer, duplicate)]
    reveal(duplicate, staff["officer"])
    waiting = [ask(each, staff["officer"]) for each in (customer, duplicate)]

    merge = ask_merge(customer, duplicate=duplicate.public_id, reason="x", by=staff["lead"])
    approve_merge(merge, by=staff["dpo"])

    assert customer.address not in reveal(customer, staff["officer"]).text
    for emergency in opened:
        emergency.refresh_from_db()
        assert (emergency.customer, emergency.state) == (customer, EmergencyAccess.State.ENDED)
    for emergency in waiting:
        emergency.refresh_from_db()
        with pytest.raises(EmergencyRefused):
            confirm_emergency(emergency, by=staff["lead"])
    looked = AccessRecord.objects.filter(action=AccessAction.REVEAL, customer=duplicate.public_id)
    unapproved = uses_unapproved(timezone.now() - timedelta(days=1))
    assert looked.count() == 1
    assert not unapproved.exists()
    EmergencyAccess.objects.update(field_groups=["account"])
    assert [*unapproved] == [*looked]
