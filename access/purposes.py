"""Why staff look at personal data when no purpose of the company's policy says it."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

COMPLAINT_HANDLING = "complaint_handling"
CUSTOMER_CARE = "customer_care"
ENQUIRY_HANDLING = "enquiry_handling"
DATA_RETENTION = "data_retention"
ACCESS_REVIEW = "access_review"
SECURITY = "security"

BUILT_IN: dict[str, str | Promise] = {
    COMPLAINT_HANDLING: _("Handling a complaint"),
    CUSTOMER_CARE: _("Customer care"),
    ENQUIRY_HANDLING: _("Answering an enquiry"),
    DATA_RETENTION: _("Keeping and deleting data on time"),
    ACCESS_REVIEW: _("Review of who looked at data"),
    SECURITY: _("Security of personal data"),
}
