"""The controls go by indexes: no big table is read from end to end."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from policies.loading import load_profile
from policies.models import Promise
from policies.promises import control_named

pytestmark = pytest.mark.django_db

PEOPLE = 50_000
BIG = (
    "accounts_customer",
    "accounts_consent",
    "access_accessrecord",
    "casework_case",
    "casework_caseevent",
    "casework_clock",
    "complaints_complaint",
    "notices_notice",
    "retention_tombstone",
)
# Four years of a company: one account in 250 is closed, one complaint in 100 is open.
ROWS = """
ALTER TABLE access_accessrecord DISABLE TRIGGER stamp;

INSERT INTO accounts_user (password, is_superuser, public_id, email, staff_name, language,
                           is_staff, is_active, date_joined)
VALUES ('', false, 'staff', 'staff@example.com', 'Staff', 'vi', true, true, now());

INSERT INTO accounts_customer (public_id, full_name, email, phone, phone_hash, address, language,
                               opened_at, closed_at, closing_cause, closing_rule_id, kept_until)
SELECT 'p' || n, 'Name', n || '@example.com', 'v1.test.' || rpad('p' || n, 40, 'p'),
       'h1.test.' || rpad('h' || n, 43, 'h'), 'v1.test.' || rpad('a' || n, 40, 'a'),
       'vi', now() - interval '3 years',
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
SELECT 'complaint', 'r' || id, 'c' || id, 's' || id, id, 'web', '', '',
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
                                  authority_reference, decision)
SELECT id, 'other', 'text', CASE WHEN closed_at IS NULL THEN 'received' ELSE 'resolved' END,
       'upheld', 'cause', 'finding', 'solution', 'remedy', 'steps', 'lesson', '', '', '', ''
FROM casework_case;

INSERT INTO casework_caseevent (case_id, code, details, at)
SELECT id, 'verifying', '{}', now() FROM casework_case;

INSERT INTO access_accessrecord (at, actor_id, role, action, customer, purpose, case_reference,
                                 field_groups, filters, count, request_id)
SELECT now() - (%(people)s - n) * interval '42 minutes', (SELECT min(id) FROM accounts_user), '',
       'open', 'p' || n, 'customer_care', '', '{}', '{}', 1, ''
FROM generate_series(1, %(people)s) AS n;

INSERT INTO notices_notice (purpose, key, mailing, template, recipient, context, priority, state,
                            address, subject, body, error, attempts, queued_at, send_after)
SELECT '', 'n' || n, 'policy-' || n %% 40, 'policy_published', 'p' || n, '{}', 1, 'queued', '',
       '', '', '', 0, now(), now()
FROM generate_series(1, %(people)s) AS n;

INSERT INTO retention_purgerun (rule_id, only_reported, started_at, due, erased, held, deferred,
                                failed, counts)
SELECT min(id), false, now(), 0, 0, 0, '{}', 0, '{}' FROM policies_retentionrule;

INSERT INTO retention_tombstone (public_id, opened_on, closed_on, retained_until, erased_at,
                                 rule_id, run_id)
SELECT 't' || n, '2020-01-01', '2021-01-01', '2022-01-01', '2022-01-02 02:00+07',
       (SELECT min(id) FROM policies_retentionrule), (SELECT min(id) FROM retention_purgerun)
FROM generate_series(1, %(people)s) AS n;
"""


@pytest.fixture
def many():
    with connection.cursor() as cursor:
        cursor.execute(ROWS, {"people": PEOPLE})
        cursor.execute("ANALYZE")


def plans_of(promise):
    with CaptureQueriesContext(connection) as asked:
        control_named(promise.control).measure(promise)
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

    assert list(read) == [], "\n\n".join(read.values())
