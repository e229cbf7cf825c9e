"""Rows that go by a period of their own: on their day, under an approved rule, unless kept."""

import csv
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from casework.models import Case, CaseEvent, Clock, Evidence
from common.erasure import allow_erasure
from common.models import DoomedFile
from common.periods import expiries, expiry_named
from complaints.models import Complaint, ComplaintLink
from enquiries.models import Enquiry, ErasedEnquiries
from notices.models import Notice
from policies.counting import first_kept, local_day, midnight
from policies.models import RetentionRule
from policies.periods import kept_too_long, yesterday
from retention import batches
from retention.models import LegalHold, PurgeRun, RetentionStatistic
from retention.services import release_hold
from retention.statistics import hide_small, tables
from retention.sweeps import SweepFailed, sweep
from tests.factories import approve, make_complaint, make_customer, make_hold, make_user
from tests.processes import run_apart
from tests.retention.kept_rows import ROWS, make_rule, notice
from tests.retention.postgres import hanging_up
from tests.threads import at_once, until_somebody_waits

pytestmark = pytest.mark.django_db

CASES = Path(__file__).parent.parent / "reference" / "retention_cases.csv"
LEAP_DAY = datetime.fromisoformat("2024-02-28T17:30:00Z")  # 00:30 on the 29th, here
DAY = timedelta(days=1)


def moment(text):
    return datetime.fromisoformat(text)


def the_rule(name, months, **values):
    """The one rule that judges these rows; that of the profile was never in force."""
    expiry = expiry_named(name)
    of_the_profile = RetentionRule.objects.filter(category=expiry.category, trigger=expiry.trigger)
    of_the_profile.update(valid_to=F("valid_from") - DAY)
    return make_rule(expiry.category, expiry.trigger, months, **values)


def is_there(row):
    return type(row)._base_manager.filter(pk=row.pk).exists()


def runs_of(rule):
    return PurgeRun.objects.filter(rule=rule)


def test_what_began_then_is_kept_as_the_reference_says():
    with CASES.open() as lines:
        cases = list(csv.DictReader(lines))
    wrong = []
    for case in cases:
        begun = date.fromisoformat(case["closed_local_date"])
        last = date.fromisoformat(case["retain_until_date"])
        months = int(case["months"])
        if not first_kept(last, months) <= begun < first_kept(last + DAY, months):
            wrong.append(case["case_id"])

    assert (len(cases), wrong) == (14, [])


def test_each_table_that_goes_by_a_rule_is_tried_here():
    by_rule = {each.name for each in expiries() if each.trigger}

    # Of ended services no row goes: their destruction is ordered (tests/hosting/test_orders.py).
    assert by_rule == {*ROWS, "devices_created", "ended_services"}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_goes_the_day_after_its_last_and_only_once_its_rule_is_approved(name):
    rule = the_rule(name, 1 if name == "identity_proofs" else 12, approved=False)
    last = date(2024, 3, 29) if name == "identity_proofs" else date(2025, 2, 28)
    row = ROWS[name](make_customer(), LEAP_DAY)
    over = midnight(last + DAY)

    (first,) = [run for run in sweep(at=over) if run.rule == rule]
    assert (first.only_reported, first.due, first.going, first.erased) == (True, 1, 1, 0)
    approve(rule)
    sweep(at=over - timedelta(seconds=1))
    assert is_there(row)

    sweep(at=over)
    sweep(at=over)

    assert not is_there(row)
    assert list(runs_of(rule).order_by("pk").values_list("due", "erased")) == [
        (1, 0),
        (0, 0),
        (1, 1),
        (0, 0),
    ]


@pytest.mark.parametrize("name", [n for n in ROWS if expiry_named(n).customer])
def test_a_legal_hold_keeps_a_row_until_it_is_released(name):
    rule = the_rule(name, 1)
    customer = make_customer()
    row, other = ROWS[name](customer, LEAP_DAY), ROWS[name](make_customer(), LEAP_DAY + DAY)
    hold = make_hold(customer)

    sweep()
    run = runs_of(rule).get()
    assert (run.due, run.held, run.erased, is_there(row), is_there(other)) == (2, 1, 1, True, False)
    late = kept_too_long(expiry_named(name), yesterday())
    assert {why: rows.count() for why, rows in late.items()} == {
        "late": 0,
        "unapproved": 0,
        "held": 1,
    }

    release_hold(hold, reason="xong", by=make_user(is_staff=True))
    sweep()
    assert is_there(row)  # for a day more
    LegalHold.objects.filter(pk=hold.pk).update(released_at=timezone.now() - DAY)
    sweep()
    assert not is_there(row)


