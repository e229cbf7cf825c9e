import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import DataError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.models import AccessRecord
from accounts.models import Customer, User
from accounts.sessions import forget_ended_sessions
from common import personal_data
from common.encryption.files import SealedFile
from common.encryption.sealing import DecryptionError
from common.models import DoomedFile, FileKey, JobStatus
from common.personal_data import declarations
from complaints.models import Complaint, ComplaintState
from notices.models import Notice
from notices.services import queue_notice, queue_rendered
from policies.loading import load_profile
from policies.models import RetentionRule
from policies.retention import rule_after_closing
from privacyportal.roles import COMPLAINT_OFFICER
from retention import purge
from retention.exceptions import HoldRefused, PurgeUnfinished
from retention.models import PurgeFailure, PurgeRun, Tombstone
from retention.services import place_hold
from retention.tasks import PURGE, SWEEP
from tests.factories import (
    approve,
    close_in_the_past,
    make_complaint,
    make_customer,
    make_evidence,
    make_hold,
    make_staff,
)
from tests.retention.planting import make_full_customer

pytestmark = pytest.mark.django_db

CANARY = "zqvkxwpfhdnt"


@pytest.fixture
def approved(db):
    return approve(rule_after_closing(timezone.localdate()))


def tables_holding(text):
    """Every column of every table, searched as text."""
    found = set()
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text ILIKE %s", [f"%{text}%"])
            if cursor.fetchone()[0]:
                found.add(model._meta.label)
    return found


def files_holding(text):
    """The stored files in which the keys that there are open this text."""
    keys = [key.secret for key in FileKey.objects.all()]
    return [path for path in stored_files() if text in opened(path, keys)]


def stored_files():
    return list(Path(settings.MEDIA_ROOT).glob("*/*/*"))


def opened(path, keys):
    name = path.relative_to(settings.MEDIA_ROOT).as_posix()
    for key in keys:
        with suppress(DecryptionError), SealedFile(path.open("rb"), key, name) as file:
            return file.read().decode()
    return ""


def test_everything_of_a_due_customer_goes_and_nothing_of_a_neighbour(approved):
    due = make_full_customer(CANARY, closed_days_ago=370)
    neighbour = make_full_customer("zqneighbour", closed_days_ago=300)
    assert tables_holding(CANARY) >= {
        "accounts.Customer",
        "accounts.HistoricalCustomer",
        "accounts.User",
        "accounts.HistoricalUser",
        "account.EmailAddress",
        "mfa.Authenticator",
        "sessions.Session",
        "usersessions.UserSession",
        "complaints.Complaint",
        "complaints.HistoricalComplaint",
        "casework.Evidence",
        "casework.HistoricalEvidence",
    }
    assert len(files_holding(CANARY)) == 2

    (run,) = purge.purge_closed_accounts()

    assert (run.due, run.erased, run.failed, run.only_reported) == (1, 1, 0, False)
    assert run.residue == []
    assert tables_holding(CANARY) == set()
    assert files_holding(CANARY) == []
    assert len(stored_files()) == 2
    assert tables_holding(due.public_id) == {"retention.Tombstone", "access.AccessRecord"}
    assert not DoomedFile.objects.exists()
    assert Customer.objects.get() == neighbour
    assert len(tables_holding("zqneighbour")) >= 11
    assert len(files_holding("zqneighbour")) == 2


def test_every_declared_table_is_emptied_of_the_customer(approved):
    due = make_full_customer(CANARY, closed_days_ago=370)
    empty_before = {d.model._meta.label for d in declarations() if not d.about([due.pk]).exists()}

    purge.purge_closed_accounts()

    # What the fixture cannot plant is written out, so that nothing new goes unnoticed.
    assert empty_before == {
        "account.EmailConfirmation",
        *("enquiries.ClosedSender", "retention.LegalHold"),  # nobody goes while there is one
    }
    for declaration in declarations():
        assert not declaration.about([due.pk]).exists(), declaration.model


