"""Data that nobody may need any more: asked about by a job, decided on by a person."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.closed_pages import token_of
from accounts.consents import decide_consent
from accounts.merging import approve_merge, ask_merge
from accounts.models import Customer, ServiceEnd
from calls.models import CallRecording
from common.cards import MASKED
from common.jobs import all_jobs
from common.models import JobStatus
from notices.models import Notice
from policies.loading import load_profile
from policies.models import Purpose
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from retention.exceptions import ReviewRefused
from retention.idle import ASK, ask_about_idle_data, decide_review
from retention.models import NecessityReview
from retention.tasks import PURGE
from tests.answers import answer_of
from tests.factories import PASSWORD, make_complaint, make_customer, make_staff
from tests.hosting.conftest import make_service
from tests.threads import at_once

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(days=900)
LIST = "/admin/retention/necessityreview/"


@pytest.fixture(autouse=True)
def clever(db):
    load_profile("clever_group")


def make_idle(**kwargs):
    """An account in which nothing has happened for 900 days."""
    then = timezone.now() - LONG_AGO
    customer = make_customer(opened_at=then, **kwargs)
    customer.history.update(history_date=then)
    return customer


def waiting():
    return set(NecessityReview.objects.waiting().values_list("customer", flat=True))


@pytest.fixture
def review():
    make_idle()
    ask_about_idle_data()
    return NecessityReview.objects.get()


def decide(review, decision, by=None):
    decide_review(review, decision=decision, reason="đã hỏi bộ phận", by=by or make_staff(DPO))


def signed_in(customer):
    customer.user.last_login = timezone.now() - timedelta(days=5)
    customer.user.save()


def corrected(customer):
    customer.save()  # its history has a line of today


def consenting(customer):
    purpose = Purpose.objects.asking_consent()[0]
    decide_consent(customer, purpose, decision="given", by=customer.user)


def complaining(customer):
    make_complaint(customer=customer)


def being_hosted(customer):
    make_service(customer)


def calling(customer):
    CallRecording.objects.create(
        customer=customer,
        direction="in",
        started_at=timezone.now() - timedelta(days=5),
        duration=timedelta(minutes=4),
        purpose=Purpose.objects.all()[0],
        size=1,
    )


ACTS = [signed_in, corrected, consenting, complaining, being_hosted, calling]


def test_an_account_is_asked_about_once_when_nobody_used_it_for_long():
    idle = make_idle()
    make_customer()
    make_idle(closed_at=timezone.now() - timedelta(days=1))

    assert (ask_about_idle_data(), ask_about_idle_data()) == (1, 0)
    assert waiting() == {idle.pk}


@pytest.mark.parametrize("act", ACTS)
def test_whoever_did_something_is_not_idle(act):
    customer = make_idle()
    act(customer)
    assert ask_about_idle_data() == 0


@pytest.mark.parametrize("act", ACTS)
def test_an_account_that_is_used_again_is_asked_about_no_more(review, act):
    act(review.customer)
    with pytest.raises(ReviewRefused):
        decide(review, "unnecessary")
    ask_about_idle_data()
    assert not NecessityReview.objects.exists()
    assert Customer.objects.get().is_open


def test_a_service_that_ended_long_ago_keeps_nobody_busy():
    ended_on = (timezone.now() - LONG_AGO).date()
    make_service(make_idle(), started_on=ended_on, ended_on=ended_on)
    assert ask_about_idle_data() == 1


def test_without_a_rule_that_lets_such_data_go_nothing_is_asked():
    load_profile("fpt_smart_cloud")
    make_idle()
    assert ask_about_idle_data() == 0


def test_to_keep_the_data_puts_the_question_off_by_a_year(review):
    decide(review, "keep")
    assert ask_about_idle_data() == 0
    assert ask_about_idle_data(at=timezone.now() + timedelta(days=364)) == 0
    assert ask_about_idle_data(at=timezone.now() + timedelta(days=366)) == 1
    assert Customer.objects.get().is_open


def test_no_longer_necessary_starts_the_period_and_tells_the_customer(review):
    decide(review, "unnecessary")
    customer = Customer.objects.get()
    assert customer.closing_rule.trigger == "no_longer_necessary"
    assert customer.closing_cause == "unnecessary"
    assert customer.kept_until == timezone.localdate() + timedelta(days=7)
    assert Notice.objects.get(template="account_closed").recipient == customer.public_id


def test_a_decision_is_made_once(review):
    decide(review, "keep")
    with pytest.raises(ReviewRefused):
        decide(NecessityReview.objects.get(), "unnecessary")
    assert Customer.objects.get().is_open


def test_the_database_wants_a_reason_and_one_open_question(review):
    for values in ({"decision": "keep"}, {"reason": "x"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            NecessityReview.objects.update(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        NecessityReview.objects.create(customer=review.customer, asked_on=timezone.localdate())


def test_the_officer_decides_on_one_and_on_a_page_at_once(client):
    customers = [make_idle() for _ in range(3)]
    ask_about_idle_data()
    client.force_login(make_staff(DPO))
    one, *others = NecessityReview.objects.all()
    form = {"decision": "keep", "reason": "còn hợp đồng"}

    assert client.post(f"{LIST}{one.pk}/decide/", {**form, "reason": ""}).status_code == 200
    assert client.post(f"{LIST}{one.pk}/decide/", form).status_code == 302
    selected = {"action": "decide_selected", "_selected_action": [each.pk for each in others]}
    page = client.post(LIST, selected)
    assert page.status_code == 200
    assert all(str(each.customer) in page.text for each in others)
    assert waiting() == {each.customer_id for each in others}
    client.post(LIST, {**selected, **form, "decision": "unnecessary"})

    closed = Customer.objects.filter(closed_at__isnull=False)
    assert set(closed) == {each.customer for each in others}
    assert len(customers) == 3
    assert not waiting()


def test_a_card_number_in_the_reason_is_masked(client, review):
    client.force_login(make_staff(DPO))
    form = {"decision": "keep", "reason": "thẻ 4111 1111 1111 1111"}

    client.post(f"{LIST}{review.pk}/decide/", form)

    assert NecessityReview.objects.get().reason == f"thẻ {MASKED}"


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_as_often_for_three_as_for_one(client, rows, django_assert_num_queries):
    for _ in range(rows):
        make_idle()
    ask_about_idle_data()
    client.force_login(make_staff(DPO))
    client.get(LIST)
    with django_assert_num_queries(12):
        assert client.get(LIST).status_code == 200


def test_nobody_else_decides(client, review):
    client.force_login(make_staff(COMPLAINT_OFFICER))
    form = {"decision": "unnecessary", "reason": "x"}
    selected = {"action": "decide_selected", "_selected_action": [review.pk]}
    assert client.get(LIST).status_code == 403
    assert client.post(f"{LIST}{review.pk}/decide/", form).status_code == 403
    assert client.post(LIST, {**selected, **form}).status_code == 403
    assert Customer.objects.get().is_open


def job_ran():
    for name in (ASK, PURGE):
        JobStatus.objects.create(name=name, succeeded_at=timezone.now())
    assert ASK in {job.name for job in all_jobs()}


def test_cg_5_is_not_measured_while_nobody_looks_for_idle_accounts():
    assert answer_of("CG-5") == ("not_measured", None, "")


def test_cg_5_is_at_risk_while_a_decision_waits_and_kept_after_it(review):
    job_ran()
    assert answer_of("CG-5") == ("at_risk", 1, "customers")
    decide(review, "keep")
    assert answer_of("CG-5") == ("kept", 0, "customers")


def test_cg_5_is_broken_by_a_decision_that_nobody_makes(review):
    job_ran()
    NecessityReview.objects.update(asked_on=timezone.localdate() - timedelta(days=91))
    assert answer_of("CG-5") == ("broken", 1, "customers")


@pytest.mark.django_db(transaction=True)
def test_a_customer_who_comes_back_is_seen_or_comes_too_late(portal):
    """Both take the customer's row first: an account is never closed behind a change of it."""
    load_profile("clever_group")
    customer = make_idle()
    ask_about_idle_data()
    review, dpo = NecessityReview.objects.get(), make_staff(DPO)

    def come_back():
        with transaction.atomic():
            row = Customer.objects.select_for_update(of=("self",)).get(pk=customer.pk)
            if row.is_open:
                row.save()

    outcome, _none = at_once(lambda: decide(review, "unnecessary", by=dpo), come_back)

    customer.refresh_from_db()
    assert customer.is_open == isinstance(outcome, ReviewRefused)


def test_the_password_of_an_account_called_unnecessary_opens_it_again(client, review):
    decide(review, "unnecessary")
    customer = Customer.objects.get()
    client.post(f"/closed/{token_of(customer.public_id)}/reopen/", {"password": PASSWORD})
    assert Customer.objects.get().is_open
    assert ask_about_idle_data() == 0  # that was a sign of life


def test_a_merge_of_two_idle_accounts_asks_anew():
    idle, same = make_idle(), make_idle()
    ServiceEnd.objects.create(customer=same, ended_on=timezone.localdate(), reason="x")
    ask_about_idle_data()
    asked = ask_merge(idle, duplicate=same.public_id, reason="x", by=make_staff(COMPLAINT_OFFICER))

    approve_merge(asked, by=make_staff(DPO))

    assert not waiting()
    assert ServiceEnd.objects.get().customer == idle
    assert Customer.objects.get() == idle
