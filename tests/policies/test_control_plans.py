"""The controls go by indexes: no big table is read from end to end."""

from contextlib import suppress

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.encryption.sealing import DecryptionError
from common.periods import expiries
from policies.loading import load_profile
from policies.models import Promise
from policies.periods import over, terms_or_none
from policies.promises import control_named
from retention.batches import batches
from retention.schedule import schedule, what_if

pytestmark = pytest.mark.django_db

PEOPLE = 50_000
BIG = (
    "accounts_customer",
    "accounts_consent",
    "accounts_declaredvalue",
    "accounts_historicaldeclaredvalue",
    "accounts_knowndevice",
    "access_accessrecord",
    "calls_callrecording",
    "casework_case",
    "casework_caseevent",
    "casework_clock",
    "common_filekey",
    "complaints_complaint",
    "django_session",
    "downstream_order",
    "enquiries_enquiry",
    "hosting_backuprequest",
    "hosting_hostedservice",
    "marketing_suppression",
    "notices_notice",
    "retention_tombstone",
    "usersessions_usersession",
)
# Four years of a company: one account in 250 is closed, one complaint in 100 is open;
# one in 20 asked a question without an account.
ROWS = """
SET LOCAL statement_timeout = 0;
ALTER TABLE access_accessrecord DISABLE TRIGGER stamp;

INSERT INTO accounts_user (password, is_superuser, public_id, email, staff_name, language,
                           engagement, is_staff, is_active, date_joined)
VALUES ('', false, 'staff', 'staff@example.com', 'Staff', 'vi', 'employee', true, true, now());

INSERT INTO accounts_customer (public_id, full_name, email, phone, phone_hash, address, language,
                               gets_access_mails, opened_at, closed_at, closing_cause,
                               closing_rule_id, kept_until)
SELECT 'p' || n, 'Name', n || '@example.com', 'v1.test.' || rpad('p' || n, 40, 'p'),
       'h1.test.' || rpad('h' || n, 43, 'h'), 'v1.test.' || rpad('a' || n, 40, 'a'),
       'vi', false, now() - interval '3 years',
       CASE WHEN n %% 250 = 0 THEN now() - n * interval '10 minutes' END,
       CASE WHEN n %% 250 = 0 THEN 'customer' ELSE '' END,
       CASE WHEN n %% 250 = 0 THEN (SELECT min(id) FROM policies_retentionrule) END,
       CASE WHEN n %% 250 = 0 THEN current_date + 365 - n / 144 END
FROM generate_series(1, %(people)s) AS n;

INSERT INTO accounts_consent (customer_id, purpose_id, decision, wording, wording_sha256,
                              language, policy_version_id, channel, at)
SELECT id, (SELECT min(id) FROM policies_purpose WHERE channel <> 'none'), 'given', 'words', '',
       'vi', (SELECT min(id) FROM policies_policyversion), 'web', opened_at
FROM accounts_customer;

INSERT INTO casework_case (kind, reference, public_id, submission, customer_id, channel, severity,
                           complexity, received_at, recorded_at, closed_at, late_from)
SELECT 'complaint', 'r' || id, 'c' || id, 's' || id, id, 'web', 'low', 'simple',
       since - interval '20 days', now(),
       CASE WHEN id %% 100 > 0 THEN since END,
       CASE WHEN id %% 100 = 0 THEN now() + interval '3 days' END
FROM (SELECT id, now() - (%(people)s - rank() OVER (ORDER BY id)) * interval '42 minutes' AS since
      FROM accounts_customer) AS people;

INSERT INTO casework_clock (case_id, kind, limit_id, last_day, late_from, explanation,
                            calendar_version, extended_by, met_at)
SELECT casework_case.id, kind.kind, kind.id, current_date, now() + interval '3 days', '{}', 0, 0,
       closed_at
FROM casework_case, (SELECT min(id) AS id, 'complaint_completion' AS kind FROM policies_timelimit
                     WHERE kind = 'complaint_completion' AND family = 'promise') AS kind;

INSERT INTO complaints_complaint (case_ptr_id, category, text, state, outcome, cause, finding,
                                  solution, remedy, next_steps, lesson, escalated_by, authority,
                                  authority_reference, decision, identity)
SELECT id, 'other', 'text', CASE WHEN closed_at IS NULL THEN 'received' ELSE 'resolved' END,
       'upheld', 'cause', 'finding', 'solution', 'remedy', 'steps', 'lesson', '', '', '', '',
       'account'
FROM casework_case;

INSERT INTO casework_caseevent (case_id, code, details, at)
SELECT id, 'verifying', '{}', now() FROM casework_case;

INSERT INTO access_accessrecord (at, actor_id, role, action, customer, purpose, case_reference,
                                 field_groups, filters, count, request_id)
SELECT now() - (%(people)s - n) * interval '3 hours', (SELECT min(id) FROM accounts_user), '',
       'open', 'p' || n, 'customer_care', '', '{}', '{}', 1, ''
FROM generate_series(1, %(people)s) AS n;

INSERT INTO notices_notice (purpose, key, mailing, template, recipient, context, priority, state,
                            address, subject, body, error, attempts, queued_at, send_after)
SELECT '', 'n' || n, 'policy-' || n %% 40, 'policy_published', 'p' || n, '{}', 1, 'queued', '',
       '', '', '', 0, now(), now()
FROM generate_series(1, %(people)s) AS n;

INSERT INTO retention_purgerun (rule_id, only_reported, started_at, due, going, erased, held,
                                partly, deferred, failed, counts, rows, files, doubts, searches,
                                searched, residue)
SELECT min(id), false, now(), 0, 0, 0, 0, 0, '{}', 0, '{}', '{}', '{}', '{}', true, '{}', '[]'
FROM policies_retentionrule;

INSERT INTO retention_tombstone (public_id, opened_on, closed_on, retained_until, erased_at,
                                 rows, earlier_runs, rule_id, run_id)
SELECT 't' || n, '2020-01-01', '2021-01-01', '2022-01-01', '2022-01-02 02:00+07', '{}', '[]',
       (SELECT min(id) FROM policies_retentionrule), (SELECT min(id) FROM retention_purgerun)
FROM generate_series(1, %(people)s) AS n;

INSERT INTO policies_declaredfield (code, name_vi, name_en, description_vi, description_en, kind,
                                    is_required)
VALUES ('birthday', 'n', 'n', 'd', 'd', 'text', false);

INSERT INTO accounts_declaredvalue (public_id, customer_id, field_id, value)
SELECT 'd' || id, id, (SELECT max(id) FROM policies_declaredfield),
       'v1.test.' || rpad('d' || id, 40, 'd')
FROM accounts_customer;

INSERT INTO accounts_historicaldeclaredvalue (id, public_id, customer_id, field_id, value,
                                              history_date, history_type)
SELECT id, public_id, customer_id, field_id, value, now(), '+' FROM accounts_declaredvalue;

INSERT INTO accounts_knowndevice (public_id, user_id, cookie_hash, browser, system, language,
                                  screen, first_seen_at, last_seen_at)
SELECT 'd' || n, (SELECT min(id) FROM accounts_user), n, '', '', '', '', now(),
       now() - n * interval '3 minutes'
FROM generate_series(1, %(people)s) AS n;

INSERT INTO django_session (session_key, session_data, expire_date)
SELECT 's' || n, 'data', now() + n * interval '1 minute' FROM generate_series(1, %(people)s) AS n;

INSERT INTO usersessions_usersession (session_key, user_id, ip, user_agent, data, created_at,
                                      last_seen_at)
SELECT 's' || n, (SELECT min(id) FROM accounts_user), '192.0.2.1', '', '{}', now(), now()
FROM generate_series(1, %(people)s) AS n;

INSERT INTO common_filekey (owner, key, created_at)
SELECT public_id, 'v1.test.' || rpad('k' || id, 40, 'k'), now() FROM accounts_customer;

INSERT INTO calls_callrecording (public_id, customer_id, purpose_id, direction, started_at,
                                 duration, number, content_type, size, sha256, file, kept_until,
                                 added_at)
SELECT 'r' || id, id, (SELECT min(id) FROM policies_purpose), 'in', opened_at, '3 minutes', '',
       'audio/mpeg', 1, '', '', current_date + 1 + id::int %% 1000,
       now() - row_number() OVER () * interval '12 hours'
FROM accounts_customer;

INSERT INTO hosting_hostedservice (public_id, customer_id, kind, label, host, description,
                                   submission, ended_on)
SELECT 'h' || id, id, 'website', 'label', '', '', '', CASE WHEN id %% 250 = 0 THEN current_date END
FROM accounts_customer;

INSERT INTO hosting_backuprequest (public_id, service_id, need_vi, need_en, asked_by_id, asked_at,
                                   answer_by, answer, answered_at)
SELECT 'b' || id, id, 'need', 'need', (SELECT min(id) FROM accounts_user), since,
       since + interval '14 days', 'yes', since
FROM hosting_hostedservice, (SELECT now() - interval '20 days' AS since) AS asked
WHERE id %% 5 = 0;

INSERT INTO downstream_system (public_id, name, data_categories, kinds, endpoint, secret,
                               previous_secret, days, contact, responsible_id)
SELECT 's', 'CRM', '{}', '{erasure}', '', '', '', 7, '', min(id) FROM accounts_user;

INSERT INTO downstream_order (public_id, system_id, kind, subject, data, cause, state, at, due_on,
                              attempts, error, acknowledged_at, note)
SELECT 'o' || n, (SELECT min(id) FROM downstream_system),
       (ARRAY['erasure', 'correction', 'hand_over', 'withdrawal'])[1 + n %% 4], 'p' || n, '{}',
       'erased', CASE WHEN n %% 100 = 0 THEN 'task' ELSE 'acknowledged' END, now(),
       current_date + 3, 0, '', CASE WHEN n %% 100 > 0 THEN now() END, ''
FROM generate_series(1, %(people)s) AS n;

INSERT INTO marketing_suppression (contact_hash, channel, purpose_id, reason, at)
SELECT n, 'email', (SELECT min(id) FROM policies_purpose), 'refused', now()
FROM generate_series(1, %(people)s) AS n;

INSERT INTO enquiries_enquiry (reference, public_id, submission, state, language, name, email,
                               email_hash, phone, message, answer, is_complaint, received_at,
                               confirmed_at, closed_at, closed_by_id, calendar_version)
SELECT 'e' || n, 'e' || n, 'e' || n, 'answered', 'vi', sealed, sealed, '', '', sealed, sealed,
       false, now() - n * interval '14 hours', now(), now() - n * interval '1 hour',
       (SELECT min(id) FROM accounts_user), 0
FROM generate_series(1, %(people)s / 20) AS n, rpad('v1.test.e' || n, 50, 'e') AS sealed;
"""