def test_logins_go_first_then_rows_then_histories_then_the_log_and_files_last(approved):
    due = make_full_customer(CANARY, closed_days_ago=370)
    logged = LogEntry.objects.create(
        user=make_staff(COMPLAINT_OFFICER),
        content_type=ContentType.objects.get_for_model(Customer),
        object_id=str(due.pk),
        object_repr="x",
        action_flag=CHANGE,
    )
    with CaptureQueriesContext(connection) as captured:
        purge.purge_closed_accounts()

    statements = [re.match(r'(DELETE FROM|INSERT INTO) "(\w+)"', q["sql"]) for q in captured]
    touched = [m[2] for m in statements if m]
    opening = {d.model._meta.db_table for d in declarations() if d.opens}
    rows = {d.model._meta.db_table for d in declarations() if not d.opens}
    past = {d.history._meta.db_table for d in declarations() if d.history}

    def first(tables):
        return min(touched.index(table) for table in tables if table in touched)

    def last(tables):
        return max(n for n, table in enumerate(touched) if table in tables)

    assert touched.index("django_session") == first(set(touched) - {"retention_purgerun"})
    assert last({"common_doomedfile"}) > last({"retention_tombstone"})
    # The last of what the registry does not reach are sign-ins that a merge gave up.
    touched = touched[touched.index("accounts_user") + 1 : touched.index("retention_tombstone")]
    assert last(opening) < first(rows)
    assert last(rows) < first(past)
    assert last(past) < touched.index("django_admin_log")
    assert not LogEntry.objects.filter(pk=logged.pk).exists()


def test_whoever_has_no_address_takes_nobodys_notices_along(approved):
    other = make_customer()
    queue_notice("details_changed", recipient=other.public_id, key="k")
    due = make_customer(email="", user=None)
    close_in_the_past(due, 370)

    purge.purge_closed_accounts()

    assert not Customer.objects.filter(pk=due.pk).exists()
    assert Notice.objects.get().recipient == other.public_id


def test_the_tombstone_says_that_there_was_one_and_nothing_more(approved):
    due = make_full_customer(CANARY, closed_days_ago=370)

    (run,) = purge.purge_closed_accounts()

    stone = Tombstone.objects.get(public_id=due.public_id)
    assert (stone.run, stone.rule) == (run, approved.rule)
    assert stone.retained_until < timezone.localdate()
    assert run.counts["accounts.Customer"] == 1
    assert run.counts["complaints.Complaint"] == 2


def test_of_records_that_became_one_each_public_id_has_a_tombstone(approved):
    due = make_full_customer(CANARY, closed_days_ago=370)
    former = due.merges.get(state="merged").duplicate_public_id

    (run,) = purge.purge_closed_accounts()

    ids = Tombstone.objects.values_list("public_id", flat=True)
    assert (run.erased, set(ids)) == (1, {due.public_id, former})


def test_without_the_dpos_approval_a_run_only_reports():
    make_full_customer(CANARY, closed_days_ago=370)

    (run,) = purge.purge_closed_accounts()

    assert (run.due, run.erased, run.only_reported) == (1, 0, True)
    assert Customer.objects.count() == 1
    assert not Tombstone.objects.exists()


def test_a_dry_run_says_what_a_true_run_would_do_and_does_nothing(capsys):
    customer = make_customer(closed_days_ago=370)

    def told(*args):
        call_command("purge", *args)
        return capsys.readouterr().out.splitlines()

    def succeeded():
        return set(JobStatus.objects.exclude(succeeded_at=None).values_list("name", flat=True))

    *_some, verdict, following = told("--dry-run", "--language", "vi")
    assert verdict == "Nếu chạy thật bây giờ, sẽ xóa: tài khoản đã đóng 0, dữ liệu khác 0."
    assert following.endswith("/admin/retention/schedule/")
    approve(customer.closing_rule)
    first, *some, verdict, following = told("--dry-run")
    assert first == "Account and sign-in: 12 months after the account is closed"
    assert some[:2] == ["  approved by the DPO", "  due 1, to be erased 1"]
    assert [line for line in some if not line.startswith(" ")] == []  # no rule with nothing due
    assert verdict == "A true run would erase now: closed accounts 1, other rows 0."
    assert following == "Next: wait for the nightly jobs, or run purge."
    assert (Customer.objects.count(), succeeded()) == (1, set())

    assert told()[-1] == "Erased: closed accounts 1, other rows under a rule 0."
    assert succeeded() == {PURGE, SWEEP}  # as after the nightly jobs


