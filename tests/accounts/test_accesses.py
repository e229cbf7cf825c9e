"""“Who saw my data”: each access as its customer is told of it, page by page and as a table."""

import csv
import io
import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from access.models import AccessAction, AccessRecord
from access.naming import name_of
from access.purposes import CUSTOMER_CARE, SECURITY
from accounts import access_mails, looks
from accounts.access_mails import tell_of_accesses
from accounts.uses import accesses_told_to
from common.models import JobStatus
from common.personal_data import DataCategory
from complaints.models import Complaint
from notices.models import Notice
from notices.services import send_due_notices
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from tests.answers import without_guards
from tests.factories import make_customer, make_staff

pytestmark = pytest.mark.django_db

PAGE = "/me/accesses/"
LINK = re.compile(r'href="(/complaints/new/\?access=[^"]+)"')


@pytest.fixture
def customer(client):
    customer = make_customer(language="en")
    client.force_login(customer.user)
    client.cookies["django_language"] = "en"
    return customer


@pytest.fixture
def officer():
    without_guards("access_accessrecord")  # one of which says when it is now
    return make_staff(COMPLAINT_OFFICER)


def look(customer, officer, *, ago=timedelta(), **changed):
    """A record as it would have been written that long ago."""
    values = {
        "action": AccessAction.REVEAL,
        "purpose": CUSTOMER_CARE,
        "field_groups": [DataCategory.CONTACT],
        "role": COMPLAINT_OFFICER,
        **changed,
    }
    return AccessRecord.objects.create(
        actor=officer, customer=customer.public_id, at=timezone.now() - ago, **values
    )


def times(client, query=""):
    """How many records each line of the page puts together."""
    return [len(each.records) for each in client.get(PAGE + query).context["looks"]]


def minutes(number):
    return timedelta(minutes=number)


def test_what_differs_by_the_moment_alone_within_an_hour_is_one_line(client, customer, officer):
    for ago in (70, 61, 59, 5):
        look(customer, officer, ago=minutes(ago))
    look(customer, officer, ago=minutes(30), purpose=SECURITY)
    look(customer, make_staff(COMPLAINT_OFFICER), ago=minutes(3))

    assert times(client) == [1, 1, 3, 1]
    page = client.get(PAGE).text
    assert "3 times" in page


def test_each_access_of_a_line_can_be_questioned(client, customer, officer):
    records = [look(customer, officer, ago=minutes(ago)) for ago in (9, 6, 3)]
    links = LINK.findall(client.get(PAGE).text)
    assert len(links) == 4  # the line's own, and one for each time

    form = client.get(links[2])
    data = {
        "submission": "0" * 32,
        "category": "unauthorised",
        "text": "Ai?",
        "access": form.context["access"],
    }
    client.post(reverse("file_complaint"), data)

    complaint = Complaint.objects.get()
    (questioned,) = complaint.questioned_accesses.all()
    assert questioned.record in records
    assert [each.staff for each in complaint.conflicts.all()] == [officer]


def test_what_is_secret_is_shown_by_itself_once_it_may_be(client, customer, officer):
    secret = look(customer, officer, secret_until=timezone.localdate() + timedelta(days=3))
    look(customer, officer, purpose=SECURITY)
    name = name_of(secret, customer.public_id)
    table = "/me/accesses/accesses.csv"

    assert times(client) == [1]
    assert b"Customer care" not in b"".join(client.get(table))
    assert "Customer care" not in client.get(reverse("overview")).text
    assert client.get(reverse("file_complaint"), {"access": name}).status_code == 404
    with time_machine.travel(timezone.now() + timedelta(days=4)):
        client.force_login(customer.user)
        assert times(client) == [1, 1]
        assert b"Customer care" in b"".join(client.get(table))
        assert client.get(reverse("file_complaint"), {"access": name}).status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?action=play", ["play"]),
        ("?purpose=security", ["export"]),
        ("?purpose=support", ["open"]),
        ("?since={yesterday}", ["play"]),
        ("?until={yesterday}", ["export", "open"]),
        ("?since={yesterday}&until={yesterday}", []),
        ("?since={yesterday}&action=open", []),
        ("?action=nonsense&purpose=no&since=x&until=9999-12-31", ["play", "export", "open"]),
    ],
)
def test_the_page_and_the_table_show_what_is_asked_for(query, found, client, customer, officer):
    days = timedelta(days=1)
    look(
        customer,
        officer,
        ago=9 * days,
        action="open",
        purpose="support",
    )
    look(customer, officer, ago=5 * days, action="export", purpose=SECURITY)
    look(customer, officer, action="play")
    query = query.format(yesterday=timezone.localdate() - days)

    page = client.get(PAGE + query)
    rows = table_of(client, query)

    assert [each.newest.action for each in page.context["looks"]] == found
    labels = [str(AccessAction(action).label) for action in found]
    assert [row[2] for row in rows[1:]] == labels