def test_what_keeps_evidence_keeps_the_complaint_that_would_take_it_along():
    rule = the_rule("complaints", 1)
    held = make_customer()
    row, other = (ROWS["evidence"](each, LEAP_DAY) for each in (held, make_customer()))
    make_hold(held, category="evidence")

    sweep()

    run = runs_of(rule).get()
    assert (run.due, run.held, run.erased, is_there(row), is_there(other)) == (2, 1, 1, True, False)
    allow_erasure()
    with pytest.raises(IntegrityError, match="legal hold"):
        Evidence._base_manager.filter(pk=row.pk)._raw_delete("default")


def test_an_open_case_keeps_what_it_may_need_of_its_customer():
    rules = [the_rule(name, 1) for name in ("evidence", "identity_proofs", "calls")]
    customer = make_customer()
    rows = [ROWS[name](customer, LEAP_DAY) for name in ("evidence", "identity_proofs", "calls")]
    others = [
        ROWS[name](make_customer(), LEAP_DAY + DAY)
        for name in ("evidence", "identity_proofs", "calls")
    ]
    open_one = make_complaint(customer=customer)
    spoken_of = Complaint.objects.get(pk=rows[0].case_id)
    by = make_user(is_staff=True)
    ComplaintLink.objects.create(earlier=spoken_of, later=open_one, kind="related", by=by)

    sweep()

    assert [is_there(row) for row in (*rows, *others)] == [True] * 3 + [False] * 3
    assert [runs_of(rule).get().deferred for rule in rules] == [{"open case": 1}] * 3
    late = kept_too_long(expiry_named("calls"), local_day(timezone.now()))
    assert [rows.count() for rows in late.values()] == [0, 0, 0]


def test_a_paper_goes_on_the_day_that_was_told_also_where_no_rule_judges_it():
    RetentionRule.objects.filter(category="identity_proof").update(valid_to=date(2024, 7, 1))
    told, judged_row = (
        ROWS["identity_proofs"](make_customer(), moment(day))
        for day in ("2026-08-15T05:00:00Z", "2024-06-15T05:00:00Z")
    )
    last = told.kept_until

    sweep(at=midnight(last))
    assert is_there(told)
    sweep(at=midnight(last + DAY))

    assert not is_there(told)
    assert is_there(judged_row)  # its rule is not approved


def test_a_row_is_judged_by_the_rule_of_the_day_on_which_its_period_began():
    the_rule("notices", 6, valid_to=date(2026, 6, 30))
    shorter = make_rule("notice", "created", 1, valid_from=date(2026, 7, 1))
    customer = make_customer()
    before = notice(customer, moment("2026-06-30T16:59:00Z"))  # 23:59
    after = notice(customer, moment("2026-06-30T17:00:00Z"))
    earliest = notice(customer, moment("2019-01-01T00:00:00Z"))

    sweep(at=moment("2026-08-01T17:00:00Z"))
    assert [is_there(each) for each in (before, after, earliest)] == [True, False, False]
    assert runs_of(shorter).get().erased == 1

    sweep(at=moment("2026-12-30T16:59:00Z"))
    assert is_there(before)
    sweep(at=moment("2026-12-30T17:00:00Z"))
    assert not is_there(before)


def test_a_later_rule_that_is_not_approved_keeps_none_of_what_began_before_it():
    the_rule("notices", 1, valid_to=date(2026, 6, 30))
    make_rule("notice", "created", 0, valid_from=date(2026, 7, 1), approved=False)
    customer = make_customer()
    before, after = (notice(customer, moment(f"2026-0{n}-15T05:00:00Z")) for n in (6, 7))

    sweep()

    assert [is_there(before), is_there(after)] == [False, True]


def test_a_closed_complaint_goes_whole_and_an_open_one_keeps_what_it_speaks_of():
    the_rule("complaints", 1)
    customer = make_customer()
    gone, needed = (ROWS["complaints"](customer, LEAP_DAY) for _ in range(2))
    with_file = ROWS["evidence"](customer, LEAP_DAY)
    open_one = make_complaint(customer=customer)
    ComplaintLink.objects.create(
        earlier=needed, later=open_one, kind="related", by=make_user(is_staff=True)
    )

    sweep()

    assert set(Complaint.objects.all()) == {needed, open_one}
    for table in (Case, Complaint.history.model):
        assert set(table.objects.values_list("pk" if table is Case else "case_ptr", flat=True)) == {
            needed.pk,
            open_one.pk,
        }
    assert not CaseEvent.objects.filter(case=gone.pk).exists()
    assert not Clock.objects.filter(case=gone.pk).exists()
    assert not Evidence.objects.exists()
    assert DoomedFile.objects.filter(path=str(with_file.file)).exists() is False  # swept already


def test_an_enquiry_leaves_a_number_and_waits_for_its_mail():
    rule = the_rule("enquiries", 1)
    gone, waiting = (ROWS["enquiries"](None, LEAP_DAY) for _ in range(2))
    Notice.objects.filter(recipient=waiting.public_id).update(state="queued", sent_at=None)

    sweep()

    assert list(Enquiry.objects.all()) == [waiting]
    assert not Notice.objects.filter(recipient=gone.public_id).exists()
    assert not Enquiry.history.filter(id=gone.pk).exists()
    assert ErasedEnquiries.objects.get().dismissed == 1
    run = runs_of(rule).get()
    assert (run.due, run.erased, run.deferred) == (2, 1, {"mail on its way": 1})


