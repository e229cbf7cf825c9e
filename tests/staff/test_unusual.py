"""Unusual accesses are found in the records by the company's thresholds, and looked into."""

from datetime import date, datetime, time, timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from access.models import AccessAction, AccessRecord
from accounts.models import Customer
from policies.models import Company
from privacyportal.roles import AUDITOR, COMPLAINT_OFFICER, DPO
from staff.models import FlaggedRecord, UnusualAccess
from staff.unusual import unusual_accesses
from tests.answers import without_guards
from tests.factories import make_customer, make_staff, make_user

pytestmark = pytest.mark.django_db

LIST = "/admin/staff/unusualaccess/"
FLAGS = "/admin/staff/flaggedrecord/"
MONDAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def friday():
    with time_machine.travel(at(MONDAY + timedelta(days=4), 18), tick=True):
        yield


@pytest.fixture
def officer(friday):
    return make_staff(COMPLAINT_OFFICER, staff_name="Lê Thu Hà")


@pytest.fixture
def dpo(client, friday):
    member = make_staff(DPO, staff_name="Phạm Minh Đức")
    client.force_login(member)
    client.cookies["django_language"] = "en"
    return member


def at(day, hour, minute=0):
    return timezone.make_aware(datetime.combine(day, time(hour, minute)))


def look(by, moment, *, customer="c", case="", action=AccessAction.OPEN, count=1):
    """Write down an access of that moment, as the database's clock would have."""
    without_guards("access_accessrecord")
    AccessRecord.objects.create(
        at=moment,
        actor=by,
        role="complaint officer",
        action=action,
        customer=customer,
        purpose="complaint_handling",
        case_reference=case,
        field_groups=[],
        count=count,
    )


def row_of(page, member):
    """Return the one about this member: whose page it is may be at work out of hours just now."""
    (row,) = [row for row in page.context_data["rows"] if row["found"].member == member]
    return row


def found(days=30):
    return [(row.kind, row.day, str(row.member), row.number) for row in unusual_accesses(days)]


def test_out_of_hours_is_before_and_after_the_companys_hours_and_on_days_of_rest(officer):
    sunday = MONDAY - timedelta(days=1)
    for moment in (
        at(MONDAY, 6, 59),
        at(MONDAY, 7),
        at(MONDAY, 18, 59),
        at(MONDAY, 19),
        at(sunday, 10),
    ):
        look(officer, moment, case="KN-1")

    assert found() == [
        ("out_of_hours", MONDAY, "Lê Thu Hà", 2),
        ("out_of_hours", sunday, "Lê Thu Hà", 1),
    ]
    Company.objects.update(work_from_hour=6, work_to_hour=20)
    assert found() == [("out_of_hours", sunday, "Lê Thu Hà", 1)]


def test_many_customers_in_an_hour_are_counted_once_each(officer):
    Company.objects.update(customers_per_hour=3)
    for n in range(4):
        look(officer, at(MONDAY, 9, n), customer=f"c{n}", case="KN-1")
        look(officer, at(MONDAY, 10, n), customer=f"c{n % 3}", case="KN-1")
    look(officer, at(MONDAY, 9, 5), customer="", action=AccessAction.LIST)

    assert found() == [("many", MONDAY, "Lê Thu Hà", 4)]


def test_an_hour_begins_whenever_the_first_of_them_was_opened(officer):
    Company.objects.update(customers_per_hour=3)
    for hour, minute in ((8, 59), (9, 40), (9, 50), (10, 10), (10, 39), (11, 39)):
        look(officer, at(MONDAY, hour, minute), customer=f"{hour}{minute}", case="KN-1")
    for minute in (40, 50):
        look(officer, at(MONDAY, 11, minute), customer="1010", case="KN-1")

    assert found() == [("many", MONDAY, "Lê Thu Hà", 4)]


def test_long_lists_large_files_and_each_command_line_are_unusual(officer):
    Company.objects.update(customers_per_hour=1)
    look(officer, at(MONDAY, 9), customer="", action=AccessAction.LIST, count=25)
    look(officer, at(MONDAY, 9), customer="", action=AccessAction.EXPORT, count=75)
    assert found() == []

    look(officer, at(MONDAY, 9), customer="", action=AccessAction.LIST, count=1)
    look(officer, at(MONDAY, 9), customer="", action=AccessAction.SHELL, count=0)
    assert found() == [
        ("command_line", MONDAY, "Lê Thu Hà", 1),
        ("bulk", MONDAY, "Lê Thu Hà", 101),
    ]


def test_a_flagged_record_is_unusual_for_its_member_alone(client, dpo, officer):
    customer = make_customer()
    data = {"member": officer.pk, "customer": customer.public_id, "tie": "relative"}
    for _twice in range(2):
        client.post(f"{FLAGS}add/", data)
    colleague = make_staff(COMPLAINT_OFFICER)
    for member in (officer, colleague):
        look(member, at(MONDAY, 9), customer=customer.public_id, case="KN-1")

    assert FlaggedRecord.objects.get().flagged_by == dpo
    assert found() == [("flagged", MONDAY, "Lê Thu Hà", 1)]
    assert customer.full_name not in client.get(FLAGS).text


