"""The board of promises on the desk, and the page for everybody."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.core.cache import cache
from django.db.models import F
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format

from policies import promises
from policies.models import Promise, PromiseResult, PromiseStatus, RetentionRule
from policies.promise_board import trends
from policies.promise_figures import exact, rounded
from policies.promises import Unit, admin_list, broken, control, kept, record_results
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from tests.factories import make_staff

pytestmark = pytest.mark.django_db

BOARD = "/admin/policies/promise/"


@pytest.fixture
def in_english(client):
    client.cookies["django_language"] = "en"


@pytest.fixture
def dpo(client, in_english):
    user = make_staff(DPO, language="en")
    client.force_login(user)
    return user


@pytest.fixture
def answer(monkeypatch):
    """Let FPT-7 be answered so, for this test alone."""
    monkeypatch.setattr(promises, "_controls", dict(promises._controls))

    def answer(measure):
        control("of_the_test", counts="tests that failed")(lambda promise: measure)
        Promise.objects.filter(code="FPT-7").update(control="of_the_test")

    return answer


def store(code, *statuses, figure=0, unit="customers", days_ago=0):
    """Store these statuses as the results of the last days, the last of them ``days_ago``."""
    promise = Promise.objects.get(code=code)
    today, now = timezone.localdate(), timezone.now()
    PromiseResult.objects.bulk_create(
        PromiseResult(
            promise=promise,
            control=promise.control,
            day=today - timedelta(days=ago),
            status=status,
            figure=figure,
            unit=unit,
            measured_at=now - timedelta(days=ago),
        )
        for ago, status in enumerate(reversed(statuses), start=days_ago)
    )
    return promise


def codes(page):
    return [line.promise.code for _status, lines in page.context_data["groups"] for line in lines]


class TestTheBoard:
    @pytest.mark.parametrize(
        ("role", "status"),
        [(DPO, 200), (AUDITOR, 200), (COMPLAINT_OFFICER, 403), (ADMINISTRATOR, 403)],
    )
    def test_is_for_the_dpo_and_the_auditor(self, role, status, client):
        client.force_login(make_staff(role))
        promise = Promise.objects.get(code="FPT-7")

        for page in ("", f"{promise.pk}/change/", f"{promise.pk}/history/"):
            assert client.get(f"{BOARD}{page}").status_code == status

    def test_shows_the_worst_first(self, client, dpo, answer):
        answer(broken(2, Unit.CUSTOMERS))

        page = client.get(BOARD)

        shown = [status for status, _lines in page.context_data["groups"]]
        assert shown == [status for status in PromiseStatus if status in shown]
        assert codes(page)[0] == "FPT-7"
        assert len(codes(page)) == 23

    def test_is_narrowed_by_status_and_by_words_in_either_language(self, client, dpo, answer):
        answer(broken(2, Unit.CUSTOMERS))

        assert codes(client.get(f"{BOARD}?status=broken")) == ["FPT-7"]
        assert codes(client.get(f"{BOARD}?q=fpt-22")) == ["FPT-22"]
        assert codes(client.get(f"{BOARD}?q=ghi âm")) == ["FPT-4"]
        assert codes(client.get(f"{BOARD}?q=Calls")) == ["FPT-4"]
        assert codes(client.get(f"{BOARD}?status=broken&q=Calls")) == []
        assert client.get(f"{BOARD}?status=nonsense").status_code == 200

    def test_says_what_is_set_under_a_promise(self, client, dpo):
        page = client.get(f"{BOARD}?q=FPT-1")

        pairs = {
            line.promise.code: line.set
            for _s, lines in page.context_data["groups"]
            for line in lines
        }
        assert ("notice of a policy change, in days", "5") in pairs["FPT-1"]
        assert ("recipients", "Agents and subcontractors") in pairs["FPT-15"]

    def test_says_the_period_in_force_today(self, client, dpo):
        rule = RetentionRule.objects.get(category="account", action="delete")

        page = client.get(f"{BOARD}?q=FPT-7")

        ((_status, (line,)),) = page.context_data["groups"]
        text = f"12 months after: {rule.get_trigger_display()}; then: delete"
        assert text in {value for _label, value in line.set}

    def test_links_only_to_what_the_reader_may_open(self, client, dpo, answer):
        link = admin_list("complaints.complaint", queue="overdue")
        answer(broken(2, Unit.COMPLAINTS, link=link))
        assert f'href="{link}"' in client.get(BOARD).text

        client.force_login(make_staff(AUDITOR))
        assert link not in client.get(BOARD).text

    @pytest.mark.parametrize("copies", [1, 3])
    def test_needs_no_more_queries_for_more_promises(
        self, copies, client, dpo, django_assert_num_queries
    ):
        for promise in Promise.objects.active():
            for number in range(1, copies):
                promise.pk, promise.code = None, f"{promise.code.partition('/')[0]}/{number}"
                promise.save()
        client.get(BOARD)

        with django_assert_num_queries(19):
            page = client.get(BOARD)

        assert len(codes(page)) == 23 * copies

    @pytest.mark.parametrize("days", [1, 3])
    def test_reads_all_trends_with_one_query(self, days, client, dpo, django_assert_num_queries):
        for promise in Promise.objects.active():
            store(promise.code, *["kept"] * days)

        with django_assert_num_queries(1):
            assert len(trends(Promise.objects.active())) == 23

    def test_draws_a_strip_that_says_in_words_what_it_shows(self, client, dpo):
        store("FPT-7", *["kept"] * 40, "broken", "broken", *["kept"] * 48)

        page = client.get(f"{BOARD}?q=FPT-7").text

        assert 'aria-label="Kept on 88 of 90 days; broken: 2."' in page
        assert page.count("<rect") == 3

    def test_counts_days_without_a_result_as_not_measured(self, client, dpo):
        store("FPT-7", "kept", "kept", days_ago=6)
        store("FPT-7", "kept", days_ago=1)

        strip = trends(Promise.objects.active())[Promise.objects.get(code="FPT-7").pk]

        with translation.override("en"):
            assert strip.text == "Kept on 3 of 7 days; not measured: 4."

    @pytest.mark.parametrize(("days", "is_said"), [(2, False), (3, True)])
    def test_says_when_it_was_measured_last_if_that_is_long_ago(self, days, is_said, client, dpo):
        promise = store("FPT-7", "kept", days_ago=days)
        PromiseResult.objects.update(measured_at=F("measured_at") + timedelta(hours=1))
        client.get(BOARD)  # from here on in English
        day = date_format(timezone.localdate() - timedelta(days=days), "SHORT_DATE_FORMAT")

        for page in (f"{BOARD}?q=FPT-7", f"{BOARD}{promise.pk}/change/"):
            assert (f"Last measured on {day}." in client.get(page).text) is is_said

    def test_does_not_show_the_results_of_another_control_as_this_ones(self, client, dpo, answer):
        promise = store("FPT-7", "broken", "broken", figure=4321)
        assert "4321 customers" in client.get(f"{BOARD}{promise.pk}/change/").text
        answer(kept(0, Unit.CUSTOMERS))

        page = client.get(f"{BOARD}{promise.pk}/change/").text

        assert "4321 customers" not in page
        assert "No result is stored yet." in page
        assert trends([promise]) == {}

    def test_shows_the_days_of_a_promise_that_is_made_no_longer(self, client, dpo):
        promise = store("FPT-7", "kept", "kept")
        Promise.objects.filter(pk=promise.pk).update(retired_on=timezone.localdate())

        page = client.get(f"{BOARD}{promise.pk}/change/").text

        assert ("Kept on 2 of 2 days" in page, "No result is stored yet." in page) == (True, False)

    def test_of_one_promise_shows_both_languages_control_and_days(self, client, dpo):
        promise = store("FPT-7", "broken", "kept", figure=1234)

        page = client.get(f"{BOARD}{promise.pk}/change/").text

        for words in (promise.text_vi, promise.text_en, "kept_while_open", "1234 customers"):
            assert words in page
        assert "leaves a tombstone" in page  # what the control says about itself

    def test_is_never_edited(self, client, dpo):
        promise = Promise.objects.get(code="FPT-7")

        assert client.post(f"{BOARD}{promise.pk}/change/", {"text_en": "x"}).status_code == 403
        assert client.post(f"{BOARD}add/").status_code == 403
        assert client.post(f"{BOARD}{promise.pk}/delete/", {"post": "yes"}).status_code == 403
        promise.refresh_from_db()
        assert promise.text_en != "x"

    def test_stands_when_a_control_fails_and_says_so(self, client, dpo):
        Promise.objects.filter(code="FPT-1").update(parameters={})

        assert "The control failed: KeyError" in client.get(BOARD).text

    def test_counts_the_broken_ones_on_the_first_page(self, client, dpo):
        store("FPT-7", "kept", "broken")
        store("FPT-8", "broken", "kept")

        figures = client.get("/admin/").context_data["figures"]

        assert (1, f"{BOARD}?status=broken") in [(each.value, each.link) for each in figures]
        assert "Promises last measured on" not in [each.label for each in figures]

    def test_says_on_the_first_page_that_results_are_old(self, client, dpo):
        store("FPT-7", "broken", days_ago=3)
        store("FPT-8", "kept")

        figures = client.get("/admin/").context_data["figures"]

        shown = {str(each.label): each.value for each in figures}
        day = timezone.localdate() - timedelta(days=3)
        assert shown["Broken promises, as last stored"] == 0
        assert shown["Promises last measured on"] == date_format(day, "SHORT_DATE_FORMAT")


class TestThePublicPage:
    URL = "/promises/"

    def test_shows_the_last_stored_result_and_asks_no_control(self, client, in_english, answer):
        answer(kept(0, Unit.CUSTOMERS))  # live, all is well again
        store("FPT-7", "kept", "broken", figure=3)

        page = client.get(self.URL)

        (shown,) = (each for each in page.context["promises"] if each.code == "FPT-7")
        assert shown.status == "broken"
        assert "fewer than 20 customers" in page.text
        assert "Broken" in page.text

    def test_takes_no_old_result_for_how_things_are(self, client, in_english):
        store("FPT-7", "kept", days_ago=1)
        store("FPT-8", "broken", figure=4321, days_ago=3)

        page = client.get(self.URL)

        shown = {each.code: each for each in page.context["promises"]}
        day = date_format(timezone.localdate() - timedelta(days=3), "SHORT_DATE_FORMAT")
        assert (shown["FPT-7"].status, shown["FPT-7"].last_measured) == ("kept", "")
        assert (shown["FPT-8"].status, shown["FPT-8"].figure) == ("not_measured", "")
        assert dict(page.context["numbers"]) == {"not_measured": 21, "kept": 1}
        assert f"Last measured on {day}." in page.text

    def test_shows_no_result_of_another_control(self, client, in_english, answer):
        store("FPT-7", "broken", figure=4321)
        answer(kept(0, Unit.CUSTOMERS))

        page = client.get(self.URL)

        assert {each.status for each in page.context["promises"]} == {PromiseStatus.NOT_MEASURED}
        assert "Last measured on" not in page.text

    def test_shows_every_promise_also_before_anything_is_measured(self, client, in_english):
        page = client.get(self.URL)

        assert [each.code for each in page.context["promises"]] == [
            f"FPT-{number}" for number in range(1, 23)
        ]
        assert {each.status for each in page.context["promises"]} == {PromiseStatus.NOT_MEASURED}
        assert "Nothing has been measured yet." in page.text
        assert "calls that were never recorded or delivered are not seen." in page.text

    @pytest.mark.parametrize("language", ["vi", "en"])
    def test_speaks_the_readers_language(self, language, client):
        record_results()
        client.cookies["django_language"] = language

        page = client.get(self.URL).text

        assert getattr(Promise.objects.get(code="FPT-7"), f"text_{language}") in page

    def test_sets_no_cookie_and_needs_no_sign_in(self, client):
        response = client.get(self.URL)

        assert response.status_code == 200
        assert not response.cookies

    def test_reads_its_results_with_one_query_and_keeps_them_a_minute(
        self, client, django_assert_num_queries
    ):
        record_results()
        with django_assert_num_queries(2):  # and one for the company in the footer
            client.get(self.URL)
        store_of_another_day = timezone.localdate() + timedelta(days=1)
        PromiseResult.objects.filter(promise__code="FPT-7").update(
            status="broken", day=store_of_another_day
        )

        with django_assert_num_queries(1):
            page = client.get(self.URL)

        assert "broken" not in {each.status for each in page.context["promises"]}
        cache.clear()
        page = client.get(self.URL)
        assert "broken" in {each.status for each in page.context["promises"]}

    def test_leaves_out_what_is_promised_no_longer(self, client):
        store("FPT-7", "kept")
        Promise.objects.filter(code="FPT-7").update(retired_on=timezone.localdate())

        page = client.get(self.URL)

        assert "FPT-7" not in [each.code for each in page.context["promises"]]

    def test_is_linked_at_the_foot_of_the_pages(self, client):
        assert f'href="{reverse("promises")}"' in client.get("/").text

    def test_is_not_there_when_the_deployment_does_not_want_it(self, client, settings):
        settings.TRANSPARENCY_PAGE = False
        store("FPT-7", "broken", figure=4321)

        response = client.get(self.URL)

        assert response.status_code == 404
        assert "4321" not in response.text
        assert self.URL not in client.get("/").text


def published(figure, *, of="FPT-7", unit=Unit.CUSTOMERS, status="broken"):
    with translation.override("en"):
        return rounded(status, figure, unit, of=of)


def changes(of):
    """Return the figures up to 60 at which what is published becomes another."""
    return [n for n in range(1, 61) if published(n, of=of) != published(n - 1, of=of)]


def test_of_few_people_nothing_is_published_but_that_they_are_few():
    assert {published(number) for number in range(10)} == {"fewer than 20 customers"}


def test_numbers_of_people_are_published_in_tens_that_are_true():
    for number in range(10, 2_000):
        words = published(number)
        told = int("".join(filter(str.isdigit, words)))
        if words.startswith("fewer"):
            assert number < told == 20
        else:
            assert told <= number < told + 20


def test_at_which_number_the_published_one_changes_is_a_secret_of_each_promise(settings):
    known = {code: changes(code) for code in (f"FPT-{number}" for number in range(1, 23))}

    first = {numbers[0] for numbers in known.values()}
    assert len(first) > 5
    assert first <= set(range(10, 20))
    for numbers in known.values():
        assert {later - earlier for earlier, later in pairwise(numbers)} == {10}
    settings.SECRET_KEY = "another" * 9
    assert {code: changes(code) for code in known} != known


def test_of_a_kept_promise_no_number_of_people_is_published():
    assert published(0, status="kept") == ""
    assert published(None) == ""


@pytest.mark.parametrize("unit", ["complaints", "consents", "uses", "mails"])
def test_numbers_of_cases_are_published_rounded(unit):
    assert published(3, unit=unit) == f"fewer than 20 {unit}".replace("uses", "uses of data")


def test_numbers_that_are_about_nobody_are_published_as_they_are():
    assert published(1, unit=Unit.VERSIONS) == "1 policy version"
    assert published(3, unit=Unit.RECIPIENTS) == "3 recipients"
    assert published(0, unit=Unit.VERSIONS, status="kept") == "0 policy versions"


@pytest.mark.parametrize("unit", list(Unit))
def test_every_unit_is_written_out(unit):
    with translation.override("en"):
        assert exact(2, unit) == f"2 {unit.label}"
