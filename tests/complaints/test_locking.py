from pathlib import Path

import pytest
from django.conf import settings

from common.attachments import CheckedFile
from common.models import DoomedFile
from common.tokens import new_public_id
from complaints import intake, services
from complaints.exceptions import InvalidTransition
from complaints.models import Complaint, ComplaintState, Outcome
from notices.models import Notice
from privacyportal.roles import COMPLAINT_OFFICER
from tests.factories import answer, make_complaint, make_customer, make_staff
from tests.threads import at_once

pytestmark = pytest.mark.usefixtures("portal")


def test_two_officers_cannot_both_resolve():
    complaint = make_complaint(state=ComplaintState.MEASURES, outcome=Outcome.UPHELD)
    officers = [make_staff(COMPLAINT_OFFICER) for _ in range(2)]

    def resolve(officer):
        mine = Complaint.objects.get(pk=complaint.pk)
        return lambda: answer(mine, by=officer, cause=officer.staff_name)

    outcomes = at_once(*map(resolve, officers))

    assert sorted(map(type, outcomes), key=str) == [type(None), InvalidTransition]
    complaint.refresh_from_db()
    assert complaint.cause == officers[outcomes.index(None)].staff_name
    assert complaint.events.filter(code="resolved").count() == 1
    assert Notice.objects.filter(template="complaint_resolved").count() == 1


def test_the_customer_withdraws_while_an_officer_resolves():
    complaint = make_complaint(state=ComplaintState.MEASURES, outcome=Outcome.UPHELD)
    officer = make_staff(COMPLAINT_OFFICER)
    first, second = (Complaint.objects.get(pk=complaint.pk) for _ in range(2))

    outcomes = at_once(
        lambda: answer(first, by=officer),
        lambda: services.withdraw_complaint(second, by=complaint.customer.user),
    )

    assert sorted(map(type, outcomes), key=str) == [type(None), InvalidTransition]
    assert complaint.events.filter(code__in=["resolved", "withdrawn"]).count() == 1


def test_eight_posts_of_one_form_make_one_complaint():
    customer = make_customer()
    submission = new_public_id()
    letter = CheckedFile("thư.pdf", "application/pdf", b"%PDF-1.4 x", "1" * 64)

    def file():
        return intake.file_complaint(
            type(customer).objects.get(pk=customer.pk),
            category="other",
            text="x",
            submission=submission,
            evidence=[letter],
            by=customer.user,
        )

    outcomes = at_once(*[file] * 8)

    complaint = Complaint.objects.get()
    assert outcomes == [complaint] * 8
    assert complaint.events.count() == 1
    assert Notice.objects.count() == 1
    stored = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert stored == [Path(complaint.evidence.get().file.path)]
    assert not DoomedFile.objects.exists()
