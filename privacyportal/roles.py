"""The roles of staff: which group may do what. Granted after each migration, and nothing else.

Permissions are "app.action_model". Nobody may delete: retention erases.
"""

from typing import Any

from django.contrib.auth.models import Group, Permission

from access.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_LEAD, COMPLAINT_OFFICER, DPO

COMPLAINT_WORK = (
    "complaints.view_complaint",
    "complaints.change_complaint",
    "complaints.view_replytemplate",
    "incidents.view_unauthoriseduse",
    "incidents.add_unauthoriseduse",
    "incidents.change_unauthoriseduse",
    "enquiries.view_enquiry",
    "enquiries.change_enquiry",
    "accounts.view_customer",
    "accounts.add_customer",
    "accounts.change_customer",
    "accounts.view_customermerge",
    "accounts.view_accessapproval",
    "accounts.add_accessapproval",
    "accounts.view_emergencyaccess",
    "accounts.add_emergencyaccess",
    "calls.view_callrecording",
    "calls.play_callrecording",
    "hosting.view_hostedservice",
    "policies.view_company",
    "policies.view_purpose",
    "policies.view_declaredfield",
    "policies.view_timelimit",
    "policies.view_officialday",
)

ROLES: dict[str, tuple[str, ...]] = {
    COMPLAINT_OFFICER: COMPLAINT_WORK,
    COMPLAINT_LEAD: (
        *COMPLAINT_WORK,
        "complaints.add_replytemplate",
        "complaints.change_replytemplate",
        "accounts.change_emergencyaccess",
    ),
    DPO: (
        "complaints.view_complaint",
        "complaints.change_complaint",
        "complaints.view_replytemplate",
        "complaints.add_replytemplate",
        "complaints.change_replytemplate",
        "incidents.view_unauthoriseduse",
        "incidents.add_unauthoriseduse",
        "incidents.change_unauthoriseduse",
        "enquiries.view_enquiry",
        "enquiries.view_erasedenquiries",
        "accounts.view_customer",
        "accounts.add_customer",
        "accounts.change_customer",
        "accounts.view_customermerge",
        "accounts.change_customermerge",
        "accounts.import_customers",
        "accounts.view_identitycheck",
        "accounts.view_accessapproval",
        "accounts.add_accessapproval",
        "accounts.view_emergencyaccess",
        "accounts.add_emergencyaccess",
        "accounts.change_emergencyaccess",
        "accounts.review_emergencyaccess",
        "accounts.view_secrecyorder",
        "accounts.add_secrecyorder",
        "accounts.change_secrecyorder",
        "calls.view_callrecording",
        "calls.play_callrecording",
        "hosting.view_hostedservice",
        "calls.add_callrecording",
        "access.view_accessrecord",
        "access.view_accessseal",
        "access.view_accessverification",
        "retention.view_legalhold",
        "retention.add_legalhold",
        "retention.change_legalhold",
        "retention.view_necessityreview",
        "retention.change_necessityreview",
        "retention.view_purgeapproval",
        "retention.add_purgeapproval",
        "retention.view_purgerun",
        "retention.view_tombstone",
        "policies.view_company",
        "policies.view_policyversion",
        "policies.view_promise",
        "policies.add_policyversion",
        "policies.change_policyversion",
        "accounts.view_policyannouncement",
        "policies.view_purpose",
        "policies.view_recipient",
        "policies.view_timelimit",
        "policies.view_retentionrule",
        "policies.view_declaredfield",
        "policies.add_declaredfield",
        "policies.change_declaredfield",
        "policies.add_purpose",
        "policies.change_purpose",
        "policies.add_recipient",
        "policies.change_recipient",
        "policies.view_agreement",
        "policies.add_agreement",
        "policies.change_agreement",
        "policies.add_timelimit",
        "policies.change_timelimit",
        "policies.add_retentionrule",
        "policies.change_retentionrule",
        "policies.view_officialday",
        "policies.add_officialday",
        "policies.change_officialday",
        "notices.view_notice",
        "marketing.view_apiclient",
        "marketing.view_newsletterissue",
        "marketing.add_newsletterissue",
        "marketing.change_newsletterissue",
        "common.view_jobstatus",
        "visits.view_pageday",
        "staff.view_undertaking",
        "staff.change_undertaking",
        "staff.view_undertakingtext",
        "staff.add_undertakingtext",
    ),
    AUDITOR: (
        "staff.view_undertaking",
        "staff.view_undertakingtext",
        "access.view_accessrecord",
        "access.view_accessseal",
        "access.view_accessverification",
        "retention.view_purgeapproval",
        "retention.view_purgerun",
        "retention.view_tombstone",
        "policies.view_company",
        "policies.view_policyversion",
        "policies.view_promise",
        "accounts.view_policyannouncement",
        "policies.view_purpose",
        "policies.view_declaredfield",
        "policies.view_recipient",
        "policies.view_agreement",
        "policies.view_timelimit",
        "policies.view_retentionrule",
        "policies.view_officialday",
        "common.view_jobstatus",
    ),
    ADMINISTRATOR: (
        "accounts.view_user",
        "accounts.add_user",
        "accounts.change_user",
        "accounts.view_policyannouncement",
        "marketing.view_apiclient",
        "marketing.add_apiclient",
        "marketing.change_apiclient",
        "common.view_jobstatus",
        "notices.view_notice",
    ),
}


def grant_roles(**kwargs: Any) -> None:
    """Bring each role's permissions in line with ROLES. Safe to repeat."""
    for name, wanted in ROLES.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.set(_permissions(wanted))


def _permissions(wanted: tuple[str, ...]) -> list[Permission]:
    pairs = {tuple(label.split(".")) for label in wanted}
    return [
        permission
        for permission in Permission.objects.select_related("content_type")
        if (permission.content_type.app_label, permission.codename) in pairs
    ]
