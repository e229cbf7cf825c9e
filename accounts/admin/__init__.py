from accounts.admin.announcements import PolicyAnnouncementAdmin
from accounts.admin.customers import CustomerAdmin
from accounts.admin.identity_checks import IdentityCheckAdmin
from accounts.admin.merging import CustomerMergeAdmin
from accounts.admin.staff import StaffAdmin

__all__ = [
    "CustomerAdmin",
    "CustomerMergeAdmin",
    "IdentityCheckAdmin",
    "PolicyAnnouncementAdmin",
    "StaffAdmin",
]
