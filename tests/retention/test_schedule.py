"""The schedule of deletions: numbers, the approval of all of it, and what if."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.dateformat import format as date_format

from accounts.models import Customer
from policies.counting import add_months, local_day, midnight
from policies.models import RetentionRule
from privacyportal.roles import AUDITOR, COMPLAINT_OFFICER, DPO
from retention.models import PurgeApproval, RetentionDecision
from retention.schedule import columns, schedule
from tests.clients import PortalClient
from tests.factories import close_in_the_past, make_customer, make_hold, make_staff
from tests.retention.kept_rows import make_rule, notice

pytestmark = pytest.mark.django_db

PAGE = "/admin/retention/schedule/"
DAY = timedelta(days=1)


def signed_in(role):
    client = PortalClient()
    client.force_login(make_staff(role, staff_name="Trần Minh Quân"))
    client.cookies["django_language"] = "en"
    return client


def rule_of(category, trigger="created"):
    return RetentionRule.objects.get(category=category, trigger=trigger, valid_to=None)


def line_of(rule, today):
    (line,) = (each for each in schedule(today) if each.rule == rule)
    return line


def test_a_line_counts_what_falls_due_to_the_day():
    today = date(2026, 11, 29)
    rule, customer, held = rule_of("notice"), make_customer(), make_customer()
    for ahead, whose in ((0, customer), (0, held), (1, customer), (30, customer), (90, customer)):
        last = today + ahead * DAY - DAY  # over on that day
        notice(whose, midnight(add_months(last, -12)) + timedelta(seconds=ahead))
    make_hold(held)

    line = line_of(rule, today)

    assert (line.due, line.held, line.next_day) == ([2, 4, 4, 5], 1, today)
    assert (line.weeks[0], sum(line.weeks)) == (1, 3)
    assert line.may_be_approved

    empty = line_of(rule_of("visit"), today)
    assert (empty.due, empty.next_day) == ([0, 0, 0, 0], None)
    assert line_of(rule, today - 40 * DAY).next_day == today
    assert line_of(rule, today + 40 * DAY).next_day == today  # the day itself, once it is over
    due, *weeks = columns([line, empty], today)
    assert (due.number, sum(each.number for each in weeks)) == (2, 3)


def test_closed_accounts_are_on_it_by_the_day_that_they_were_told():
    customer = make_customer()
    close_in_the_past(customer, 350)
    customer.refresh_from_db()
    today = local_day(timezone.now())

    line = line_of(customer.closing_rule, today)

    assert (line.due, line.next_day) == ([0, 1, 1, 1], customer.kept_until + DAY)
    Customer.objects.update(kept_until=today - 3 * DAY)
    close_in_the_past(make_customer(), 300)
    dpo = signed_in(DPO)
    page = dpo.get(PAGE).text
    assert f"overdue since {date_format(today - 2 * DAY, 'j M Y')}" in page
    links = re.findall(r'href="(/admin/accounts/customer/\?scheduled=[^"]+)"', page)
    assert [dpo.get(link).context_data["cl"].result_count for link in links] == [1, 1, 1, 2]
    assert dpo.get(f"{links[0]}x").url.endswith("?e=1")
    assert "/admin/accounts/customer/?" not in signed_in(AUDITOR).get(PAGE).text


def test_the_dpo_looks_and_approves_all_at_once_and_a_changed_rule_anew():
    dpo, rule = signed_in(DPO), rule_of("notice")
    notice(make_customer(), timezone.now() - 400 * DAY)
    page = dpo.get(PAGE)
    assert "rules wait for your approval" in page.text
    assert "E-commerce Law 122/2025/QH15" in page.text
    assert re.search(r"report only", page.text)

    step = dpo.get(f"{PAGE}approve/")
    assert "On hold" in step.text
    rules = step.context_data["form"]["rules"].value()
    assert rule.pk in rules
    late = make_rule("call_recording", "created", 6, approved=False)
    refused = dpo.post(f"{PAGE}approve/", {"rules": [*rules, 10**6]})
    assert "The schedule has changed" in refused.text
    assert not PurgeApproval.objects.exists()

    assert dpo.post(f"{PAGE}approve/", {"rules": rules}).url == PAGE
    approved = set(PurgeApproval.objects.values_list("rule", flat=True))
    assert approved == set(rules)
    assert [each.rule for each in schedule(local_day(timezone.now())) if each.may_be_approved] == [
        late
    ]


@pytest.mark.parametrize(
    ("role", "sees"), [(DPO, True), (AUDITOR, True), (COMPLAINT_OFFICER, False)]
)
def test_what_if_shows_more_or_less_and_writes_nothing(role, sees):
    rule = rule_of("notice")
    for days in (200, 300, 400):
        notice(make_customer(), timezone.now() - days * DAY)
    client = signed_in(role)

    with CaptureQueriesContext(connection) as asked:
        page = client.get(PAGE, {"rule": rule.pk, "months": 6})
    assert (page.status_code == 200) is sees
    if sees:
        supposed = page.context_data["supposed"]
        assert (supposed.now, supposed.ahead) == (3, 3)
        assert "3, 2 more than under the rule as it is" in page.text
        assert "3, 1 more than under the rule as it is" in page.text
        longer = client.get(PAGE, {"rule": rule.pk, "months": 20}).text
        assert "0, 1 fewer than under the rule as it is" in longer
        wrote = [
            q["sql"] for q in asked.captured_queries if re.match("INSERT|UPDATE|DELETE", q["sql"])
        ]
        assert not [sql for sql in wrote if "retention" in sql or "notices" in sql]
        for nonsense in (
            {"rule": rule.pk, "months": "-1"},
            {"rule": "0", "months": "6"},
            {"months": "x"},
        ):
            refused = client.get(PAGE, nonsense)
            assert (refused.status_code, refused.context_data["supposed"]) == (200, None)
            assert refused.context_data["form"].errors
    if role != DPO:
        assert client.get(f"{PAGE}approve/").status_code == 403
        assert client.post(f"{PAGE}approve/", {"rules": [rule.pk]}).status_code == 403
        assert not PurgeApproval.objects.exists()
        assert not RetentionDecision.objects.exists()
