from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import erasure_steps, recipients  # noqa: F401 -- what registers there
from accounts.approvals import end_grants
from accounts.devices import period_of_devices
from accounts.emergencies import end_emergencies
from accounts.models import (
    AccessApproval,
    AccuracyDeclaration,
    AssistedChange,
    Consent,
    ConsentProof,
    Customer,
    CustomerMerge,
    DeclaredValue,
    EmergencyAccess,
    IdentityCheck,
    IdentityProof,
    KnownDevice,
    PhoneVerification,
    PolicyEvent,
    SecrecyOrder,
    ServiceEnd,
    User,
)
from accounts.sessions import period_of_sessions
from common.history import delete_as
from common.periods import Expiry, expires
from common.personal_data import (
    DataCategory,
    Declaration,
    RetentionTrigger,
    declare,
    exempt,
    mask_all,
    mask_email,
    mask_name,
    mask_phone,
    moves_on_merge,
)
from policies.counting import local_day

for trigger, field in (
    (RetentionTrigger.LAST_ACTIVITY, "last_seen_at"),
    (RetentionTrigger.CREATED, "first_seen_at"),
):
    expires(
        Expiry(
            name=f"devices_{trigger}",
            label=_("devices"),
            category=DataCategory.DEVICE,
            trigger=trigger,
            rows=KnownDevice.objects.all,
            begins=field,
            customer="user__customer",
            facet="system",
        )
    )
expires(
    Expiry(
        name="identity_proofs",
        label=_("proofs of identity"),
        category=DataCategory.IDENTITY_PROOF,
        trigger=RetentionTrigger.CREATED,
        rows=IdentityProof.objects.all,
        begins="identity_check__at",
        until="kept_until",
        customer="identity_check__customer",
        deferred=True,
    )
)


def _orders_for(rows: Any, staff: Any) -> Any:
    """Narrow to nothing for who may not open them: not even their number is told."""
    return rows if staff.has_perm("accounts.view_secrecyorder") else rows.none()


def _emergencies_for(rows: Any, staff: Any) -> Any:
    """Narrow to their own for who may not decide on them: others may be secret."""
    decides = staff.has_perm("accounts.change_emergencyaccess")
    return rows if decides else rows.filter(asked_by=staff)


declare(
    Declaration(
        model=Customer,
        category=DataCategory.CONTACT,
        customer="pk",
        lasts=True,
        personal={
            "full_name": mask_name,
            "email": mask_email,
            "phone": mask_phone,
            "address": mask_all,
        },
        internal=["phone_hash"],
        plain=["kept_until", "grace_until"],
        exported=[
            *("language", "opened_at", "closed_at", "kept_until", "grace_until", "declared_at"),
            "gets_access_mails",
        ],
    )
)
declare(
    Declaration(
        model=DeclaredValue,
        category=DataCategory.DECLARED,
        customer="customer",
        personal={"value": mask_all},
        erasable=True,
        exported=["field"],
    )
)
declare(
    Declaration(
        model=AccuracyDeclaration,
        category=DataCategory.CONSENT,
        customer="customer",
        personal={"occasion": mask_all, "wording": mask_all},
        plain=["wording_sha256"],
        shared=["occasion", "wording"],
        since="at",
        origin=_("from you"),
        exported=["language", "channel", "at"],
    )
)
declare(
    Declaration(
        model=User,
        category=DataCategory.ACCOUNT,
        customer="customer",
        personal={"email": mask_email},
        internal=["password"],
        plain=["staff_name", "engaged_until"],
        origin=_("from you, when you signed up"),
        exported=["language", "date_joined", "last_login", "locked_at"],
    )
)
declare(
    Declaration(
        model=EmailAddress,
        category=DataCategory.ACCOUNT,
        customer="user__customer",
        personal={"email": mask_email, "verified": mask_all},
        origin=_("from you, or from a member of staff whom you asked"),
        page="account_email",
        opens=True,
    )
)
declare(
    Declaration(
        model=EmailConfirmation,
        category=DataCategory.ACCOUNT,
        customer="email_address__user__customer",
        internal=["key"],
        opens=True,
    )
)
declare(
    Declaration(
        model=Authenticator,
        category=DataCategory.ACCOUNT,
        customer="user__customer",
        internal=["data"],
        since="created_at",
        origin=_("from you, when you set up a second factor"),
        page="mfa_index",
        exported=["type", "created_at", "last_used_at"],
        opens=True,
    )
)
declare(
    Declaration(
        model=KnownDevice,
        category=DataCategory.DEVICE,
        customer="user__customer",
        personal={
            "browser": mask_all,
            "system": mask_all,
            "language": mask_all,
            "screen": mask_all,
        },
        internal=["cookie_hash"],
        shared=["browser", "system", "language", "screen"],
        since="first_seen_at",
        origin=_("from your browser, when you signed in"),
        period=period_of_devices,
        page="usersessions_list",
        erasable=True,
        exported=["first_seen_at", "last_seen_at"],
        opens=True,
    )
)
declare(
    Declaration(
        model=PhoneVerification,
        category=DataCategory.CONTACT,
        customer="customer",
        internal=["number", "code", "verified_number"],
        plain=["sent_today", "tries"],
        since="sent_at",
        origin=_("from you, when you confirmed your phone number"),
        page="verify_phone",
        exported=["sent_at", "verified_at"],
        opens=True,
    )
)
declare(
    Declaration(
        model=UserSession,
        category=DataCategory.DEVICE,
        customer="user__customer",
        personal={"ip": mask_all, "user_agent": mask_all},
        internal=["data", "session_key"],
        shared=["ip", "user_agent"],
        since="created_at",
        origin=_("from your browser, when you signed in"),
        period=period_of_sessions,
        page="usersessions_list",
        exported=["created_at", "last_seen_at"],
        opens=True,
    )
)
declare(
    Declaration(
        model=PolicyEvent,
        category=DataCategory.CONSENT,
        customer="customer",
        page="accept_policy",
        exported=["kind", "text", "channel", "at"],
    )
)
declare(
    Declaration(
        model=Consent,
        category=DataCategory.CONSENT,
        customer="customer",
        plain=["wording", "wording_sha256"],
        page="consents",
        exported=["purpose", "decision", "wording", "language", "policy_version", "channel", "at"],
    )
)
declare(
    Declaration(
        model=ConsentProof,
        category=DataCategory.CONSENT,
        customer="consent__customer",
        personal={"reference": mask_all},
        since="recorded_at",
        origin=_("from a member of staff"),
        exported=["channel", "recorded_at"],
    )
)
declare(
    Declaration(
        model=IdentityCheck,
        category=DataCategory.ACCOUNT,
        customer="customer",
        personal={"reference": mask_all},
        plain=["invited"],
        since="at",
        origin=_("from a member of staff"),
        exported=["kind", "channel", "result", "at"],
    )
)
declare(
    Declaration(
        model=IdentityProof,
        category=DataCategory.IDENTITY_PROOF,
        customer="identity_check__customer",
        personal={"content_type": mask_all},
        shared=["content_type"],
        files=["file"],
        origin=_("from a member of staff"),
        until="kept_until",
        exported=["kept_until"],
    )
)
declare(
    Declaration(
        model=AssistedChange,
        category=DataCategory.ACCOUNT,
        customer="customer",
        personal={"reason": mask_all},
        plain=["fields"],
        since="at",
        origin=_("from a member of staff"),
        page="staff_changes",
        exported=["at"],
    )
)

