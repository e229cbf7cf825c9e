"""Misuse has a measure, and who may what is signed each quarter."""

from datetime import date, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group, Permission
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from access.services import record_export
from notices.models import Notice
from notices.services import send_due_notices
from policies.counting import midnight
from policies.loading import load_profile
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from staff.misuse import ended_by
from staff.models import Misuse, RightsReview
from staff.reviews import prepare_reviews, quarter_of
from staff.undertakings import is_bound
from tests.answers import answer_of, without_guards
from tests.factories import make_staff, make_undertaking

pytestmark = pytest.mark.django_db

ADD_MISUSE = "/admin/staff/misuse/add/"
REVIEWS = "/admin/staff/rightsreview/"


@pytest.fixture
def dpo(client):
    member = make_staff(DPO, staff_name="Phạm Minh Đức", language="en")
    client.force_login(member)
    client.cookies["django_language"] = "en"
    return member


def misuse_of(member, **kwargs):
    return {
        "member": member.pk,
        "found_on": timezone.localdate().isoformat(),
        "category": "without_need",
        "measure": "warning",
        **kwargs,
    }


@pytest.mark.parametrize(
    ("measure", "stays"),
    [
        ("instruction", True),
        ("warning", True),
        ("discipline", False),
        ("contract_ended", False),
        ("reported", False),
    ],
)
def test_a_grave_measure_ends_what_the_member_signed(measure, stays, client, dpo):
    officer = make_staff(COMPLAINT_OFFICER)

    client.post(ADD_MISUSE, misuse_of(officer, measure=measure, case_reference="kn-26-0042"))

    misuse = Misuse.objects.get()
    assert (misuse.member, misuse.decided_by, misuse.measure) == (officer, dpo, measure)
    assert misuse.case_reference == "KN-26-0042"
    assert is_bound(officer) is stays
    assert ended_by(misuse).exists() is not stays
    assert "revoked by it" in client.get(f"/admin/staff/misuse/{misuse.pk}/change/").text
    with pytest.raises(DatabaseError), transaction.atomic():
        Misuse.objects.update(measure="instruction")


def test_nobody_decides_about_themselves_nor_in_free_words_nor_an_auditor(client, dpo):
    officer = make_staff(COMPLAINT_OFFICER)
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()

    own = client.post(ADD_MISUSE, misuse_of(dpo))
    words = client.post(ADD_MISUSE, misuse_of(officer, case_reference="the neighbour"))
    early = client.post(ADD_MISUSE, misuse_of(officer, found_on=tomorrow))
    client.force_login(make_staff(AUDITOR))
    refused = client.post(ADD_MISUSE, misuse_of(officer))

    assert "Somebody else decides about your own access." in own.text
    assert [words.status_code, early.status_code, refused.status_code] == [200, 200, 403]
    assert not Misuse.objects.exists()


