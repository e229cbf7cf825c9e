from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from access.models import AccessRecord
from accounts.admin import announcements
from accounts.announcements import announce_policies
from accounts.models import PolicyAnnouncement
from notices.models import Notice
from notices.services import mark_seen, queue_notice
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from tests.factories import make_customer, make_policy_version, make_staff

ANNOUNCEMENTS = "/admin/accounts/policyannouncement/"


@pytest.fixture
def customers(db):
    return [make_customer() for _ in range(5)]


@pytest.fixture
def announcement(customers):
    make_policy_version("2", effective_in_days=60)
    announce_policies()
    return PolicyAnnouncement.objects.get()


@pytest.fixture
def watched(announcement):
    return f"{ANNOUNCEMENTS}{announcement.pk}/change/"


@pytest.fixture
def dpo(client, db):
    client.force_login(make_staff(DPO))
    client.cookies["django_language"] = "en"


def people(response):
    return [short_id for short_id, _notice, _outcome in response.context_data["people"]]


def settle(customer, state):
    Notice.objects.filter(recipient=customer.public_id).update(state=state)


def test_the_list_shows_how_far_it_is(client, dpo, announcement, customers):
    settle(customers[0], "failed")
    mark_seen(announcement.mailing, customers[1].public_id)

    page = client.get(ANNOUNCEMENTS).text

    for part in ('<progress value="40" max="100"', "5 of 5"):
        assert part in page


def test_the_bar_ends_although_some_mails_are_erased(client, dpo, announcement, watched, customers):
    Notice.objects.update(state="failed")
    Notice.objects.filter(recipient=customers[0].public_id).delete()

    listed, page = client.get(ANNOUNCEMENTS).text, client.get(watched).text

    assert '<progress value="100" max="100"' in listed
    assert '<progress value="4" max="4"' in page
    for text in (listed, page):
        assert "5 of 5" in text


def test_the_list_counts_all_rows_at_once(client, dpo, announcement, django_assert_num_queries):
    client.get(ANNOUNCEMENTS)
    with django_assert_num_queries(QUERIES):
        client.get(ANNOUNCEMENTS)
    for number in ("3", "4"):
        make_policy_version(number, effective_in_days=60 + int(number))
    announce_policies()

    with django_assert_num_queries(QUERIES):
        page = client.get(ANNOUNCEMENTS)

    assert len(page.context_data["cl"].result_list) == 3


QUERIES = 9


def test_the_page_reloads_while_it_is_under_way(client, dpo, watched):
    running = client.get(watched)
    Notice.objects.update(state="failed")
    done = client.get(watched)

    assert running["Refresh"] == "5"
    assert "under way" in running.text
    assert "Refresh" not in client.get(f"{watched}?still=1")
    assert "Refresh" not in done
    assert "under way" not in done.text


def test_an_announcement_that_was_superseded_half_way_is_over(client, dpo, watched):
    PolicyAnnouncement.objects.update(finished_at=None)
    Notice.objects.update(state="failed")
    assert client.get(watched)["Refresh"] == "5"

    with time_machine.travel(timezone.now() + timedelta(days=70)):
        make_policy_version("3", effective_in_days=0)
        client.force_login(make_staff(DPO))
        over = client.get(watched)

    assert "Refresh" not in over
    assert ("under way" in over.text, "superseded" in over.text) == (False, True)


def test_the_page_begins_with_what_went_wrong(client, dpo, watched, customers):
    assert len(people(client.get(f"{watched}?still=1"))) == 5
    settle(customers[2], "failed")

    response = client.get(f"{watched}?still=1")

    assert people(response) == [customers[2].public_id[:8]]
    assert customers[2].public_id not in response.text
    assert "<td>failed</td>" in response.text


@pytest.mark.parametrize("outcome", ["failed", "queued", "seen", "dropped", "sent"])
def test_one_outcome_is_shown(outcome, client, dpo, watched, announcement, customers):
    settle(customers[0], "failed")
    settle(customers[1], "dropped")
    mark_seen(announcement.mailing, customers[2].public_id)

    shown = people(client.get(f"{watched}?still=1&outcome={outcome}"))

    expected = {"failed": [0], "dropped": [1], "seen": [2], "queued": [3, 4], "sent": []}
    assert shown == [customers[n].public_id[:8] for n in expected[outcome]]


def test_the_customers_are_paged(client, dpo, watched, customers, monkeypatch):
    monkeypatch.setattr(announcements, "A_PAGE", 2)
    shown, address = [], f"{watched}?still=1&outcome=queued"
    for _ in range(3):
        response = client.get(address)
        shown.append(people(response))
        address = f"{watched}?still=1&outcome=queued&after={response.context_data['next']}"

    ids = [customer.public_id[:8] for customer in customers]
    assert shown == [ids[:2], ids[2:4], ids[4:]]


@pytest.mark.parametrize("query", ["outcome=x", "after=x", "after=-1", "after=9" + "9" * 30])
def test_nonsense_in_the_address_shows_the_page(query, client, dpo, watched):
    assert client.get(f"{watched}?{query}").status_code == 200


def test_whoever_looks_at_whose_mails_they_are_is_recorded(client, dpo, watched, customers):
    by_itself = client.get(watched)
    client.get(f"{watched}?still=1&outcome=queued")
    client.post(watched, {"q": customers[3].public_id})

    assert "people" not in by_itself.context_data
    records = AccessRecord.objects.order_by("pk")
    assert [(each.action, each.customer, each.filters, each.count) for each in records] == [
        ("list", "", ["outcome"], 5),
        ("search", customers[3].public_id, ["public_id"], 1),
    ]


@pytest.mark.parametrize("length", [8, 32])
def test_a_customer_is_found_by_public_id_in_the_body(length, client, dpo, watched, customers):
    term = customers[3].public_id[:length]

    response = client.post(watched, {"q": f" {term.upper()} "})

    assert people(response) == [customers[3].public_id[:8]]
    assert "Refresh" not in response


@pytest.mark.parametrize("term", ["a", "%", "________", "abcdefg", "z" * 32])
def test_nobody_is_found_by_a_guess(term, client, dpo, watched):
    assert people(client.post(watched, {"q": term})) == []


def test_what_else_a_customer_got_is_not_shown(client, dpo, watched, customers):
    queue_notice(
        "account_closed", recipient=customers[0].public_id, key="other", kept_until="2027-01-01"
    )

    assert people(client.post(watched, {"q": customers[0].public_id})) == [
        customers[0].public_id[:8]
    ]


@pytest.mark.parametrize(
    ("role", "status"), [(DPO, 200), (AUDITOR, 200), (ADMINISTRATOR, 200), (COMPLAINT_OFFICER, 403)]
)
def test_who_watches(role, status, client, watched, customers):
    client.force_login(make_staff(role))

    get = client.get(f"{watched}?still=1")
    post = client.post(watched, {"q": customers[0].public_id})

    assert (get.status_code, post.status_code) == (status, status)
    assert client.get(f"{ANNOUNCEMENTS}add/").status_code == 403
    assert (customers[0].public_id[:8] in get.text) == (status == 200)
    assert customers[0].email not in get.text
