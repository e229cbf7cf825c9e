"""The list as a file: the rows that it shows, and nothing that customers wrote."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from access.models import AccessAction, AccessRecord
from access.purposes import COMPLAINT_HANDLING
from casework.models import Clock, ConflictCause
from casework.services import exclude_staff
from complaints import export
from complaints.models import ComplaintState
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER
from tests.factories import make_complaint, make_customer, make_staff

QUEUE = "/admin/complaints/complaint/"
HEADINGS = [
    "Reference", "About", "Channel", "Severity", "Complexity", "State", "Outcome", "Received",
    "Last day", "Closed", "In time", "Handler",
]  # fmt: skip


@pytest.fixture
def officer(client, db):
    user = make_staff(COMPLAINT_OFFICER, staff_name="Nguyễn Thị Hạnh")
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def content_of(response):
    return b"".join(response.streaming_content)


def rows_of_csv(response):
    return list(csv.reader(io.StringIO(content_of(response).decode("utf-8-sig"), newline="")))


def rows_of_xlsx(response):
    sheet = load_workbook(io.BytesIO(content_of(response))).active
    return [[cell.value or "" for cell in row] for row in sheet.iter_rows()], {
        cell.data_type for row in sheet.iter_rows() for cell in row if cell.value
    }


def test_both_files_have_the_rows_of_the_list(client, officer):
    received = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)
    complaint = make_complaint(
        received_at=received, severity="high", channel="post", handler=officer
    )
    last_day = complaint.clocks.filter(kind="complaint_completion").first().last_day
    make_complaint(state=ComplaintState.WITHDRAWN, received_at=received, closed_at=timezone.now())

    answers = [client.get(f"{QUEUE}export/{form}/?queue=open") for form in ("csv", "xlsx")]

    in_time = "late" if timezone.localdate() > last_day else "in time"
    row = [
        complaint.reference, "marketing after refusal", "post", "high", "", "received", "",
        "2026-11-20 09:30", last_day.isoformat(), "", in_time, "Nguyễn Thị Hạnh",
    ]  # fmt: skip
    assert rows_of_csv(answers[0]) == [HEADINGS, row]
    assert rows_of_xlsx(answers[1]) == ([HEADINGS, row], {"s"})
    for answer in answers:
        assert answer["Content-Disposition"].startswith('attachment; filename="complaints-')
        assert answer["Cache-Control"] == "no-store"


def test_what_missed_its_term_says_so(client, officer):
    late = make_complaint()
    Clock.objects.filter(case=late, limit__family="promise").update(
        late_from=timezone.now() - timedelta(days=1)
    )

    (_headings, row) = rows_of_csv(client.get(f"{QUEUE}export/csv/"))

    assert row[HEADINGS.index("In time")] == "late"


def test_no_customer_stands_in_it(client, officer):
    customer = make_customer(full_name="Trần Thị Hoa", email="hoa@example.com")
    make_complaint(customer=customer, text="Tôi rất bực mình.")

    text = content_of(client.get(f"{QUEUE}export/csv/")).decode()

    for value in ("Hoa", "hoa@", "•••", customer.public_id, "bực mình"):
        assert value not in text


def test_it_is_recorded_with_its_filters_and_how_many_people(client, officer):
    customer = make_customer()
    for _ in range(2):
        make_complaint(customer=customer)
    make_complaint()

    content_of(client.get(f"{QUEUE}export/csv/?queue=open&category__exact=marketing"))

    record = AccessRecord.objects.get()
    assert (record.action, record.count) == (AccessAction.EXPORT, 2)
    assert (record.purpose, record.field_groups) == (COMPLAINT_HANDLING, ["complaint"])
    assert record.filters == ["category__exact", "queue"]


def test_what_is_about_the_reader_is_left_out(client, officer):
    make_complaint(handler=None)
    own = make_complaint()
    exclude_staff(own, officer, cause=ConflictCause.NAMED)

    rows = rows_of_csv(client.get(f"{QUEUE}export/csv/"))

    assert len(rows) == 2
    assert own.reference not in str(rows)
    assert AccessRecord.objects.get().count == 1


def test_a_name_that_begins_a_formula_stays_a_text(client, officer):
    make_complaint(handler=make_staff(COMPLAINT_OFFICER, staff_name="=HYPERLINK(A1)"))

    rows, types = rows_of_xlsx(client.get(f"{QUEUE}export/xlsx/"))

    assert rows[1][-1] == "'=HYPERLINK(A1)"
    assert types == {"s"}


@pytest.mark.parametrize(
    "place", ["export/pdf/", "export/csv/?q=hoa", "export/csv/?customer__email=a"]
)
def test_what_is_no_such_file_leads_back_to_the_list(place, client, officer):
    make_complaint()

    response = client.get(f"{QUEUE}export/{place}")

    assert response.status_code in (302, 400)
    assert not AccessRecord.objects.exists()


def test_the_list_offers_it_with_its_filters_but_not_for_a_search(client, officer):
    make_complaint()
    page = client.get(f"{QUEUE}?queue=open&severity__exact=high").text
    found = client.post(QUEUE, {"q": "quảng cáo"}).text

    assert f"{QUEUE}export/csv/?queue=open&amp;severity__exact=high" in page
    assert "export/csv" not in found


@pytest.mark.parametrize("rows", [1, 4])
def test_it_makes_the_same_queries_for_any_number_of_rows(
    rows, client, officer, django_assert_num_queries
):
    for _ in range(rows):
        make_complaint(handler=officer)
    content_of(client.get(f"{QUEUE}export/csv/"))

    with django_assert_num_queries(17):
        content_of(client.get(f"{QUEUE}export/csv/"))


@pytest.mark.parametrize(("form", "rows_of"), [("csv", rows_of_csv), ("xlsx", rows_of_xlsx)])
def test_a_long_list_is_read_bit_by_bit_while_it_is_sent(
    form, rows_of, client, officer, monkeypatch
):
    monkeypatch.setattr(export, "AT_ONCE", 2)
    references = [make_complaint().reference for _ in range(5)]

    answer = client.get(f"{QUEUE}export/{form}/")
    assert AccessRecord.objects.get().action == AccessAction.EXPORT  # before the first byte
    with CaptureQueriesContext(connection) as queries:
        rows = rows_of(answer)

    rows = rows if form == "csv" else rows[0]
    assert [row[0] for row in rows[1:]] == references
    assert len(queries) == 4  # three that bring rows


@pytest.mark.parametrize("role", [AUDITOR, ADMINISTRATOR])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_it_is_for_who_may_view_complaints(form, role, client, db):
    make_complaint()
    client.force_login(make_staff(role))

    assert client.get(f"{QUEUE}export/{form}/").status_code == 403
    assert not AccessRecord.objects.exists()
