from datetime import date, time, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, connection, transaction
from django.db.models import ExpressionWrapper, F, IntegerField
from django.utils import timezone, translation

from common.jobs import all_jobs
from policies import promises
from policies.loading import load_profile
from policies.models import Promise, PromiseResult, PromiseStatus
from policies.promise_checks import check_promises_have_controls
from policies.promises import Measure, Unit, broken, control, kept, not_built
from policies.tasks import measure_promises
from retention.tasks import PURGE, SWEEP

pytestmark = pytest.mark.django_db

PROFILES = ["clever_group", "fpt_smart_cloud", "speedsms", "spm_group", "vietnam_server"]


@pytest.fixture
def registry(monkeypatch):
    """A registry whose additions are gone after the test."""
    monkeypatch.setattr(promises, "_controls", dict(promises._controls))
    return promises._controls


def answer_with(registry, code, function):
    """Let this promise be answered by ``function``."""
    control("of_the_test", counts="tests")(function)
    Promise.objects.filter(code=code).update(control="of_the_test")


def statuses():
    return {answer.promise.code: answer.measure.status for answer in promises.measure_all()}


def test_a_control_registered_twice_stops_the_start(registry):
    not_built("of_the_test", because="not yet")

    with pytest.raises(ImproperlyConfigured, match="of_the_test"):
        control("of_the_test", counts="tests")(lambda promise: kept(0, Unit.CUSTOMERS))


def test_every_shipped_promise_has_a_control_and_every_control_a_promise():
    assert check_promises_have_controls() == []


def test_the_check_names_a_promise_without_control_and_a_control_without_promise(registry):
    del registry["kept_while_open"]
    not_built("of_the_test", because="not yet")

    faults = check_promises_have_controls()

    assert [fault.id for fault in faults] == ["policies.E001", "policies.E002"]
    assert "fpt_smart_cloud: FPT-7" in faults[0].msg
    assert "of_the_test" in faults[1].msg


def test_a_profile_that_names_an_unknown_control_is_refused(acme):
    acme.breaks('control = "kept_while_open"', 'control = "wishful_thinking"')

    assert acme.faults() == [
        "acme.toml: promises[6].control (FPT-7): "
        "wishful_thinking is not a control that the portal knows"
    ]


def test_a_profile_that_names_no_control_or_an_unknown_setting_is_refused(acme):
    acme.breaks('control = "kept_while_open"\n', "")
    acme.breaks('settings = ["notice_period_days"]', 'settings = ["generosity"]')

    faults = acme.faults()

    assert "acme.toml: promises[6].control (FPT-7): is missing" in faults
    assert any("promises[0].settings[0] (FPT-1)" in fault for fault in faults)


def test_what_is_not_built_is_not_measured_and_says_why(registry):
    not_built("of_the_test", because="The sun has not risen.")

    measure = promises.control_named("of_the_test").measure(Promise.objects.first())

    assert measure == Measure(PromiseStatus.NOT_MEASURED, note="The sun has not risen.")


def test_loading_stores_the_promises_in_the_order_of_the_policy():
    codes = list(Promise.objects.active().values_list("code", flat=True))

    assert codes == [*(f"FPT-{number}" for number in range(1, 23)), "LAW-1"]


def test_loading_stores_what_the_profile_sets_under_a_promise():
    fpt_1 = Promise.objects.get(code="FPT-1")
    fpt_7 = Promise.objects.get(code="FPT-7")

    assert fpt_1.parameters["notice_period_days"] == 5
    assert fpt_7.parameters == {
        "purposes": ["service"],
        "recipients": [],
        "time_limits": [],
        "retention_rules": [["account", "account_closed", "delete"]],
    }


def test_a_promise_that_is_made_no_longer_is_retired_and_keeps_its_results():
    promises.record_results()

    load_profile("spm_group")

    fpt_1 = Promise.objects.get(code="FPT-1")
    assert fpt_1.retired_on == timezone.localdate()
    assert fpt_1.results.count() == 1
    assert set(statuses()) == {"LAW-1", *(f"SPM-{number}" for number in range(1, 10))}


def test_a_promise_that_is_made_again_comes_back():
    load_profile("spm_group")
    load_profile("fpt_smart_cloud")

    assert Promise.objects.get(code="FPT-1").retired_on is None
    assert not Promise.objects.active().filter(code="SPM-1").exists()


@pytest.mark.parametrize("name", PROFILES)
def test_each_control_answers_with_a_handful_of_queries(name, django_assert_max_num_queries):
    load_profile(name)

    for promise in Promise.objects.active():
        with django_assert_max_num_queries(7):  # the numbers, and what judges rows of two kinds
            promises.control_named(promise.control).measure(promise)


