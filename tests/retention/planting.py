"""A customer about whom every table knows something, to see that all of it goes."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from access.models import AccessAction, AccessRecord
from access.reasons import AccessReason
from access.services import record_access
from accounts.accuracy import confirm_details
from accounts.consents import decide_consent
from accounts.details import put_declared
from accounts.merging import approve_merge, ask_merge
from accounts.models import (
    AccessApproval,
    AssistedChange,
    ConsentProof,
    EmergencyAccess,
    IdentityCheck,
    IdentityProof,
    KnownDevice,
    PhoneVerification,
    PolicyEvent,
    SecrecyOrder,
    ServiceEnd,
)
from accounts.models.approvals import ANSWER_WITHIN
from casework.models import ConflictCause
from casework.services import (
    add_note,
    exclude_staff,
    remind,
    write_as_customer,
    write_to_customer,
)
from common.personal_data import DataCategory
from complaints.intake import file_complaint
from complaints.models import Complaint, QuestionedAccess
from complaints.services import link_complaints, withdraw_complaint
from hosting.models import BACKUP_ANSWER_WITHIN, BackupRequest, HostedService
from incidents.services import report_unauthorised_use, settle_report
from marketing.models import Preference
from policies.models import DeclaredField, PolicyText, Purpose
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from retention.models import NecessityReview, PurgeFailure, Remainder
from rights.models import CopyCode, Export
from staff.unusual import flag_record
from tests.calls.conftest import decide, make_recording
from tests.factories import (
    close_in_the_past,
    make_complaint,
    make_customer,
    make_evidence,
    make_staff,
)


def make_full_customer(canary, *, closed_days_ago=None, **kwargs):
    """A customer with something in every table that knows customers; ``canary`` marks the texts.

    One who is not closed has a complaint that is open.
    """
    customer = make_customer(
        full_name=f"{canary}1",
        email=f"{canary}2@example.com",
        address=f"{canary}3 Lê Lợi",
        **kwargs,
    )
    _sign_in(customer, canary)
    _decide(customer)
    _ask_staff(customer, canary)
    _declare(customer, canary)
    decide(customer)
    make_recording(customer, f"ID3{canary}15".encode(), source=f"{canary}16")
    now = timezone.now()
    service = HostedService.objects.create(
        customer=customer, kind="vps", label=f"{canary}17", description=f"{canary}18"
    )
    BackupRequest.objects.create(
        service=service,
        need_vi=f"{canary}24",
        need_en=f"{canary}25",
        asked_by=make_staff(COMPLAINT_OFFICER),
        asked_at=now,
        answer_by=now + BACKUP_ANSWER_WITHIN,
    )
    Export.objects.create(customer=customer, state="expired")
    CopyCode.objects.create(customer=customer, code=f"{customer.pk:064}")
    ServiceEnd.objects.create(customer=customer, ended_on=timezone.localdate(), reason=f"{canary}9")
    NecessityReview.objects.create(customer=customer, asked_on=timezone.localdate())
    Remainder.objects.create(customer=customer)
    PurgeFailure.objects.create(customer=customer, error="DatabaseError")
    if closed_days_ago is not None:
        withdraw_complaint(Complaint.objects.open().get(customer=customer), by=customer.user)
        close_in_the_past(customer, closed_days_ago)
    return customer


def _sign_in(customer, canary):
    EmailAddress.objects.create(user=customer.user, email=customer.email, verified=True)
    Authenticator.objects.create(user=customer.user, type="webauthn", data={"name": f"{canary}9"})
    PhoneVerification.objects.create(
        customer=customer, number=f"{canary}10", sent_at=timezone.now()
    )
    KnownDevice.objects.create(
        user=customer.user, cookie_hash=f"{canary:_>64}", language=canary[:20]
    )
    report = report_unauthorised_use(
        customer, origin="account", by=customer.user, text=f"{canary} đã bị lộ"
    )
    settle_report(report, finding="Không có gì.", by=make_staff(COMPLAINT_OFFICER))
    session = Session.objects.create(
        session_key=f"{canary}4", session_data="x", expire_date=timezone.now()
    )
    UserSession.objects.create(
        user=customer.user, ip="10.0.0.1", user_agent=f"{canary}5", session_key=session.pk
    )


def _decide(customer):
    text = PolicyText.objects.first()
    PolicyEvent.objects.create(customer=customer, kind="shown", text=text, channel="web")
    purpose = Purpose.objects.asking_consent()[0]
    decide_consent(customer, purpose, decision="given", by=customer.user)
    ConsentProof.objects.create(
        consent=customer.consents.last(), channel="counter", reference="HS-1"
    )
    Preference.objects.create(customer=customer)


def _ask_staff(customer, canary):
    officer = make_staff(COMPLAINT_OFFICER)
    flag_record(make_staff(DPO), customer=customer, tie="relative", by=officer)
    check = IdentityCheck.objects.create(
        customer=customer, kind="call_back", channel="phone", result="proved", by=officer
    )
    IdentityProof.objects.create(
        identity_check=check,
        content_type="application/pdf",
        kept_until=timezone.localdate(),
        file=f"proofs/{check.pk}",
    )
    AssistedChange.objects.create(
        customer=customer,
        identity_check=check,
        approval=_approve(customer, officer),
        fields=["phone"],
        reason=f"{canary}10",
    )
    duplicate = make_customer(full_name=f"{canary}12", email=f"{canary}13@example.com")
    merge = ask_merge(customer, duplicate=duplicate.public_id, reason=f"{canary}14", by=officer)
    approve_merge(merge, by=make_staff(DPO))
    record_access(
        by=officer,
        action=AccessAction.OPEN,
        customer=customer.public_id,
        purpose="complaint_handling",
        field_groups=[DataCategory.CONTACT],
    )
    _complain(customer, canary)


def _approve(customer, officer):
    """Let the customer be asked, and have been told of an emergency under an order that ended."""
    now, today, second = timezone.now(), timezone.localdate(), make_staff(DPO)
    order = SecrecyOrder.objects.create(
        customer=customer,
        authority="police",
        document="12/QĐ",
        dated_on=today - timedelta(days=9),
        ends_on=today - timedelta(days=1),
        recorded_by=officer,
        confirmed_by=second,
        confirmed_at=now,
    )
    EmergencyAccess.objects.create(
        customer=customer,
        category="fraud",
        field_groups=["contact"],
        hours=1,
        secrecy=order,
        asked_by=officer,
        asked_at=now,
        confirmed_by=second,
        confirmed_at=now,
        ends_at=now,
        told_at=now,
    )
    return AccessApproval.objects.create(
        customer=customer,
        purpose=Purpose.objects.first(),
        reason=AccessReason.CORRECTION,
        field_groups=["contact"],
        hours=1,
        asked_by=officer,
        asked_at=now,
        answer_by=now + ANSWER_WITHIN,
    )


def _declare(customer, canary):
    DeclaredField.objects.get_or_create(
        code="job_title", defaults={"name_vi": "Chức danh", "name_en": "Job", "kind": "text"}
    )
    put_declared(customer, {"job_title": f"{canary}11"}, by=customer.user)
    confirm_details(customer)


def _complain(customer, canary):
    complaint = file_complaint(
        customer, category="other", text=f"{canary}6", submission=f"{canary:0<32}", by=customer.user
    )
    make_evidence(complaint, name=f"{canary}7.pdf", content=f"%PDF-{canary}8".encode())
    officer = make_staff(COMPLAINT_OFFICER)
    write_to_customer(complaint, text=f"{canary}20?", is_question=True, by=officer)
    write_as_customer(complaint, text=f"{canary}21", by=customer.user)
    add_note(complaint, text=f"{canary}22", by=officer)
    remind(complaint, on=timezone.localdate() + timedelta(days=3), by=officer)
    exclude_staff(complaint, make_staff(DPO), cause=ConflictCause.NAMED)
    other = make_complaint(customer=customer)
    withdraw_complaint(other, by=customer.user)
    link_complaints(complaint, other=other, kind="related", by=officer)
    record = AccessRecord.objects.about(customer.public_id).first()
    QuestionedAccess.objects.create(complaint=complaint, record=record)