def test_each_quarter_every_role_is_written_down_once_and_signed(client, dpo):
    officer = make_staff(COMPLAINT_OFFICER)
    assert prepare_reviews() == 7
    assert prepare_reviews() == 0
    assert Notice.objects.filter(template="rights_review").count() == 1

    review = RightsReview.objects.get(role=COMPLAINT_OFFICER)
    assert review.quarter == quarter_of(timezone.localdate())
    assert [each["id"] for each in review.rights["members"]] == [officer.public_id]
    assert "complaints.change_complaint" in review.rights["permissions"]
    page = client.get(f"{REVIEWS}{review.pk}/change/").text
    assert str(officer) in page
    assert officer.email not in page
    assert ("change: complaint" in page, "complaints.change_complaint" in page) == (True, False)

    step = reverse("admin:staff_rightsreview_sign", args=[review.pk])
    client.post(step, {"outcome": "confirmed"})
    again = client.post(step, {"outcome": "to_change"})
    review.refresh_from_db()
    assert (review.outcome, review.signed_by, again.status_code) == ("confirmed", dpo, 403)
    for change in ({"rights": {}}, {"outcome": "to_change"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            RightsReview.objects.filter(pk=review.pk).update(**change)


def test_rights_beside_the_roles_are_written_down_too(dpo):
    root, idle, more = make_staff(is_superuser=True), make_staff(), make_staff(AUDITOR)
    root.user_permissions.add(Permission.objects.get(codename="view_misuse"))
    more.user_permissions.add(Permission.objects.get(codename="view_customer"))
    make_staff(is_superuser=True, is_active=False)

    prepare_reviews()

    rights = {
        role: ({each["id"] for each in row["members"]}, row["permissions"])
        for role, row in RightsReview.objects.values_list("role", "rights")
    }
    assert rights["superusers"] == ({root.public_id}, ["*"])
    assert rights["outside of roles"] == (
        {idle.public_id, more.public_id},
        ["accounts.view_customer"],
    )


def test_nobody_signs_for_a_role_of_their_own(client, dpo):
    auditor = make_staff(AUDITOR)
    prepare_reviews()
    dpo.groups.add(Group.objects.get(name=COMPLAINT_OFFICER))  # after it was written down
    reviews = {each.role: each for each in RightsReview.objects.all()}

    def sign(role):
        step = reverse("admin:staff_rightsreview_sign", args=[reviews[role].pk])
        return client.post(step, {"outcome": "confirmed"}).text

    own = [sign(role) for role in (DPO, COMPLAINT_OFFICER)]
    client.force_login(auditor)
    own.append(sign(AUDITOR))
    refused = "Somebody who does not have these rights signs this review."
    assert [refused in page for page in own] == [True, True, True]
    assert not RightsReview.objects.exclude(outcome="").exists()

    sign(DPO)
    assert list(RightsReview.objects.exclude(outcome="").values_list("role", "signed_by")) == [
        (DPO, auditor.pk)
    ]
    told = Notice.objects.filter(template="rights_review").values_list("recipient", flat=True)
    assert set(told) == {dpo.public_id, auditor.public_id}


def test_a_review_shows_what_came_and_went_and_the_administrators_learn_of_changes(
    client, dpo, mailoutbox
):
    leaver = make_staff(COMPLAINT_OFFICER, staff_name="Đi")
    prepare_reviews()
    leaver.groups.clear()
    make_staff(COMPLAINT_OFFICER, staff_name="Đến")
    administrator = make_staff(ADMINISTRATOR, language="en")
    later = midnight(quarter_of(timezone.localdate() + timedelta(days=92)))
    with time_machine.travel(later + timedelta(hours=9)):
        prepare_reviews()
    review = RightsReview.objects.filter(role=COMPLAINT_OFFICER).latest("quarter")

    page = client.get(f"{REVIEWS}{review.pk}/change/").text
    file = client.get(f"{REVIEWS}{review.pk}/csv/")
    step = reverse("admin:staff_rightsreview_sign", args=[review.pk])
    client.post(step, {"outcome": "to_change"})
    send_due_notices()

    assert "+ Đến" in page
    assert "− Đi" in page
    assert review.sha256 in file.text
    (mail,) = [each for each in mailoutbox if each.to == [administrator.email]]
    assert "Phạm Minh Đức has reviewed the role “complaint officer”" in mail.body


def test_what_nobody_signed_for_30_days_is_told_once_more(dpo):
    begins = midnight(quarter_of(timezone.localdate()))
    told = []
    for day in (1, 30, 32, 40):
        with time_machine.travel(begins + timedelta(days=day, hours=9)):
            prepare_reviews()
            told.append(Notice.objects.filter(template="rights_review").count())

    assert told == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("day", "begins"),
    [
        (date(2026, 1, 1), date(2026, 1, 1)),
        (date(2026, 3, 31), date(2026, 1, 1)),
        (date(2026, 11, 29), date(2026, 10, 1)),
        (date(2026, 12, 31), date(2026, 10, 1)),
    ],
)
def test_the_quarter_of_a_day(day, begins):
    assert quarter_of(day) == begins


def test_the_promise_of_confidentiality_follows_the_rows(dpo):
    load_profile("speedsms")
    assert answer_of("SP-7") == ("kept", 0, "facts")

    officer = make_staff(COMPLAINT_OFFICER, signed=False)
    ended = make_undertaking(officer, valid_until=timezone.localdate() - timedelta(days=3))
    assert answer_of("SP-7") == ("at_risk", 1, "facts")

    record_export(by=dpo, count=1, purpose="access_review", field_groups=[])
    without_guards("staff_undertaking")
    dpo.undertakings.update(signed_at=timezone.now() + timedelta(hours=1))
    assert answer_of("SP-7") == ("broken", 1, "uses")
    assert ended.valid_until < timezone.localdate()


def test_an_unsigned_review_of_long_ago_puts_it_at_risk(dpo):
    load_profile("speedsms")
    prepare_reviews()
    without_guards("staff_rightsreview")
    RightsReview.objects.update(taken_at=timezone.now() - timedelta(days=31))

    assert answer_of("SP-7") == ("at_risk", 7, "facts")