@pytest.mark.parametrize("name", PROFILES)
def test_no_control_fails_on_a_portal_that_has_just_been_set_up(name):
    load_profile(name)

    with translation.override("en"):
        failed = [
            answer.promise.code
            for answer in promises.measure_all()
            if str(answer.measure.note).startswith("The control failed")
        ]

    assert failed == []


@pytest.mark.parametrize("copies", [1, 3])
def test_all_controls_are_asked_with_one_query(copies, django_assert_num_queries):
    for promise in Promise.objects.active():
        for number in range(1, copies):
            promise.pk, promise.code = None, f"{promise.code.partition('/')[0]}/{number}"
            promise.save()

    # The promises, a savepoint around the numbers, and the rules that judge what goes by itself,
    # with the laws that contradict them.
    with django_assert_num_queries(8):
        assert len(promises.measure_all()) == 23 * copies


def fail_before(promise):
    raise ValueError("no rows")


def fail_after(promise):
    counts = yield {"some": Promise.objects.all()}
    raise ValueError(counts)


def fail_with_a_query_of_its_own(promise):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def fail_with_its_rows(promise):
    zero = ExpressionWrapper(1 / (F("pk") - F("pk")), output_field=IntegerField())
    yield {"some": Promise.objects.annotate(fault=zero).filter(fault=1)}


@pytest.mark.parametrize(
    ("fail", "error"),
    [
        (fail_before, "ValueError"),
        (fail_after, "ValueError"),
        (fail_with_a_query_of_its_own, "DataError"),
        (fail_with_its_rows, "DataError"),
    ],
)
def test_a_control_that_fails_leaves_only_its_own_promise_unmeasured(fail, error, registry):
    before = statuses()
    answer_with(registry, "FPT-7", fail)

    assert statuses() == {**before, "FPT-7": PromiseStatus.NOT_MEASURED}
    with translation.override("en"):
        note = str(promises.measure(Promise.objects.get(code="FPT-7")).note)
    assert note == f"The control failed: {error}"


@pytest.mark.parametrize(
    ("control", "parameter"),
    [
        ("purposes_followed", "purposes"),
        ("agreements_valid", "recipients"),
        ("complaint_term", "time_limits"),
        ("complaint_range", "time_limits"),
        ("required_details", "required_fields"),
        ("forbidden_recipients", "forbidden_recipient_kinds"),
        ("closed_data", "closed_data_categories"),
    ],
)
def test_a_promise_under_which_nothing_is_named_is_not_called_kept(control, parameter):
    Promise.objects.filter(code="FPT-7").update(control=control, parameters={parameter: []})

    assert statuses()["FPT-7"] == PromiseStatus.NOT_MEASURED


def test_a_promise_whose_control_is_gone_is_not_measured(registry):
    del registry["kept_while_open"]

    assert statuses()["FPT-7"] == PromiseStatus.NOT_MEASURED


def test_the_results_of_a_day_are_stored_once_and_replaced_by_a_second_run(registry):
    answer_with(registry, "FPT-7", lambda promise: kept(0, Unit.CUSTOMERS))
    promises.record_results()
    first = PromiseResult.objects.get(promise__code="FPT-7")
    del registry["of_the_test"]
    answer_with(registry, "FPT-7", lambda promise: broken(3, Unit.CUSTOMERS))

    assert promises.record_results() == 23

    result = PromiseResult.objects.get(promise__code="FPT-7")
    assert (result.day, result.status, result.figure, result.unit) == (
        timezone.localdate(),
        "broken",
        3,
        "customers",
    )
    assert result.pk == first.pk
    assert result.measured_at > first.measured_at
    assert PromiseResult.objects.count() == 23


def test_a_result_names_its_control_also_when_another_takes_over_the_same_day(registry):
    promises.record_results()
    promise = Promise.objects.get(code="FPT-7")
    assert promise.results.get().control == "kept_while_open"

    answer_with(registry, "FPT-7", lambda promise: broken(3, Unit.CUSTOMERS))
    promises.record_results()

    assert promise.results.get().control == "of_the_test"


def test_the_database_keeps_no_result_without_its_control():
    promises.record_results()

    with pytest.raises(IntegrityError), transaction.atomic():
        PromiseResult.objects.update(control="")


def test_each_day_has_a_result_of_its_own():
    promises.record_results()
    promises.record_results(date(2026, 1, 2))

    days = PromiseResult.objects.values_list("day", flat=True).distinct().order_by("day")
    assert list(days) == [date(2026, 1, 2), timezone.localdate()]


def test_the_daily_job_stores_results_once_the_jobs_that_delete_are_over():
    jobs = {job.name: job for job in all_jobs()}
    tomorrow = timezone.now() + timedelta(days=1)

    measure_promises()

    assert PromiseResult.objects.count() == 23
    in_order = (PURGE, SWEEP, "policies.measure_promises")
    planned = [timezone.localtime(jobs[name].planned(tomorrow)).time() for name in in_order]
    assert planned == sorted(planned)
    assert planned[-1] == time(5)