@pytest.fixture
def many():
    with connection.cursor() as cursor:
        cursor.execute(ROWS, {"people": PEOPLE})
        cursor.execute("ANALYZE")
    yield
    connection.set_rollback(True)  # or half a million rows are looked up for those they refer to


def plans_of(promise):
    # What was planted opens with no key; who would read it has asked by then.
    with CaptureQueriesContext(connection) as asked, suppress(DecryptionError):
        control_named(promise.control).measure(promise)
    yield from plans(asked)


def plans_of_the_schedule():
    """Of the page, of other months for each of its rules, and of what the sweep looks for."""
    today = timezone.localdate()
    with CaptureQueriesContext(connection) as asked:
        for line in schedule(today):
            if line.rule:
                what_if(line, 6, today)
        for expiry in expiries():
            for term in terms_or_none(expiry):
                due = over(expiry, term, today)
                next(batches(due, by=expiry.until or expiry.begins), None)
    yield from plans(asked)


def plans(asked):
    for query in [each["sql"] for each in asked.captured_queries]:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {query}")
            yield "\n".join(line for (line,) in cursor.fetchall())


def test_no_control_reads_a_big_table_from_end_to_end(many):
    read = {
        (promise.code, table): plan
        for profile in (
            "fpt_smart_cloud",
            "speedsms",
            "vietnam_server",
            "spm_group",
            "clever_group",
        )
        if load_profile(profile) or profile == "fpt_smart_cloud"
        for promise in Promise.objects.active()
        for plan in plans_of(promise)
        for table in BIG
        if f"Seq Scan on {table} " in plan
    }

    read |= {
        ("schedule", table): plan
        for plan in plans_of_the_schedule()
        for table in BIG
        if f"Seq Scan on {table} " in plan
    }

    assert list(read) == [], "\n\n".join(read.values())