def test_one_broken_row_keeps_no_other(monkeypatch):
    rule = the_rule("notices", 1)
    rows = [notice(make_customer(), LEAP_DAY + n * DAY) for n in range(3)]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.no() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'no'; END $$;"
            " CREATE TRIGGER no BEFORE DELETE ON notices_notice FOR EACH ROW"
            f" WHEN (OLD.id = {rows[1].pk}) EXECUTE FUNCTION pg_temp.no()"
        )

    with pytest.raises(SweepFailed):
        sweep()

    assert [is_there(row) for row in rows] == [False, True, False]
    run = runs_of(rule).get()
    assert (run.due, run.erased, run.failed) == (3, 2, 1)


ONE_BY_ONE = """
from retention import batches, sweeps
batches.BATCH = 1
sweeps.sweep()
"""


def test_a_cut_or_killed_sweep_is_continued_and_two_at_once_share_the_rows(portal):
    rule = the_rule("notices", 1)
    lost, *_others = (notice(make_customer(), LEAP_DAY + n * DAY) for n in range(3))
    cut_off = hanging_up("DELETE ON notices_notice", f"OLD.id = {lost.pk}")
    with cut_off, pytest.raises(SweepFailed):
        sweep()
    cut = runs_of(rule).get()
    assert (cut.due, cut.erased, cut.failed, is_there(lost)) == (3, 2, 1, True)

    rows = [lost, *(notice(make_customer(), LEAP_DAY + n * DAY) for n in range(3, 8))]
    with transaction.atomic():
        Notice.objects.select_for_update().get(pk=rows[3].pk)
        process = run_apart(ONE_BY_ONE.replace("sweeps.sweep()", WAITING))
        until_somebody_waits()
        process.kill()
        process.wait()
    killed = runs_of(rule).first()
    assert (killed.erased, killed.finished_at, Notice.objects.count()) == (3, None, 3)

    batches.BATCH = 1
    at_once(*[sweep] * 2)
    batches.BATCH = 500

    assert not Notice.objects.exists()
    assert sum(runs_of(rule).values_list("erased", flat=True)) == 8


# A sweep waits for nobody; this one is made to, so that it can be killed where we want.
WAITING = """
from django.db import transaction
from notices.models import Notice
erase = sweeps._erase_batch
def wait_first(expiry, going, run, keys):
    with transaction.atomic():
        list(Notice.objects.filter(pk__in=keys).select_for_update())
    erase(expiry, going, run, keys)
sweeps._erase_batch = wait_first
sweeps.sweep()
"""


def test_a_hold_that_is_placed_meanwhile_is_seen_or_waited_for(portal):
    the_rule("notices", 1)
    customer = make_customer()
    row = notice(customer, LEAP_DAY)
    with transaction.atomic():
        make_hold(customer)  # its foreign key holds the customer, as placing one does
        type(customer).objects.select_for_update().get(pk=customer.pk)
        at_once(sweep)
    assert is_there(row)
    sweep()
    assert is_there(row)
    assert local_day(timezone.now()) > local_day(LEAP_DAY)


def test_a_rule_of_statistics_leaves_numbers_of_groups_and_no_key_back():
    the_rule("notices", 1, action="pseudonymise")
    for n in range(12):
        notice(make_customer(), LEAP_DAY + n * DAY / 24)  # all of February here, as we count
    Notice.objects.filter(pk=Notice.objects.latest("pk").pk).update(template="new_device")
    notice(make_customer(), LEAP_DAY + DAY)

    sweep()
    sweep()

    columns = "category", "month", "facet", "number"
    assert list(RetentionStatistic.objects.order_by("month", "facet").values_list(*columns)) == [
        ("notice", date(2024, 2, 1), "details_changed", 11),
        ("notice", date(2024, 2, 1), "new_device", 1),
        ("notice", date(2024, 3, 1), "details_changed", 1),
    ]
    (table,) = tables()
    assert table.lines == [
        (date(2024, 3, 1), [None, 0], None),
        (date(2024, 2, 1), [None, None], 12),
    ]


@pytest.mark.parametrize(
    ("numbers", "shown", "total"),
    [
        ([10, 20], [10, 20], 30),
        ([9, 20, 50], [None, None, 50], 79),  # one alone would follow from the total
        ([1, 2, 50], [None, None, None], 53),  # and so would a small sum
        ([4, 7, 50], [None, None, 50], 61),
        ([9, 0], [None, 0], None),
        ([3, 3], [None, None], None),
        ([0, 12], [0, 12], 12),
    ],
)
def test_a_small_group_is_not_had_by_subtraction(numbers, shown, total):
    assert hide_small(numbers) == (shown, total)