def test_a_share_without_a_case_counts_from_ten_accesses_on(officer):
    for n in range(8):
        look(officer, at(MONDAY, 9, n))
    look(officer, at(MONDAY, 9, 8), case="KN-1")
    assert found() == []

    look(officer, at(MONDAY, 9, 9))
    assert found() == [("without_case", MONDAY, "Lê Thu Hà", 9)]
    Company.objects.update(caseless_percent=90)
    assert found() == []


def test_systems_of_the_company_and_days_before_the_stretch_are_left_out(officer):
    look(make_user(), at(MONDAY, 3))
    look(officer, at(MONDAY - timedelta(days=7), 3))

    assert found(days=7) == []
    assert len(found(days=30)) == 1


def test_the_page_shows_how_many_and_leads_to_the_records(client, dpo, officer):
    customer = make_customer()
    look(officer, at(MONDAY, 3), customer=customer.public_id)
    look(officer, at(MONDAY, 9), customer=customer.public_id)

    page = client.get(LIST)
    row = row_of(page, officer)
    records = client.get(row["records"])
    file = client.get(f"{LIST}csv/?days=7")

    assert customer.public_id[:8] not in page.text
    assert {each.actor for each in records.context_data["cl"].result_list} == {officer}
    assert {timezone.localdate(each.at) for each in records.context_data["cl"].result_list} == {
        MONDAY
    }
    assert "2026-11-23,outside of working hours,Lê Thu Hà,1," in file.text.splitlines()
    own = AccessRecord.objects.filter(actor=dpo).order_by("pk")
    assert [each.action for each in own] == ["list", "list", "export"]


def test_somebody_else_looks_into_it_once(client, dpo, officer):
    look(officer, at(MONDAY, 3))
    look(dpo, at(MONDAY, 3))
    rows = {str(row["found"].member): row for row in client.get(LIST).context_data["rows"]}

    client.post(rows["Lê Thu Hà"]["look"], {"finding": "explained"})
    again = client.post(rows["Lê Thu Hà"]["look"], {"finding": "misuse"})
    own = client.post(rows["Phạm Minh Đức"]["look"], {"finding": "explained"})
    odd = [
        client.get(f"{LIST}look/{path}/").status_code
        for path in (
            f"nothing/{MONDAY}/{officer.public_id}",
            f"many/2026-13-45/{officer.public_id}",
        )
    ]
    client.force_login(make_staff(AUDITOR))
    auditor = client.post(rows["Lê Thu Hà"]["look"], {"finding": "misuse"})

    assert "Somebody has looked into this already." in again.text
    assert "Somebody else looks into your own accesses." in own.text
    assert (odd, auditor.status_code) == ([404, 404], 403)
    settled = UnusualAccess.objects.get()
    assert (settled.finding, settled.looked_by) == ("explained", dpo)
    assert "explained by the work (Phạm Minh Đức)" in client.get(LIST).text


def test_nobody_settles_a_day_that_goes_on_nor_flags_or_unflags_for_themselves(
    client, dpo, officer
):
    today = timezone.localdate()
    look(officer, at(today, 3))
    customer = make_customer()
    flag = FlaggedRecord.objects.create(
        member=dpo, customer=customer, tie="relative", flagged_by=make_staff(DPO)
    )
    row = row_of(client.get(LIST), officer)

    early = client.post(row["look"], {"finding": "explained"})
    data = {"member": dpo.pk, "customer": make_customer().public_id, "tie": "relative"}
    own = client.post(f"{FLAGS}add/", data)
    client.post(FLAGS, {"action": "unflag", "_selected_action": [flag.pk]})

    assert "This day is not over yet." in early.text
    assert row["look"] not in client.get(LIST).text
    assert "Somebody else looks into your own accesses." in own.text
    assert list(FlaggedRecord.objects.all()) == [flag]
    assert not UnusualAccess.objects.exists()


def test_the_records_narrow_to_a_day_and_a_member_or_not_at_all(client, dpo):
    for query in ("day=2026-13-99", "day=9999-12-31", "member=nobody", "day=x&member=%00"):
        assert client.get(f"/admin/access/accessrecord/?{query}").status_code in (200, 302, 400)


def test_it_goes_by_the_index_however_many_records_there_are(officer):
    """Two years of records, of which it looks at a month."""
    make_customer()
    with connection.cursor() as cursor:
        without_guards("access_accessrecord")
        cursor.execute(
            """
            INSERT INTO access_accessrecord (at, actor_id, role, action, customer, purpose,
                case_reference, field_groups, filters, count, request_id)
            SELECT %s - n * interval '30 minutes', %s, '', 'open', 'c' || n, 'x', '', '{}', '{}',
                1, ''
            FROM generate_series(1, 40000) AS n
            """,
            [timezone.now(), officer.pk],
        )
        cursor.execute("ANALYZE access_accessrecord, accounts_user, accounts_customer")
        records = AccessRecord.objects.filter(
            actor__is_staff=True, at__gte=timezone.now() - timedelta(days=30)
        )
        plan = records.explain()

    assert "accessrecord_recent" in plan
    assert "Seq Scan on access_accessrecord" not in plan
    assert len(unusual_accesses(30)) > 0


def test_a_flag_goes_with_its_customer(officer, dpo):
    customer = make_customer()
    FlaggedRecord.objects.create(member=officer, customer=customer, tie="relative", flagged_by=dpo)

    Customer.objects.filter(pk=customer.pk).delete()

    assert not FlaggedRecord.objects.exists()
