"""What the pages are called, by the names of their routes. A page without a name here has that."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from visits.models import WHOLE_PORTAL

NAMES: dict[str, str | Promise] = {
    WHOLE_PORTAL: _("All pages"),
    "home": _("Home page"),
    "policy": _("Privacy policy"),
    "policy_version": _("A version of the policy"),
    "policy_changes": _("Changes of the policy"),
    "compare_policy": _("Two versions compared"),
    "promises": _("Are our promises kept?"),
    "enquiry": _("Ask us a question"),
    "enquiry_sent": _("Question sent"),
    "confirm_enquiry": _("Confirm a question"),
    "preferences": _("Cookies and advertising"),
    "newsletter": _("Newsletter"),
    "newsletter_asked": _("Newsletter: mail sent"),
    "confirm_subscription": _("Newsletter: confirm"),
    "unsubscribe": _("Unsubscribe"),
    "account_login": _("Sign in"),
    "account_signup": _("Create an account"),
    "account_email_verification_sent": _("Enter the mailed code"),
    "account_reset_password": _("Forgotten password"),
    "account_reset_password_done": _("Forgotten password: mail sent"),
    "account_reset_password_from_key": _("Choose a new password"),
    "account_reset_password_from_key_done": _("New password chosen"),
    "account_reauthenticate": _("Confirm the password"),
    "account_logout": _("Sign out"),
    "account_change_password": _("Change the password"),
    "account_email": _("Change the email address"),
    "mfa_index": _("Second factor"),
    "mfa_authenticate": _("Sign in: second factor"),
    "usersessions_list": _("Sign-in and security"),
    "verify_phone": _("Confirm my phone number"),
    "report_use": _("Report unauthorised use"),
    "report_own_use": _("Report unauthorised use, in the account"),
    "account_locked": _("This account is locked"),
    "overview": _("Overview"),
    "data": _("My data"),
    "edit_details": _("Correct my details"),
    "calls": _("Call recordings"),
    "erase_call": _("Erase a recording"),
    "hosting": _("Hosted services"),
    "hosted_service": _("A hosted service"),
    "add_hosted_service": _("Add a service"),
    "consents": _("My consents"),
    "accesses": _("Who saw my data"),
    "accept_policy": _("Accept the policy"),
    "close_account": _("Close the account"),
    "closed_account": _("Account closed"),
    "reopen_account": _("Open my account again"),
    "consent_history": _("My consents: every decision"),
    "verify": _("Check a document"),
    "complaints": _("Complaints"),
    "file_complaint": _("Make a complaint"),
    "complaint": _("A complaint"),
}


def name_of(page: str) -> str:
    return str(NAMES.get(page, page))
