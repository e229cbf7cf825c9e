"""What the database refuses of dated rules, whoever asks and however."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from policies.models import RetentionRule, TimeLimit

pytestmark = pytest.mark.django_db

FIRST, LAST = date(2030, 3, 1), date(2030, 3, 31)
ONE_DAY = timedelta(days=1)
CLASH = "{table}_one_at_a_time"
TABLES = ["policies_timelimit", "policies_retentionrule"]


def insert(table, valid_from, valid_to, **columns):
    """Write a row past Django; the ones of a test are alike but for their days."""
    row = {
        "family": "promise",
        "basis": "policy",
        "source_vi": "Mục 7",
        "source_en": "Section 7",
        "source_checked": False,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }
    if table == "policies_timelimit":
        row |= {"kind": "dossier_update", "maximum": 10, "unit": "hour", "may_pause": False}
    else:
        row |= {"category": "survey_answer", "trigger": "created", "months": 6, "action": "delete"}
    row |= columns
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING id", list(row.values())
        )
        return cursor.fetchone()[0]


def refusal_of(action):
    """Return the name of the constraint that refuses, or of the error where a trigger does."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        action()
    cause = caught.value.__cause__
    return cause.diag.constraint_name or type(cause).__name__


@pytest.fixture(params=TABLES)
def table(request):
    return request.param


@pytest.mark.parametrize(
    ("valid_from", "valid_to"),
    [
        (FIRST, LAST),
        (FIRST, FIRST),
        (LAST, LAST),
        (LAST, None),
        (FIRST - ONE_DAY, FIRST),
        (FIRST - ONE_DAY, None),
        (FIRST + ONE_DAY, LAST - ONE_DAY),
        (FIRST - ONE_DAY, LAST + ONE_DAY),
    ],
)
def test_two_rules_of_a_kind_are_never_valid_on_one_day(table, valid_from, valid_to):
    insert(table, FIRST, LAST)

    name = refusal_of(lambda: insert(table, valid_from, valid_to))

    assert name == CLASH.format(table=table.removeprefix("policies_"))


def test_a_rule_until_further_notice_leaves_no_day_to_another(table):
    insert(table, FIRST, None)

    for first, last in [(FIRST, None), (date(2999, 1, 1), None), (LAST, LAST), (FIRST, FIRST)]:
        assert refusal_of(lambda first=first, last=last: insert(table, first, last))


def test_rules_that_follow_one_another_or_apply_on_no_day_pass(table):
    insert(table, FIRST, LAST)

    insert(table, LAST + ONE_DAY, None)
    insert(table, FIRST - ONE_DAY, FIRST - ONE_DAY)
    insert(table, FIRST, FIRST - ONE_DAY)  # superseded before its first day, once and again
    insert(table, FIRST, FIRST - ONE_DAY)


def test_another_kind_has_days_of_its_own():
    insert("policies_timelimit", FIRST, None)
    insert("policies_retentionrule", FIRST, None)

    insert("policies_timelimit", FIRST, None, kind="impact_dossier")
    statute = {"family": "statute", "basis": "statute"}
    insert("policies_timelimit", FIRST, None, kind="complaint_completion", **statute)
    insert("policies_retentionrule", FIRST, None, trigger="case_closed")
    insert("policies_retentionrule", FIRST, None, action="restrict")
    insert("policies_retentionrule", FIRST, None, category="call_recording")


def test_an_end_cannot_be_moved_into_the_days_of_the_next(table):
    first = insert(table, FIRST, LAST)
    insert(table, LAST + ONE_DAY, None)

    def move():
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET valid_to = NULL WHERE id = %s", [first])

    assert refusal_of(move) == CLASH.format(table=table.removeprefix("policies_"))


@pytest.mark.parametrize(
    ("table", "columns", "constraint"),
    [
        ("policies_timelimit", {"source_vi": ""}, "timelimit_source"),
        ("policies_retentionrule", {"source_en": ""}, "retentionrule_source"),
        ("policies_timelimit", {"basis": "statute"}, "timelimit_basis_of_family"),
        ("policies_retentionrule", {"family": "statute"}, "retentionrule_basis_of_family"),
        ("policies_timelimit", {"minimum": 11}, "timelimit_range"),
        ("policies_timelimit", {"ordinary": 9}, "timelimit_ordinary"),
        ("policies_timelimit", {"minimum": 7, "ordinary": 11}, "timelimit_ordinary"),
        ("policies_timelimit", {"third_party": 9}, "timelimit_third_party"),
        ("policies_timelimit", {"maximum": 0}, "timelimit_takes_time"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(table, columns, constraint):
    assert refusal_of(lambda: insert(table, FIRST, None, **columns)) == constraint


@pytest.mark.parametrize("valid_to", [FIRST - 2 * ONE_DAY, date(2000, 1, 1)])
def test_a_rule_ends_no_earlier_than_the_day_before_it_begins(table, valid_to):
    name = refusal_of(lambda: insert(table, FIRST, valid_to))
    assert name == f"{table.removeprefix('policies_')}_validity"


@pytest.mark.parametrize("model", [TimeLimit, RetentionRule])
def test_the_content_of_a_rule_is_never_updated_nor_is_one_deleted(model):
    rule = model.objects.order_by("pk").first()
    before = model.objects.values().get(pk=rule.pk)
    alone = model.objects.filter(pk=rule.pk)
    changeable = {"id", "valid_to", "source_checked"}
    others = {date: FIRST, str: "other", bool: not before.get("may_pause")}

    for name in before.keys() - changeable:
        update = {name: others.get(type(before[name]), 3)}
        assert refusal_of(lambda update=update: alone.update(**update)) == "RestrictViolation"
    with connection.cursor() as cursor:
        delete = f"DELETE FROM {model._meta.db_table} WHERE id = %s"
        assert refusal_of(lambda: cursor.execute(delete, [rule.pk])) == "RestrictViolation"

    assert model.objects.values().get(pk=rule.pk) == before


@pytest.mark.parametrize("model", [TimeLimit, RetentionRule])
def test_the_end_and_the_check_of_the_source_may_change(model):
    rule = model.objects.order_by("pk").first()

    model.objects.filter(pk=rule.pk).update(valid_to=LAST, source_checked=not rule.source_checked)

    after = model.objects.get(pk=rule.pk)
    assert (after.valid_to, after.source_checked) == (LAST, not rule.source_checked)
