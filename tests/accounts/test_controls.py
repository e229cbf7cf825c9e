"""What customers, consents and accesses say about the promises."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from access.models import AccessAction
from access.purposes import COMPLAINT_HANDLING
from access.services import record_access
from accounts.announcements import announce_policies
from accounts.models import (
    AssistedChange,
    IdentityCheck,
    PolicyAnnouncement,
)
from accounts.sessions import forget_ended_sessions
from common.personal_data import DataCategory
from notices.models import Notice, NoticeState
from notices.services import send_due_notices
from policies.loading import load_profile
from policies.models import PolicyVersion, Purpose, Significance
from tests.answers import answer_of, without_guards
from tests.factories import make_customer, make_policy_version, make_staff, make_user

pytestmark = pytest.mark.django_db


def look(customer, *, purpose, days_ago=0):
    record = record_access(
        by=make_staff(),
        action=AccessAction.OPEN,
        customer=customer.public_id,
        purpose=purpose,
        field_groups=[DataCategory.CONTACT],
    )
    if days_ago:
        without_guards("access_accessrecord")
        record.at = timezone.now() - timedelta(days=days_ago)
        record.save(update_fields=["at"])


def session(*, over_since, user=None):
    store = SessionStore()
    store.create()
    ended = timezone.now() - over_since
    Session.objects.filter(pk=store.session_key).update(expire_date=ended)
    if user:
        UserSession.objects.create(
            user=user, session_key=store.session_key, ip="203.0.113.7", created_at=ended
        )


@pytest.mark.parametrize(("profile", "code"), [("spm_group", "SPM-1"), ("vietnam_server", "VS-2")])
def test_spm_1_and_vs_2_are_broken_by_what_visitors_left_and_never_called_kept(profile, code):
    load_profile(profile)
    session(over_since=-timedelta(hours=1))  # a form that is being filled in
    session(over_since=timedelta(hours=23))  # goes tonight
    session(over_since=timedelta(days=3), user=make_customer().user)
    assert answer_of(code) == ("not_measured", None, "")

    session(over_since=timedelta(days=2))
    assert answer_of(code) == ("broken", 1, "sessions")

    forget_ended_sessions()
    assert answer_of(code)[0] == "not_measured"


def test_fpt_2_is_kept_while_every_open_account_has_the_required_details():
    make_customer(address="")  # optional here
    make_customer(phone="", closed_days_ago=3)

    assert answer_of("FPT-2") == ("kept", 0, "customers")


def test_fpt_2_is_at_risk_while_a_required_detail_is_missing():
    make_customer(phone="")
    make_customer(phone="", address="")
    make_customer()

    assert answer_of("FPT-2") == ("at_risk", 2, "customers")


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        ("speedsms", "SP-3"),
        ("clever_group", "CG-4"),
        ("spm_group", "SPM-3"),
        ("vietnam_server", "VS-10"),
        ("fpt_smart_cloud", "FPT-9"),
    ],
)
def test_declared_purposes_and_uses_under_them_break_nothing_and_prove_nothing(profile, code):
    load_profile(profile)
    customer = make_customer()
    look(customer, purpose=COMPLAINT_HANDLING)
    look(customer, purpose=Purpose.objects.active().first().code)
    look(customer, purpose="curiosity", days_ago=31)

    assert answer_of(code) == ("not_measured", None, "")


def test_fpt_9_is_broken_by_a_use_under_no_registered_purpose():
    look(make_customer(), purpose="curiosity", days_ago=29)

    assert answer_of("FPT-9") == ("broken", 1, "uses")


@pytest.mark.parametrize(
    "fault",
    [
        {"retired_on": "2026-01-01"},
        {"description_en": ""},
        {"data_categories": []},
        {"code": "renamed"},
    ],
)
def test_fpt_9_is_broken_by_a_purpose_that_is_not_fully_declared(fault):
    Purpose.objects.filter(code="support").update(**fault)

    assert answer_of("FPT-9") == ("broken", 1, "purposes")


def test_cg_4_is_broken_where_two_consents_ask_one_question():
    load_profile("clever_group")
    asked = Purpose.objects.get(code="promotions").wording_vi
    Purpose.objects.filter(code="personalisation").update(wording_vi=asked)

    assert answer_of("CG-4") == ("broken", 2, "purposes")


class TestVS20:
    @pytest.fixture(autouse=True)
    def company(self):
        load_profile("vietnam_server")
        make_customer()

    def test_is_kept_without_a_significant_change(self):
        make_policy_version("2", significance=Significance.MINOR)

        assert answer_of("VS-20") == ("kept", 0, "versions")

    def test_is_at_risk_until_everybody_is_written_to_and_then_kept(self):
        make_policy_version("2")
        assert answer_of("VS-20") == ("at_risk", 1, "versions")

        announce_policies()
        assert answer_of("VS-20") == ("at_risk", 1, "versions")

        send_due_notices()
        assert answer_of("VS-20") == ("kept", 0, "versions")

    def test_is_broken_by_mails_that_wait_for_a_day(self):
        make_policy_version("2", published_days_ago=2)
        announce_policies()

        assert answer_of("VS-20") == ("broken", 1, "versions")

    def test_is_broken_when_a_day_passes_without_the_mails(self):
        make_policy_version("2", published_days_ago=2)

        assert answer_of("VS-20") == ("broken", 1, "versions")

    def test_is_broken_for_30_days_by_a_superseded_version_of_which_nobody_was_told(self):
        make_policy_version("2", published_days_ago=90, effective_in_days=-80)
        make_policy_version("3", effective_in_days=-31)
        announce_policies()
        send_due_notices()
        assert answer_of("VS-20") == ("kept", 0, "versions")

        make_policy_version("4", published_days_ago=30, effective_in_days=-30)
        make_policy_version("5", effective_in_days=-28)
        announce_policies()
        send_due_notices()
        assert answer_of("VS-20") == ("broken", 1, "versions")

    def test_is_not_broken_by_a_version_that_was_superseded_before_its_mails_were_due(self):
        make_policy_version("2", published_days_ago=5, effective_in_days=-5)
        make_policy_version("3", effective_in_days=-4)
        announce_policies()
        send_due_notices()

        assert answer_of("VS-20") == ("kept", 0, "versions")

    def test_is_broken_while_a_minor_version_hides_one_of_which_nobody_was_told(self):
        make_policy_version("2", published_days_ago=90, effective_in_days=-80)
        make_policy_version("3", significance=Significance.MINOR, effective_in_days=-60)

        assert answer_of("VS-20") == ("broken", 1, "versions")

    def test_is_at_risk_when_mails_fail(self):
        version = make_policy_version("2")
        announce_policies()
        mailing = PolicyAnnouncement.objects.get(version=version).mailing
        Notice.objects.filter(mailing=mailing).update(state=NoticeState.FAILED)

        assert answer_of("VS-20") == ("at_risk", 1, "mails")

    def test_does_not_count_the_versions_of_another_company(self):
        load_profile("fpt_smart_cloud")
        make_policy_version("2", published_days_ago=9)
        load_profile("vietnam_server")

        assert PolicyVersion.objects.filter(profile="fpt_smart_cloud").count() == 2
        assert answer_of("VS-20") == ("kept", 0, "versions")


def test_sp_9_and_cg_7_are_broken_by_a_change_without_proof_and_never_called_kept():
    customer = make_customer()
    doubtful, proved = (
        IdentityCheck.objects.create(
            customer=customer, kind="call_back", channel="phone", result=result, by=make_user()
        )
        for result in ("not_proved", "proved")
    )
    for profile, code in (("speedsms", "SP-9"), ("clever_group", "CG-7")):
        load_profile(profile)
        AssistedChange.objects.get_or_create(
            customer=customer, identity_check=proved, fields=["phone"], reason="Theo yêu cầu"
        )
        assert answer_of(code)[0] == "not_measured"

    AssistedChange.objects.create(
        customer=customer, identity_check=doubtful, fields=["phone"], reason="Theo yêu cầu"
    )
    assert answer_of("CG-7") == ("broken", 1, "customers")