declare(
    Declaration(
        model=ServiceEnd,
        category=DataCategory.ACCOUNT,
        customer="customer",
        personal={"ended_on": mask_all},
        internal=["reason"],
        since="at",
        origin=_("from the company's own systems or staff"),
        exported=["at"],
    )
)

declare(
    Declaration(
        model=CustomerMerge,
        category=DataCategory.ACCOUNT,
        customer="survivor",
        lasts=True,
        personal={"reason": mask_all},
        plain=["duplicate_key", "duplicate_public_id"],
        since="asked_at",
        origin=_("from a member of staff"),
        exported=["state", "asked_at", "decided_at"],
    )
)

declare(
    Declaration(
        model=AccessApproval,
        category=DataCategory.ACCESS_RECORD,
        customer="customer",
        internal=["code"],
        plain=["field_groups", "case_reference", "codes_sent", "code_tries"],
        page="approvals",
        exported=[
            "purpose",
            "reason",
            "case_reference",
            "may_change",
            "hours",
            "asked_at",
            "answer_by",
            "answer",
            "answered_at",
            "answered_through",
            "ends_at",
            "revoked_at",
        ],
    )
)
declare(
    Declaration(
        model=SecrecyOrder,
        category=DataCategory.ACCESS_RECORD,
        customer="customer",
        plain=["document", "dated_on", "ends_on"],
        told_rows=lambda rows: rows.filter(
            pk__in=SecrecyOrder.objects.told(local_day(timezone.now()))
        ),
        readable_by=_orders_for,
        page="approvals",
        exported=["authority", "document", "dated_on", "ends_on"],
    )
)
declare(
    Declaration(
        model=EmergencyAccess,
        category=DataCategory.ACCESS_RECORD,
        customer="customer",
        plain=["field_groups", "case_reference"],
        told_rows=lambda rows: rows.exclude(told_at=None),
        readable_by=_emergencies_for,
        page="approvals",
        exported=[
            "category",
            "case_reference",
            "hours",
            "asked_at",
            "confirmed_at",
            "ends_at",
            "told_at",
            "reviewed_at",
            "finding",
        ],
    )
)

exempt("accounts.ServiceReport", because="numbers only")
exempt(
    "sessions.Session",
    because="ends with its UserSession, through end_sessions; one that never signed in, by its age",
)
exempt(
    "accounts.CustomerImport",
    because="an encrypted file of people who are no customers yet, thrown away within the hour",
)
exempt("accounts.PolicyAnnouncement", because="counts how far a mailing to everybody got")
exempt("admin.LogEntry", because="names rows by number and __str__, which holds nothing personal")
exempt("common.FileKey", because="a public id, erased with its customer by destroy_file_keys")
for table in ("auth.Group", "auth.Permission", "contenttypes.ContentType"):
    exempt(table, because="describes the portal")


@moves_on_merge
def keep_one_of_each_declared(duplicate: Customer, survivor: Customer) -> None:
    """Keep what the survivor declared; of the duplicate's, what the survivor did not say."""
    said = survivor.declared.values("field")
    for value in duplicate.declared.filter(field__in=said):
        delete_as(value, by=None, reason="merged")


@moves_on_merge
def forget_the_verification(duplicate: Customer, survivor: Customer) -> None:
    """The hashes in it fit the duplicate alone; the survivor's number has its own, or none."""
    PhoneVerification.objects.filter(customer=duplicate).delete()


@moves_on_merge
def end_openings_of_one(duplicate: Customer, survivor: Customer) -> None:
    """Let nobody see, by what was opened of one record, what the other one held."""
    for customer in (duplicate, survivor):
        end_grants(customer, by=None)
        end_emergencies(customer)