def test_each_account_goes_by_the_rule_under_which_it_was_closed(approved):
    make_customer(closed_days_ago=370)
    load_profile("speedsms")  # its rule deletes at once, and was never approved
    make_customer(closed_days_ago=2)

    first, second = purge.purge_closed_accounts()

    assert (first.rule, first.erased, first.only_reported) == (approved.rule, 1, False)
    assert (second.rule.months, second.due, second.only_reported) == (0, 1, True)
    assert second.rule.term == "xóa ngay khi khách hàng yêu cầu xóa"
    assert Customer.objects.get().closing_rule == second.rule


def test_a_longer_rule_keeps_nobody_beyond_the_day_they_were_told(approved):
    told = make_customer(closed_days_ago=370).kept_until
    today = timezone.localdate()
    longer = RetentionRule.objects.get(pk=approved.rule.pk)
    RetentionRule.objects.filter(pk=longer.pk).update(valid_to=today - timedelta(days=1))
    longer.pk, longer._state.adding = None, True
    longer.months, longer.valid_from = 36, today
    longer.save()

    purge.purge_closed_accounts()

    assert Tombstone.objects.get().retained_until == told


def test_a_report_says_what_would_go_from_each_table(capsys):
    make_full_customer(CANARY, closed_days_ago=370)

    (run,) = purge.purge_closed_accounts()

    assert run.counts["complaints.Complaint"] == 2
    assert run.counts["usersessions.UserSession"] == 1
    call_command("purge")
    assert "the DPO has not approved this rule" in capsys.readouterr().out


def test_a_dry_run_leaves_the_files_of_erased_rows_alone(approved):
    evidence = make_evidence(make_complaint(customer=make_customer(closed_days_ago=370)))
    with transaction.atomic():
        purge.erase([evidence.case.customer_id])

    call_command("purge", "--dry-run")

    assert default_storage.exists(evidence.file.name)


def test_no_session_and_no_queued_mail_remembers_the_erased(approved, client):
    customer = make_full_customer(CANARY, closed_days_ago=370)
    queue_rendered("sign_in", address=customer.email, subject="x", body=CANARY)
    Session.objects.create(  # of a sign-up that was never finished
        session_key="pending",
        session_data=Session.objects.encode({"email": customer.email}),
        expire_date=timezone.now() - timedelta(hours=1),
    )

    forget_ended_sessions()
    purge.purge_closed_accounts()

    assert tables_holding(CANARY) == set()
    decoded = [session.get_decoded() for session in Session.objects.all()]
    assert CANARY not in str(decoded)


class TestUnverifiedSignUps:
    @pytest.fixture
    def unverified(self, db):
        week_ago = timezone.now() - timedelta(days=8)
        return make_customer(full_name=CANARY, opened_at=week_ago)

    def test_are_erased_after_a_week(self, unverified):
        assert purge.erase_unverified_sign_ups() == 1
        assert purge.erase_unverified_sign_ups() == 0
        assert tables_holding(CANARY) == set()

    def test_are_left_a_week_to_prove_their_address(self, unverified):
        Customer.objects.update(opened_at=timezone.now() - timedelta(days=6))
        assert purge.erase_unverified_sign_ups() == 0

    def test_with_a_proven_address_are_customers(self, unverified):
        EmailAddress.objects.create(user=unverified.user, email="a@example.com", verified=True)
        assert purge.erase_unverified_sign_ups() == 0
        assert Customer.objects.get() == unverified

    def test_one_of_them_that_is_broken_does_not_keep_the_others(self, unverified):
        broken = make_customer(opened_at=unverified.opened_at)
        break_erasure_of(broken)

        assert purge.erase_unverified_sign_ups() == 1
        assert Customer.objects.get() == broken

    def test_stay_under_a_legal_hold(self, unverified):
        make_hold(unverified)
        assert purge.erase_unverified_sign_ups() == 0


