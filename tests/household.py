"""A portal in which there is something behind every address, most of it about one customer."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.utils import timezone
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from access.sealing import seal_records
from access.verification import note_verification
from accounts.announcements import announce_policies
from accounts.details import Change
from accounts.files import file_key
from accounts.import_rows import sample
from accounts.imports import keep_for_preview
from accounts.locking import unlock_sign_in
from accounts.merging import ask_merge, public_ids_of
from accounts.models import (
    AccessApproval,
    Consent,
    Customer,
    CustomerImport,
    EmergencyAccess,
    IdentityProof,
    SecrecyOrder,
    User,
)
from accounts.receipts import record_of
from calls.models import CallRecording
from casework.models import ConflictCause
from casework.services import assign_case, exclude_staff
from common.csv_files import csv_pieces
from common.files import company_key, store_sealed
from common.models import JobStatus
from common.personal_data import DataCategory
from complaints.models import ANSWER, Complaint, ReplyTemplate, SavedFilter, Side
from complaints.services import WORK, escalate_complaint
from complaints.urls import PAGES
from downstream.causes import order_correction
from downstream.models import Order
from enquiries.models import ErasedEnquiries
from hosting.models import HostedService
from marketing.systems import add_system
from policies.models import Agreement, PolicyVersion, Recipient
from policies.retention import rule_after_closing
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_LEAD, COMPLAINT_OFFICER, DPO
from retention.models import (
    OrphanReport,
    PurgeRun,
    RestoreRehearsal,
    RetentionStatistic,
    Tombstone,
)
from staff.models import FlaggedRecord, Misuse, RevocationReason, Undertaking, UnusualAccess
from staff.reviews import prepare_reviews
from staff.undertakings import revoke_undertaking
from tests.addresses import address, names
from tests.downstream.conftest import make_system
from tests.enquiries.conftest import make_enquiry
from tests.factories import (
    PASSWORD,
    answer,
    approve,
    decide,
    make_customer,
    make_hold,
    make_policy_draft,
    make_policy_version,
    make_staff,
    make_undertaking,
)
from tests.marketing.conftest import make_issue
from tests.retention.planting import make_full_customer
from tests.rights.conftest import make_export
from visits.models import PageDay

ROLE_OF = {
    "handler": COMPLAINT_OFFICER,
    "kept_away": COMPLAINT_OFFICER,
    "lead": COMPLAINT_LEAD,
    "dpo": DPO,
    "auditor": AUDITOR,
    "administrator": ADMINISTRATOR,
}
PHONE = "+84987650123"
LINK = "no-link-of-ours"  # whoever has a true one is let in, whoever they are
SIGNED = (
    *("confirm_new_email", "confirm_subscription", "confirm_enquiry", "confirm_complaint"),
    *("confirm_withdrawal", "new_complaint_link"),
    *("unsubscribe", "confirm_report", "unlock_account", "closed_account", "reopen_account"),
    *("write_from_closed", "closed_copy", "send_copy_code"),
    *("closing_receipt_pdf", "closing_receipt_json", "admin:calls_callrecording_audio"),
    *("answer_access", "send_access_code", "end_access"),
    *("erasure_certificate_pdf", "erasure_certificate_json"),
    *(f"followed_{page}" for page in PAGES if page != "evidence"),
)


@dataclass
class Household:
    """staff: by who they are; "handler" has the case, "kept_away" may never see it."""

    customer: Customer
    other: Customer
    staff: dict[str, User]
    rows: dict[str, Any]
    parameters: dict[str, Any]
    public_ids: set[str]

    def addresses(self) -> dict[str, str]:
        return {name: address(name, self.parameters, self.rows) for name in names()}


def make_household(canary: str) -> Household:
    """``canary`` marks every text that is about the customer, or from who sent the enquiry."""
    staff = _hire()
    customer = make_full_customer(canary, phone=PHONE)
    unlock_sign_in(customer, password=PASSWORD, by=customer.user)
    customer.user.refresh_from_db()
    complaint = _work_on_complaint(customer, staff, canary)
    enquiry = make_enquiry(
        name=f"{canary}30", email=f"{canary}31@example.com", message=f"{canary}32 message"
    )
    Authenticator.objects.filter(user=customer.user).update(
        data={"name": f"{canary}9", "credential": _passkey()}
    )
    proof = IdentityProof.objects.get()
    store_sealed(str(proof.file), f"%PDF-{canary}33".encode(), key=file_key(customer))
    _fill_the_desk(customer, staff)
    duplicate = make_customer(full_name=f"{canary}34", email=f"{canary}35@example.com")
    merge = ask_merge(
        customer, duplicate=duplicate.public_id, reason=f"{canary}36", by=staff["handler"]
    )
    export = make_export(customer)
    people = {*public_ids_of(customer), duplicate.public_id, enquiry.public_id}
    left = make_customer()
    HostedService.objects.create(
        customer=left, kind="vps", label="x", external_id="x", ended_on=timezone.localdate()
    )
    household = Household(customer, make_customer(), staff, {}, {}, people)
    household.rows = {
        row._meta.label: row
        for row in (
            *(customer, complaint, enquiry, merge, staff["handler"], proof.identity_check),
            ReplyTemplate.objects.get(name_en="Reply"),
            EmergencyAccess.objects.told().get(),
            Undertaking.objects.get(member=staff["handler"]),
        )
    }
    household.parameters = _parameters(household, complaint, export)
    return household


def _hire() -> dict[str, User]:
    staff = {name: make_staff(role) for name, role in ROLE_OF.items()}
    return {**staff, "superuser": make_staff(is_superuser=True)}


def _passkey() -> dict[str, Any]:
    """Return what a browser sends of a new passkey."""
    credential = AttestedCredentialData.create(bytes(16), b"key", ES256({1: 2, 3: -7}))
    data = AuthenticatorData.create(bytes(32), AuthenticatorData.FLAG.AT, 0, credential)
    client = CollectedClientData.create("webauthn.create", b"challenge", "https://example.vn")
    response = {
        "clientDataJSON": websafe_encode(client),
        "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
    }
    key = websafe_encode(b"key")
    return {"id": key, "rawId": key, "type": "public-key", "response": response}


def _work_on_complaint(customer: Customer, staff: dict[str, User], canary: str) -> Complaint:
    """Answer it and take it to an authority, so that it is open and has a letter."""
    complaint = Complaint.objects.open().get(customer=customer)
    officer = staff["handler"]
    exclude_staff(complaint, staff["kept_away"], cause=ConflictCause.NAMED)
    assign_case(complaint, handler=officer, by=officer, permission=WORK)
    answer(
        decide(complaint, by=officer),
        by=officer,
        **{part: f"{canary} {part}" for part in ANSWER},
    )
    escalate_complaint(complaint, side=Side.COMPANY, authority="A05", by=officer)
    return complaint


def _fill_the_desk(customer: Customer, staff: dict[str, User]) -> None:
    """Put a row into each table of the desk that knows no customer, and one hold."""
    today, rule = timezone.localdate(), rule_after_closing(timezone.localdate())
    make_hold(customer)
    approve(rule)
    run = PurgeRun.objects.create(rule=rule, only_reported=True)
    Tombstone.objects.create(
        public_id="0" * 32,
        opened_on=today,
        closed_on=today,
        retained_until=today,
        rule=rule,
        run=run,
    )
    OrphanReport.objects.create(found={"sessions": {"number": 1, "ids": ["1"]}})
    RestoreRehearsal.objects.create(
        by=staff["administrator"], started_at=timezone.now(), is_given=False, outcome="passed"
    )
    ErasedEnquiries.objects.create(month=today.replace(day=1))
    RetentionStatistic.objects.create(category="notice", month=today.replace(day=1), number=12)
    JobStatus.objects.create(name="common.clean_up")
    PageDay.objects.create(page="home", day=today, views=1, networks=1, batch="1")
    ReplyTemplate.objects.create(name_vi="Mẫu", name_en="Reply", text_vi="Chào", text_en="Dear")
    SavedFilter.objects.create(staff=staff["handler"], name="mine", query="handler=me")
    make_issue()
    add_system("CRM", by=staff["administrator"])
    _order(customer, staff["administrator"])
    agreement = Agreement(
        recipient=Recipient.objects.all()[0],
        reference="HĐ-1",
        valid_from=today,
        file="agreements/1",
        file_name="1.pdf",
        file_sha256="0" * 64,
        added_by=staff["dpo"],
    )
    store_sealed(str(agreement.file), b"%PDF-1.4", key=company_key())
    agreement.save()
    keep_for_preview(b"".join(csv_pieces(sample())), by=staff["superuser"])
    make_policy_version("2", effective_in_days=60)
    announce_policies()
    seal_records()
    note_verification()
    _watch_staff(customer, staff)
    make_policy_draft("3")


def _order(customer: Customer, responsible: User) -> None:
    """Plant a system without an interface, and an order that its people have yet to carry out."""
    make_system(by=responsible)
    order_correction(Change(customer, DataCategory.CONTACT, ("phone",)))


def _watch_staff(customer: Customer, staff: dict[str, User]) -> None:
    """Plant what the officers keep about members of staff, all of it about one who was tempted."""
    today, member, dpo = timezone.localdate(), staff["kept_away"], staff["dpo"]
    prepare_reviews()
    Misuse.objects.create(
        member=member, found_on=today, category="without_need", measure="warning", decided_by=dpo
    )
    UnusualAccess.objects.create(
        kind="many", day=today, member=member, finding="explained", looked_by=dpo
    )
    FlaggedRecord.objects.create(member=member, customer=customer, tie="relative", flagged_by=dpo)


def _parameters(household: Household, complaint: Complaint, export: Any) -> dict[str, Any]:
    """Say what the parameters of the addresses are that are not simply the key of a row."""
    customer = household.customer
    service = {"public_id": HostedService.objects.get(customer=customer).public_id}
    call = {"public_id": CallRecording.objects.get(customer=customer).public_id}
    receipt = {"record": record_of(Consent.objects.filter(customer=customer)[0])}
    approval = {"public_id": AccessApproval.objects.get().public_id}
    passkey = {"pk": Authenticator.objects.get(user=customer.user).pk}
    evidence = complaint.evidence.get().public_id
    agreement = Agreement.objects.get()
    kept = {"public_id": CustomerImport.objects.get().public_id}
    return {
        **_at_other_stages(customer, household.staff["kept_away"]),
        **{name: [LINK] for name in SIGNED},
        **{page: {"public_id": complaint.public_id} for page in PAGES},
        "evidence": {"public_id": complaint.public_id, "evidence_id": evidence},
        "followed_evidence": [LINK, evidence],
        **dict.fromkeys(("call_audio", "download_call", "erase_call"), call),
        **dict.fromkeys(("hosted_service", "end_hosted_service", "erase_hosted_service"), service),
        **dict.fromkeys(("hand_over_service", "service_handed_over", "destroy_service"), service),
        "answer_backup": service,
        "download_export": {"public_id": export.public_id},
        "acknowledge_order": {"public_id": Order.objects.all()[0].public_id},
        **dict.fromkeys(("approval", "answer_approval", "end_approval"), approval),
        "emergency": {"public_id": EmergencyAccess.objects.told().get().public_id},
        **dict.fromkeys(("consent_receipt_pdf", "consent_receipt_json"), receipt),
        **dict.fromkeys(("mfa_remove_webauthn", "mfa_edit_webauthn"), passkey),
        "erase_detail": ["address"],
        "data_category": ["device"],
        "erase_category": ["device"],
        "policy_version": ["2"],
        "account_reset_password_from_key": ["1", LINK],
        "admin:accounts_customer_import_preview": kept,
        "admin:accounts_customer_import_faults": kept,
        "admin:complaints_complaint_evidence": [complaint.pk, evidence],
        "admin:complaints_complaint_record_for": [customer.public_id],
        "admin:complaints_complaint_export": ["csv"],
        "admin:complaints_savedfilter_drop": [SavedFilter.objects.get().pk],
        "admin:policies_recipient_file": [agreement.recipient_id, agreement.pk],
        "admin:policies_recipient_end": [agreement.recipient_id, agreement.pk],
        "admin:app_list": ["accounts"],
        "admin:staff_unusualaccess_look": [
            *("many", timezone.localdate().isoformat()),
            household.staff["kept_away"].public_id,
        ],
        "admin:accounts_customer_invite": [make_customer(user=None).pk],
        "admin:accounts_customer_reopen": [make_customer(closed_days_ago=3).pk],
        "admin:hosting_hostedservice_end_account": [
            HostedService.objects.get(ended_on__isnull=False).pk
        ],
        **{
            f"admin:policies_policyversion_{step}": [PolicyVersion.objects.get(number="3").pk]
            for step in ("edit", "publish", "discard")
        },
    }


def _at_other_stages(customer: Customer, officer: User) -> dict[str, Any]:
    """Plant what is earlier or later on its way, for the steps that wait for it."""
    now, today, second = timezone.now(), timezone.localdate(), make_staff(DPO)
    order = SecrecyOrder.objects.create(
        customer=customer,
        authority="police",
        document="13/QĐ",
        dated_on=today,
        ends_on=today,
        recorded_by=officer,
    )
    asked = {
        "customer": customer,
        "category": "fraud",
        "field_groups": ["contact"],
        "hours": 1,
        "asked_by": officer,
        "asked_at": now,
    }
    confirmed = {"confirmed_by": second, "confirmed_at": now, "ends_at": now + timedelta(hours=1)}
    undertaking = make_undertaking(make_staff(DPO, signed=False))
    revoke_undertaking(undertaking, reason=RevocationReason.LEFT, by=second)
    rows = {
        "accounts_user_unlock": make_staff(DPO, locked_at=now),
        "accounts_secrecyorder_confirm": order,
        "accounts_emergencyaccess_confirm": EmergencyAccess.objects.create(**asked),
        "accounts_emergencyaccess_end": EmergencyAccess.objects.create(**asked, **confirmed),
        "staff_undertaking_readmit": undertaking,
    }
    return {f"admin:{name}": [row.pk] for name, row in rows.items()}
