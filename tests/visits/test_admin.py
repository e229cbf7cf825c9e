"""The desk's page of visits."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.urls import get_resolver, reverse
from django.utils import timezone

from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from tests.factories import make_staff
from tests.privacyportal.test_cookies import routes
from visits.models import WHOLE_PORTAL, PageDay
from visits.pages import NAMES

pytestmark = pytest.mark.django_db

PAGE = "/admin/visits/pageday/"


@pytest.fixture
def dpo(client):
    client.cookies["django_language"] = "en"
    user = make_staff(DPO, language="en")
    client.force_login(user)
    return user


NO_PAGES = {
    # What only takes a form,
    "access_mails",
    "agree_complaint",
    "answer_approval",
    "answer_backup",
    "decide_consent",
    "disagree_complaint",
    "end_access",
    "end_approval",
    "end_hosted_service",
    "erase_category",
    "erase_hosted_service",
    "escalate_complaint",
    "forget_device",
    "refuse_marketing",
    "send_access_code",
    "send_copy_code",
    "send_phone_code",
    "service_handed_over",
    "set_language",
    "sign_out_device",
    "withdraw_complaint",
    "write_complaint",
    # gives a file,
    "accesses_csv",
    "call_audio",
    "complaint_file_pdf",
    "complaint_letter_pdf",
    "closing_receipt_json",
    "closing_receipt_pdf",
    "consent_receipt_json",
    "consent_receipt_pdf",
    "download_call",
    "download_export",
    "erasure_certificate_json",
    "erasure_certificate_pdf",
    "evidence",
    "mfa_download_recovery_codes",
    # answers a program,
    "acknowledge_order",
    "health",
    "marketing_check",
    "preferences_json",
    "purpose_check",
    "signing_keys",
    # or is the library's and not in use.
    "account_confirm_login_code",
}


def test_every_page_has_a_name_that_people_read():
    pages = set(routes(get_resolver().url_patterns)) - NO_PAGES
    pages -= {f"followed_{name}" for name in NO_PAGES}
    assert set(NAMES) == {WHOLE_PORTAL, *pages}


def make_days(*views, page="home", networks=1, ago=0):
    """Store these views of a page on the last days, the last of them ``ago`` days ago."""
    today = timezone.localdate()
    for days, number in enumerate(reversed(views), start=ago):
        day = today - timedelta(days=days)
        for name in (page, ""):
            row, _created = PageDay.objects.get_or_create(
                page=name,
                day=day,
                defaults={"views": 0, "networks": 0},
            )
            row.views, row.networks = row.views + number, min(networks, row.views + number)
            row.save()


@pytest.mark.parametrize("role", [COMPLAINT_OFFICER, AUDITOR, ADMINISTRATOR])
@pytest.mark.parametrize("address", [PAGE, f"{PAGE}csv/"])
def test_the_visits_are_for_the_dpo(address, role, client):
    make_days(77)
    client.force_login(make_staff(role))

    assert client.get(address).status_code == 403


def test_thirty_days_are_thirty_columns_with_their_table(client, dpo):
    make_days(4, 0, 8, networks=2)
    make_days(900, ago=30)

    page = client.get(PAGE)

    shown = page.context_data["columns"]
    assert [(column.views, column.networks) for column in shown[-3:]] == [(4, 2), (0, 0), (8, 2)]
    assert (len(shown), sum(column.views for column in shown)) == (30, 12)
    assert [(column.y, column.height) for column in shown[-3:]] == [(50, 50), (100, 0), (0, 100)]
    assert page.text.count("<td>") == 30 + 2  # days; home, and all pages


@time_machine.travel("2026-12-15T03:00:00Z", tick=False)
def test_twelve_months_add_up_views_and_never_networks(client, dpo):
    client.force_login(dpo)
    make_days(*[2] * 20, networks=2)
    make_days(999, ago=400)

    shown = client.get(f"{PAGE}?period=months").context_data["columns"]

    assert len(shown) == 12
    assert [(column.label, column.views, column.networks) for column in shown[-2:]] == [
        ("November 2026", 10, 2),
        ("December 2026", 30, 2),
    ]


def test_a_page_is_shown_by_itself(client, dpo):
    make_days(3)
    make_days(5, page="policy")

    page = client.get(f"{PAGE}?page=policy")

    assert page.context_data["page_name"] == "Privacy policy"
    assert page.context_data["columns"][-1].views == 5
    assert page.context_data["pages"] == [
        ("", "All pages", 8),
        ("policy", "Privacy policy", 5),
        ("home", "Home page", 3),
    ]


@pytest.mark.parametrize("query", ["?page=<script>", "?period=years&page=x", "?p=9"])
def test_nonsense_shows_all_pages_of_thirty_days(query, client, dpo):
    make_days(3)

    page = client.get(f"{PAGE}{query}")

    assert (page.context_data["page"], page.context_data["period"]) == ("", "days")
    assert "<script>" not in page.text.partition("<svg")[2]


def test_before_the_first_visit_the_page_says_so(client, dpo):
    assert "Nothing is counted in this period yet." in client.get(PAGE).text


@pytest.mark.parametrize("rows", [1, 3])
def test_more_pages_cost_no_more_queries(rows, client, dpo, django_assert_num_queries):
    for name in ("home", "policy", "promises")[:rows]:
        make_days(1, 2, page=name)
    client.get(PAGE)

    with django_assert_num_queries(8):
        client.get(PAGE)


def test_the_file_has_each_page_and_day_and_nothing_that_a_spreadsheet_runs(client, dpo):
    make_days(3, 4)
    make_days(5, page="policy")

    file = client.get(f"{PAGE}csv/")

    head, *rows = list(csv.reader(StringIO(file.content.decode("utf-8-sig"))))
    today = str(timezone.localdate())
    assert file["Content-Disposition"] == 'attachment; filename="visits-days.csv"'
    assert head == ["day", "page", "views", "networks"]
    assert [row for row in rows if row[0] == today] == [
        [today, "All pages", "9", "1"],
        [today, "Home page", "4", "1"],
        [today, "Privacy policy", "5", "1"],
    ]
    assert len(rows) == 5
    assert all(cell[0].isalnum() for row in [head, *rows] for cell in row)


def test_there_is_nothing_to_open_to_add_or_to_change(client, dpo):
    make_days(3)
    row = PageDay.objects.first()

    for name, args in (("add", []), ("change", [row.pk]), ("delete", [row.pk])):
        answer = client.get(reverse(f"admin:visits_pageday_{name}", args=args))
        assert answer.status_code in (403, 404)