@pytest.mark.parametrize(
    ("closed", "now", "due"),
    [
        # the last moment of the last day in Viet Nam, then the first after it
        ("2024-02-29T03:00Z", "2025-02-28T16:59:59Z", 0),
        ("2024-02-29T03:00Z", "2025-02-28T17:00:00Z", 1),
        # closed at 00:30 on 1 January in Viet Nam, which is still December in UTC
        ("2025-12-31T17:30Z", "2027-01-01T16:59:59Z", 0),
        ("2025-12-31T17:30Z", "2027-01-01T17:00:00Z", 1),
    ],
)
def test_twelve_months_end_with_their_last_local_day(approved, closed, now, due):
    closed_at = datetime.fromisoformat(closed)
    customer = make_customer(closed_at=closed_at, opened_at=closed_at - timedelta(days=1))

    (run,) = purge.purge_closed_accounts(at=datetime.fromisoformat(now))

    assert run.erased == due
    assert Customer.objects.filter(pk=customer.pk).exists() != bool(due)


def test_open_accounts_are_never_due(approved):
    make_customer(opened_at=datetime(2001, 1, 1, tzinfo=UTC))
    assert purge.purge_closed_accounts()[0].due == 0


def test_a_legal_hold_keeps_everything_until_it_is_released(approved):
    customer = make_full_customer(CANARY, closed_days_ago=370)
    hold = make_hold(customer)
    before = tables_holding(CANARY)

    (run,) = purge.purge_closed_accounts()

    assert (run.due, run.erased, run.held) == (1, 0, 1)
    assert tables_holding(CANARY) == before

    hold.released_by, hold.released_at = make_staff(COMPLAINT_OFFICER), timezone.now()
    hold.save()
    assert purge.purge_closed_accounts()[0].erased == 0  # a day in which to see a mistake
    hold.released_at -= timedelta(days=1)
    hold.save()
    assert purge.purge_closed_accounts()[0].erased == 1
    assert tables_holding(CANARY) == set()


def test_the_database_refuses_to_delete_a_held_customer_whoever_asks():
    customer = make_customer(closed_days_ago=370)
    make_hold(customer)

    with pytest.raises(IntegrityError, match="legal hold"), transaction.atomic():
        Customer.objects.filter(pk=customer.pk)._raw_delete("default")
    with pytest.raises(IntegrityError, match="legal hold"), transaction.atomic():
        customer.legal_holds.all()._raw_delete("default")

    assert Customer.objects.filter(pk=customer.pk).exists()


def test_an_open_case_defers_the_purge_and_is_counted(approved):
    customer = make_customer(closed_days_ago=370)
    complaint = make_complaint(customer=customer)

    (run,) = purge.purge_closed_accounts()

    assert (run.erased, run.deferred) == (0, {"open case": 1})
    assert Complaint.objects.get() == complaint


def test_the_purge_finds_notices_by_their_address_through_an_index(approved):
    make_customer(closed_days_ago=370)
    with CaptureQueriesContext(connection) as captured:
        purge.purge_closed_accounts()
    deleting = [each["sql"] for each in captured if 'DELETE FROM "notices_notice"' in each["sql"]]

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plans = []
        for sql in deleting:
            cursor.execute(f"EXPLAIN {sql}")
            plans.append(" ".join(row for (row,) in cursor.fetchall()))
    assert ["notice_recipient" in plan for plan in plans] == [True, False]
    assert ["notice_address" in plan for plan in plans] == [False, True]


def break_erasure_of(customer, code="data_exception"):
    break_change(f"DELETE ON accounts_customer FOR EACH ROW WHEN (OLD.id = {customer.pk})", code)


