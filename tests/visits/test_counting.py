"""What a request leaves behind in Redis, and what it does not."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.core.cache import caches
from django.urls import reverse

from accounts.models import User
from privacyportal.roles import DPO
from tests.factories import make_complaint, make_customer, make_staff
from tests.visits.conftest import BROWSER
from visits import counting
from visits.counting import COUNTING, counting_paused, key, networks_key, redis
from visits.models import PageDay
from visits.services import move_counts

TODAY = datetime(2026, 12, 1, 3, tzinfo=UTC)  # ten in the morning in Viet Nam


def counted() -> dict[str, tuple[int, int]]:
    """Return views and networks of each page, as the job stores them."""
    move_counts()
    return {row.page: (row.views, row.networks) for row in PageDay.objects.all()}


def everything_in_redis() -> bytes:
    names = redis().keys("*")
    return b"\n".join([*names, *filter(None, map(redis().dump, names))])


def test_a_page_is_counted_by_its_route_and_never_by_its_address(visitor):
    customer = make_customer()
    complaint = make_complaint(customer=customer)
    visitor.force_login(customer.user)

    visitor.get(reverse("complaint", args=[complaint.public_id]))
    visitor.get("/policy/?q=Nguyen")

    assert complaint.public_id.encode() not in everything_in_redis()
    assert b"Nguyen" not in everything_in_redis()
    assert counted() == {"complaint": (1, 1), "policy": (1, 1), "": (2, 1)}


def test_a_view_counts_each_time_and_a_network_once(visitor):
    for address in ("203.0.113.7", "203.0.113.7", "203.0.113.200", "198.51.100.9"):
        visitor.get("/", REMOTE_ADDR=address)

    assert counted() == {"home": (4, 2), "": (4, 2)}


def test_a_visit_without_an_address_is_a_view_of_no_network(visitor):
    visitor.get("/", REMOTE_ADDR="")

    assert counted() == {"home": (1, 0), "": (1, 0)}


def test_no_address_is_kept_and_no_network_can_be_followed_over_days(visitor):
    sketches = []
    for day in (1, 2):
        with time_machine.travel(datetime(2026, 12, day, 3, tzinfo=UTC), tick=False):
            visitor.get("/")
            sketches.append(redis().get(networks_key(datetime(2026, 12, day).date(), "home")))

    first, second = sketches
    assert first != second
    for part in (b"203.0.113", BROWSER.encode()):
        assert part not in everything_in_redis()


def test_all_processes_share_the_salt_of_a_day(visitor, monkeypatch):
    for _process in range(3):
        monkeypatch.setattr(counting, "_salt", None)
        visitor.get("/")

    assert counted()["home"] == (3, 1)


@time_machine.travel(TODAY, tick=False)
def test_the_salt_ends_with_its_day_and_the_sketch_some_days_later(visitor):
    visitor.get("/")
    move_counts()

    midnight, week = 1796144400, 7 * 86400  # 2 December 2026, 00:00 in Viet Nam
    assert redis().expiretime(key("visits:salt:2026-12-01")) == midnight
    assert redis().expiretime(networks_key(TODAY.date(), "home")) == midnight + week


@time_machine.travel("2026-11-30T17:30:00Z", tick=False)
def test_days_are_those_of_viet_nam(visitor):
    visitor.get("/")
    move_counts()

    assert {row.day.isoformat() for row in PageDay.objects.all()} == {"2026-12-01"}


def test_only_pages_that_were_shown_are_counted(visitor):
    for path in ("/healthz", "/no-such-page/", "/me/"):
        visitor.get(path)
    visitor.head("/")
    visitor.post("/language/", {"language": "en"})
    visitor.post("/account/login/", {"login": "nobody@example.com", "password": "wrong"})

    assert counted() == {}


def test_the_desk_is_not_counted(visitor):
    visitor.force_login(make_staff(DPO))

    assert visitor.get("/admin/").status_code == 200
    assert counted() == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"user-agent": "Mozilla/5.0 (compatible; bingbot/2.0)"},
        {"user-agent": "curl/8.5.0"},
        {"user-agent": "python-requests/2.32"},
        {"user-agent": "Mozilla/5.0 HeadlessChrome/140.0"},
        {"user-agent": ""},
        {"sec-purpose": "prefetch"},
    ],
)
def test_robots_and_pages_fetched_beforehand_are_not_counted(headers, visitor):
    visitor.get("/", headers=headers)

    assert counted() == {}


def test_a_page_does_not_need_redis(visitor, settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1"}}

    assert visitor.get("/").status_code == 200
    assert counting_paused.is_open
    assert visitor.get("/").status_code == 200


def test_a_redis_that_takes_nothing_more_costs_no_page(visitor):
    redis().set(key(COUNTING), "not a hash")

    assert visitor.get("/").status_code == 200
    assert counting_paused.is_open


def test_counting_asks_the_database_nothing(visitor, django_assert_num_queries):
    with django_assert_num_queries(1):  # the company that the page names
        visitor.get("/")


@pytest.mark.parametrize("who", ["visitor", "customer"])
def test_a_count_speaks_of_nobody(who, visitor):
    customer = make_customer()
    if who == "customer":
        visitor.force_login(customer.user)

    visitor.get("/policy/")

    row = {**PageDay.objects.values().first()} if counted() else {}
    known = (customer.public_id, customer.email, User.objects.get().public_id)
    assert not {str(value) for value in row.values()} & {*known, "203.0.113.7"}
    assert all(value.encode() not in everything_in_redis() for value in known)
    assert set(row) == {"id", "page", "day", "views", "networks", "batch"}
    assert caches["default"].get("anything") is None
