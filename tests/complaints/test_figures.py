"""The complaints in figures: each leads to the list of its rows, and both count the same."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from access.models import AccessAction, AccessRecord
from casework.clocks import start_clocks
from casework.models import Clock, ConflictCause
from casework.services import exclude_staff
from complaints.intake import CLOCKS
from complaints.models import Complaint, ComplaintState, Outcome
from policies.models import CalendarRange, Company
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER
from tests.factories import make_complaint, make_customer, make_staff

QUEUE = "/admin/complaints/complaint/"
DASHBOARD = f"{QUEUE}dashboard/"
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # a Tuesday, 10:00 in Viet Nam


@pytest.fixture
def officer(client, db):
    with time_machine.travel(NOW):
        user = make_staff(COMPLAINT_OFFICER)
        client.force_login(user)
        client.cookies["django_language"] = "en"
        yield user


def resolved(days, *, closed_at=None, **kwargs):
    """A complaint that took so many days, with the clocks it ran under."""
    closed_at = closed_at or timezone.now() - timedelta(hours=1)
    complaint = make_complaint(
        state=ComplaintState.RESOLVED,
        received_at=closed_at - timedelta(days=days),
        closed_at=closed_at,
        **kwargs,
    )
    start_clocks(complaint, CLOCKS)
    Clock.objects.filter(case=complaint).update(met_at=closed_at)
    Complaint.objects.filter(pk=complaint.pk).update(late_from=None)
    return complaint


def context(client):
    return client.get(DASHBOARD).context_data


def references(client, link):
    page = client.get(link)
    assert page.status_code == 200
    return {row.reference for row in page.context_data["cl"].result_list}


def ends_on(complaint, moment):
    Complaint.objects.filter(pk=complaint.pk).update(late_from=moment)
    return complaint


class TestDashboard:
    def test_open_complaints_are_counted_by_state(self, client, officer):
        rows = [make_complaint(), make_complaint(), make_complaint(state=ComplaintState.VERIFYING)]
        resolved(3)

        received, verifying = context(client)["states"]

        assert (received.number, verifying.number) == (2, 1)
        assert references(client, received.link) == {row.reference for row in rows[:2]}
        assert references(client, verifying.link) == {rows[2].reference}

    def test_days_go_on_until_ten_working_days_are_told(self, client, officer):
        midnight = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)  # Friday ends
        friday = ends_on(make_complaint(), midnight)
        ends_on(make_complaint(), midnight + timedelta(days=40))

        days = context(client)["days"]

        assert sum(not day.rests for day in days) == 10
        assert [day.label for day in days if day.number] == ["Fri, 27/11"]
        assert [day.number for day in days] == [0, 0, 0, 1] + [0] * (len(days) - 4)
        assert references(client, days[3].link) == {friday.reference}

    def test_what_is_late_and_what_stands_still_is_told_beside_the_days(self, client, officer):
        late, waiting = ends_on(make_complaint(), NOW), make_complaint()
        Complaint.objects.filter(pk=waiting.pk).update(late_from=None, waiting_since=NOW)
        make_complaint()

        rows = context(client)["beside"]

        assert [number for _label, number, _link in rows] == [1, 1]
        shown = [references(client, link) for _label, _number, link in rows]
        assert shown == [{late.reference}, {waiting.reference}]

    def test_days_are_told_without_a_calendar_too(self, client, officer):
        CalendarRange.objects.all().delete()

        assert len(context(client)["days"]) == 10

    def test_a_month_says_how_many_kept_the_promise_and_the_statute(self, client, officer):
        Company.objects.update(day_kind="private_no_swap")
        quick = resolved(3)
        slow = resolved(60)
        last_month = resolved(3, closed_at=datetime(2026, 10, 31, 16, 59, tzinfo=UTC))

        months = {month["label"]: month for month in context(client)["months"]}

        november, october = months["11/2026"], months["10/2026"]
        assert (november["answered"].count, october["answered"].count) == (2, 1)
        assert (november["promise"]["percent"], november["statute"]["percent"]) == (50, 50)
        assert references(client, november["link"]) == {quick.reference, slow.reference}
        for family in ("promise", "statute"):
            assert references(client, november[family]["kept"]) == {quick.reference}
            assert references(client, november[family]["missed_link"]) == {slow.reference}
        assert references(client, october["link"]) == {last_month.reference}
        assert len(months) == 12

    def test_time_to_resolve_is_the_median_and_the_90th_percentile(self, client, officer):
        for days in range(11):
            resolved(days)

        answered = context(client)["all_months"]["answered"]

        assert (answered.median, answered.ninetieth) == (5.0, 9.0)

    def test_causes_are_told_by_category_and_outcome(self, client, officer):
        shared = resolved(3, category="shared", outcome=Outcome.PARTLY)
        resolved(3, category="marketing")
        resolved(3, category="marketing")
        resolved(3, category="other", closed_at=NOW - timedelta(days=400))

        marketing, sharing = context(client)["causes"]

        assert (marketing["total"], sharing["total"]) == (2, 1)
        assert [count for count, _link in sharing["outcomes"]] == [0, 1, 0]
        assert references(client, sharing["outcomes"][1][1]) == {shared.reference}
        assert len(references(client, marketing["link"])) == 2

    def test_what_is_about_the_reader_is_left_out_of_every_figure(self, client, officer):
        own_open, own_answered = ends_on(make_complaint(), NOW + timedelta(hours=3)), resolved(60)
        for complaint in (own_open, own_answered):
            exclude_staff(complaint, officer, cause=ConflictCause.NAMED)

        shown = context(client)

        assert (shown["states"], shown["causes"]) == ([], [])
        assert sum(day.number for day in shown["days"]) == 0
        assert sum(month["answered"].count for month in shown["months"]) == 0
        assert shown["all_months"]["answered"].count == 0

    def test_it_is_recorded_and_names_nobody(self, client, officer):
        complaint = make_complaint(customer=make_customer(full_name="Trần Thị Hoa"))

        page = client.get(DASHBOARD).text

        record = AccessRecord.objects.get()
        assert (record.action, record.customer, record.count) == (AccessAction.LIST, "", 0)
        for value in ("Hoa", complaint.reference, complaint.text):
            assert value not in page

    @pytest.mark.parametrize("rows", [1, 4])
    def test_it_makes_the_same_queries_for_any_number(
        self, rows, client, officer, django_assert_num_queries
    ):
        for _ in range(rows):
            make_complaint()
            resolved(3)
        client.get(DASHBOARD)

        with django_assert_num_queries(19):
            client.get(DASHBOARD)

    def test_list_and_first_page_lead_to_it(self, client, officer):
        for page in (QUEUE, "/admin/"):
            assert f'href="{DASHBOARD}"' in client.get(page).text

    @pytest.mark.parametrize("role", [AUDITOR, ADMINISTRATOR])
    def test_it_is_for_who_may_view_complaints(self, role, client, db):
        client.force_login(make_staff(role))

        assert client.get(DASHBOARD).status_code == 403
        assert DASHBOARD not in client.get("/admin/").text


@pytest.mark.parametrize(
    "query",
    [
        "due=2026-02-31",
        "due=9999-12-31",
        "due=x",
        "closed=2026-13",
        "closed=0001-01",
        "closed=%00",
        "term=promise",
        "term=x-kept",
        "due=2026-11-25&closed=12-months&term=statute-missed",
    ],
)
def test_a_filter_that_says_nothing_narrows_nothing(query, client, officer):
    make_complaint()

    assert client.get(f"{QUEUE}?{query}").status_code in (200, 302, 400)


def test_each_link_of_the_page_opens(client, officer):
    make_complaint()
    resolved(3)
    resolved(60)

    page = client.get(DASHBOARD).text
    links = {link.replace("&amp;", "&") for link in re.findall(rf'href="({QUEUE}\?[^"]+)"', page)}

    assert len(links) > 8
    assert {client.get(link).status_code for link in links} == {200}