def table_of(client, query=""):
    content = b"".join(client.get(f"{PAGE}accesses.csv{query}")).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content, newline="")))


def test_no_cell_of_the_table_is_a_formula(client, customer, officer):
    look(customer, officer, role="=HYPERLINK(1)", case_reference="+1")

    (row,) = table_of(client)[1:]

    assert (row[1], row[5]) == ("'=HYPERLINK(1)", "'+1")


def test_the_pages_go_on_where_the_last_one_ended(client, customer, officer, monkeypatch):
    monkeypatch.setattr(looks, "A_PAGE", 2)
    monkeypatch.setattr(looks, "LOOKED_THROUGH", 3)
    for day in range(7):
        look(customer, officer, ago=timedelta(days=7 - day), action="play" if day == 1 else "open")
    other = look(make_customer(), officer)

    def walk(query):
        seen = []
        for _page in range(9):
            page = client.get(f"{PAGE}?{query}")
            seen.append("".join(each.newest.action[0] for each in page.context["looks"]))
            if not page.context["next"]:
                break
            query = f"{page.context['query']}&after={page.context['next']}"
        return seen

    assert walk("") == ["oo", "oo", "op", "o"]
    assert walk("action=play") == ["", "p", ""]  # it looked through three records for each
    for name in ("x", "7", name_of(other, other.customer), name_of(other, customer.public_id)):
        assert len(client.get(PAGE, {"after": name}).context["looks"]) == 2


def test_a_page_counts_nothing_and_finds_its_records_by_an_index(customer, officer):
    look(customer, officer)
    others = {"role": "x", "action": "open", "purpose": "security", "field_groups": []}
    AccessRecord.objects.bulk_create(
        AccessRecord(actor=officer, customer=f"{n:032}", **others) for n in range(3_000)
    )
    with CaptureQueriesContext(connection) as queries:
        looks.page_of_looks(accesses_told_to(customer), looks.Asked(action="play"))
    assert not any("COUNT(" in each["sql"] for each in queries)
    window = next(each["sql"] for each in queries if " IN (SELECT" in each["sql"])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE access_accessrecord")
        cursor.execute(f"EXPLAIN {window}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "accessrecord_customer" in plan
    assert "Limit" in plan


class TestMails:
    def test_are_off_until_a_customer_wants_them(self, client, customer, officer):
        look(customer, officer, ago=timedelta(days=1))
        tell_of_accesses()
        assert not Notice.objects.exists()

        client.post("/me/accesses/mails/", {"wants": "on"})
        tell_of_accesses()
        customer.refresh_from_db()
        assert customer.gets_access_mails
        assert Notice.objects.get().template == "accesses_of_day"

        client.post("/me/accesses/mails/", {"wants": "off"})
        customer.refresh_from_db()
        assert not customer.gets_access_mails

    def test_tell_of_the_days_of_which_a_run_was_missed(self, customer, officer):
        customer.gets_access_mails = True
        customer.save()
        now = timezone.now()
        for ago in (1, 3, 4):
            look(customer, officer, ago=timedelta(days=ago))
        JobStatus.objects.create(name=access_mails.JOB, succeeded_at=now - timedelta(days=3))

        for _again in range(2):
            tell_of_accesses()

        days = {each.context["day"] for each in Notice.objects.all()}
        assert days == {str(timezone.localdate() - timedelta(days=ago)) for ago in (1, 3)}

    def test_say_how_often_once_a_day_and_nothing_else(self, customer, officer, mailoutbox):
        customer.gets_access_mails = True
        customer.save()
        look(make_customer(), officer, ago=timedelta(days=1))
        yesterday = timedelta(days=1)
        for _ in range(2):
            look(customer, officer, ago=yesterday)
        look(customer, officer, ago=yesterday, action="play")
        look(customer, officer, ago=yesterday, action="check")
        look(customer, officer, ago=yesterday, secret_until=timezone.localdate() + yesterday)
        look(customer, officer, ago=2 * yesterday, action="open")
        look(customer, make_staff(DPO), action="open")

        tell_of_accesses()
        tell_of_accesses()
        send_due_notices()

        (mail,) = mailoutbox
        assert "- revealed in full: 2\n" in mail.body
        assert "- recording played: 1\n" in mail.body
        assert "opened" not in mail.body
        assert "whether a use is allowed" not in mail.body
        assert customer.phone not in mail.body