def break_change(change, code="data_exception"):
    """Make a fault that only the database sees."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE FUNCTION pg_temp.{code}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION 'broken' USING ERRCODE = '{code}'; END $$"
        )
        cursor.execute(f"CREATE TRIGGER {code} BEFORE {change} EXECUTE FUNCTION pg_temp.{code}()")


def test_a_rule_whose_run_cannot_begin_keeps_no_other(approved):
    first = make_customer(closed_days_ago=370)
    RetentionRule.objects.filter(pk=approved.rule.pk).update(valid_to=timezone.localdate())
    load_profile("speedsms")
    customer = make_customer(closed_days_ago=2)
    approve(customer.closing_rule)
    assert approved.rule.pk < customer.closing_rule.pk
    rule = f"WHEN (NEW.rule_id = {approved.rule.pk})"
    break_change(f"INSERT ON retention_purgerun FOR EACH ROW {rule}")

    with pytest.raises(DataError, match="broken"):
        purge.purge_closed_accounts()

    assert Customer.objects.get() == first
    run = PurgeRun.objects.get()
    assert (run.rule, run.erased, run.searched_at is not None) == (customer.closing_rule, 1, True)


def test_one_broken_customer_does_not_keep_the_others(approved):
    held = make_customer(closed_days_ago=380)
    others = [make_customer(closed_days_ago=370 + n) for n in range(3)]
    break_erasure_of(held)

    (run,) = purge.purge_closed_accounts()

    assert (run.due, run.erased, run.failed) == (4, 3, 1)
    assert Customer.objects.get() == held
    assert Tombstone.objects.count() == len(others)


def test_run_twice_it_erases_once(approved):
    make_full_customer(CANARY, closed_days_ago=370)

    assert [purge.purge_closed_accounts()[0].erased for _ in range(2)] == [1, 0]
    assert PurgeRun.objects.count() == 2


def test_a_file_left_by_a_killed_run_goes_with_the_next(approved):
    complaint = make_complaint(customer=make_customer(closed_days_ago=370))
    complaint.move_to(ComplaintState.WITHDRAWN)
    complaint.save()
    evidence = make_evidence(complaint)
    with transaction.atomic():
        purge.erase([complaint.customer_id])  # and then the power fails
    assert default_storage.exists(evidence.file.name)

    purge.purge_closed_accounts()

    assert not default_storage.exists(evidence.file.name)
    assert not DoomedFile.objects.exists()


def test_nobody_signs_in_or_is_written_to_after_the_purge(approved):
    customer = make_full_customer(CANARY, closed_days_ago=370)
    assert Notice.objects.filter(recipient=customer.public_id).exists()

    purge.purge_closed_accounts()

    assert not User.objects.filter(pk=customer.user_id).exists()
    assert not Notice.objects.filter(recipient=customer.public_id).exists()
    assert AccessRecord.objects.about(customer.public_id).count() == 1


def test_a_hold_on_an_erased_customer_is_refused_with_the_day(approved):
    customer = make_customer(closed_days_ago=370)
    purge.purge_closed_accounts()

    with pytest.raises(HoldRefused, match=timezone.localdate().strftime("%d/%m/%Y")):
        place_hold(
            customer.public_id, authority="x", document="y", reason="z", by=make_staff("dpo")
        )


def test_neither_our_own_fault_nor_a_ledger_away_keeps_the_others_or_the_search(
    approved, monkeypatch, settings, tmp_path
):
    broken, other = (make_customer(closed_days_ago=370) for _each in range(2))
    ledger = settings.ERASURE_LEDGER

    def fail(customers):
        settings.ERASURE_LEDGER = tmp_path  # a folder, which nobody can write to
        if broken.pk in customers:
            raise ValueError(broken.full_name)

    monkeypatch.setattr(personal_data, "_last_steps", [*personal_data._last_steps, fail])
    (run,) = purge.purge_closed_accounts()

    run.refresh_from_db()
    assert (run.erased, run.failed, run.searched_at is not None) == (1, 1, True)
    assert PurgeFailure.objects.get(customer=broken).error == "ValueError"
    assert Tombstone.objects.get(public_id=other.public_id).line is None

    settings.ERASURE_LEDGER = ledger
    purge.purge_closed_accounts()
    assert Tombstone.objects.get(public_id=other.public_id).line == 1


def test_a_purge_without_time_says_so_and_leaves_the_rest_to_the_next(approved):
    make_customer(closed_days_ago=370)

    with pytest.raises(PurgeUnfinished):
        purge.purge_closed_accounts(until=monotonic())

    assert PurgeRun.objects.get().finished_at is not None
    assert purge.purge_closed_accounts()[0].erased == 1
