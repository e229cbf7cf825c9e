"""One row of each table that goes by a period of its own, begun at a given moment."""

from datetime import date

from accounts.models import IdentityCheck, IdentityProof, KnownDevice
from calls.models import CallRecording
from calls.retention import last_day_of
from casework.models import Case, Evidence
from complaints.models import Complaint
from enquiries.models import Enquiry
from notices.models import Notice
from notices.services import queue_notice
from policies.counting import add_months, local_day
from policies.models import Purpose, RetentionRule
from retention.models import PurgeRun
from tests.enquiries.conftest import make_enquiry
from tests.factories import approve, make_complaint, make_evidence, make_user
from visits.models import PageDay


def device(customer, at):
    return KnownDevice.objects.create(
        user=customer.user, cookie_hash=f"{at:%s}", first_seen_at=at, last_seen_at=at
    )


def notice(customer, at):
    key = f"{at:%s}-{customer.public_id}"
    queue_notice("details_changed", recipient=customer.public_id, key=key)
    Notice.objects.filter(key=key).update(queued_at=at, state="sent", sent_at=at)
    return Notice.objects.get(key=key)


def visit(customer, at):
    return PageDay.objects.create(
        page="home", day=local_day(at), views=1, networks=1, batch=f"{at:%s}"
    )


def enquiry(customer, at):
    made = make_enquiry()
    Enquiry.objects.filter(pk=made.pk).update(
        state="dismissed", closed_at=at, closed_by=make_user(is_staff=True)
    )
    Notice.objects.filter(recipient=made.public_id).update(state="sent", sent_at=at)
    return made


def call(customer, at):
    return CallRecording.objects.create(
        customer=customer,
        direction="in",
        started_at=at,
        duration="00:01:00",
        purpose=Purpose.objects.first(),
        content_type="audio/mpeg",
        size=1,
        file=f"calls/{at:%s}",
        source_hash=f"{at:%s}",
        kept_until=last_day_of(at),
    )


def closed_complaint(customer, at):
    complaint = make_complaint(customer=customer)
    complaint.events.create(code="closed")
    close(complaint, at)
    return complaint


def close(complaint, at):
    Complaint.objects.filter(pk=complaint.pk).update(state="withdrawn")
    Case.objects.filter(pk=complaint.pk).update(received_at=at, closed_at=at, late_from=None)


def evidence(customer, at):
    complaint = make_complaint(customer=customer)
    made = make_evidence(complaint)
    close(complaint, at)
    return Evidence.objects.get(pk=made.pk)


def proof(customer, at):
    check = IdentityCheck.objects.create(
        customer=customer, kind="identity_document", channel="counter", result="proved",
        by=make_user(is_staff=True), at=at,
    )  # fmt: skip
    return IdentityProof.objects.create(
        identity_check=check,
        file=f"proofs/{at:%s}",
        content_type="image/png",
        kept_until=add_months(local_day(at), 1),
    )


def report(customer, at):
    rule = RetentionRule.objects.first()
    return PurgeRun.objects.create(
        rule=rule, only_reported=True, started_at=at, finished_at=at, searches=False
    )


ROWS = {
    "devices_last_activity": device,
    "notices": notice,
    "visits": visit,
    "enquiries": enquiry,
    "calls": call,
    "complaints": closed_complaint,
    "evidence": evidence,
    "identity_proofs": proof,
    "purge_reports": report,
}


def make_rule(category, trigger, months, *, approved=True, **values):
    """A rule of the company's, approved; in force since ever unless ``values`` say otherwise."""
    values.setdefault("valid_from", date(2020, 1, 1))
    values.setdefault("action", "delete")
    rule = RetentionRule.objects.create(
        category=category, trigger=trigger, months=months, family="promise",
        basis="company_choice", source_vi="Công ty tự chọn", source_en="The company's choice",
        **values,
    )  # fmt: skip
    if approved:
        approve(rule)
    return rule
