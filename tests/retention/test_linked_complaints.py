"""Complaints of two customers that were linked: one of them goes, and the other's stays."""

import pytest
from django.utils import timezone

from complaints.models import Complaint, ComplaintLink
from complaints.services import link_complaints, withdraw_complaint
from policies.retention import rule_after_closing
from privacyportal.roles import COMPLAINT_OFFICER
from retention.purge import purge_closed_accounts
from tests.factories import (
    approve,
    close_in_the_past,
    make_complaint,
    make_customer,
    make_evidence,
    make_staff,
)

pytestmark = pytest.mark.django_db


def contents(complaint):
    complaint.refresh_from_db()
    return (
        complaint.text,
        complaint.state,
        list(complaint.events.values_list("code", flat=True)),
        list(complaint.clocks.values_list("kind", "last_day")),
        list(complaint.evidence.values_list("name", flat=True)),
        complaint.history.count(),
    )


@pytest.mark.parametrize("goes_first", [True, False])
def test_a_purge_removes_the_link_and_leaves_the_others_complaint(goes_first):
    approve(rule_after_closing(timezone.localdate()))
    officer = make_staff(COMPLAINT_OFFICER)
    going, staying = make_customer(), make_customer()
    order = (going, staying) if goes_first else (staying, going)
    complaints = {customer: make_complaint(customer=customer) for customer in order}
    third = make_complaint(customer=staying)
    for complaint in complaints.values():
        make_evidence(complaint)
    link_complaints(complaints[going], other=complaints[staying], kind="duplicate", by=officer)
    link_complaints(complaints[staying], other=third, kind="related", by=officer)
    withdraw_complaint(complaints[going], by=going.user)
    close_in_the_past(going, 9_000)
    before = contents(complaints[staying])

    purge_closed_accounts()

    assert list(Complaint.objects.order_by("pk")) == [complaints[staying], third]
    assert contents(complaints[staying]) == before
    (link,) = ComplaintLink.objects.all()
    assert (link.earlier, link.later) == (complaints[staying], third)
