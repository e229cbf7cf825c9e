from accounts.admin.announcements import PolicyAnnouncementAdmin
from accounts.admin.approvals import AccessApprovalAdmin
from accounts.admin.customers import CustomerAdmin
from accounts.admin.emergencies import EmergencyAccessAdmin
from accounts.admin.identity_checks import IdentityCheckAdmin
from accounts.admin.merging import CustomerMergeAdmin
from accounts.admin.secrecy import SecrecyOrderAdmin
from accounts.admin.staff import StaffAdmin

__all__ = [
    "AccessApprovalAdmin",
    "CustomerAdmin",
    "CustomerMergeAdmin",
    "EmergencyAccessAdmin",
    "IdentityCheckAdmin",
    "PolicyAnnouncementAdmin",
    "SecrecyOrderAdmin",
    "StaffAdmin",
]
