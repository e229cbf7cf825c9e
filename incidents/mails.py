"""What the mails about unauthorised use say: the links in them exist only once they are sent."""

from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.models import Customer, User
from incidents.links import report_link, unlock_link
from incidents.models import IS_LOCKED, UnauthorisedUse
from notices.services import fills_template, queue_rendered


@fills_template("account_locked")
def fill_account_locked(values: dict[str, Any]) -> dict[str, Any]:
    """Add the link that unlocks, where the mailed link may; none once it has happened."""
    case = UnauthorisedUse.objects.select_related("customer__user").get(public_id=values["case"])
    user = case.customer.user
    if user is None or user.locked_at is None or not case.may_be_unlocked:
        return {"path": "/"}
    return {"path": unlock_link(user), "unlocks": True}


def mail_what_helps(email: str) -> None:
    """Mail the link that locks, or that unlocks; to an unknown address that there is no account.

    Each costs the same work, so that nobody learns from an answer who is a customer.
    """
    rows = Customer.objects.open().select_related("user")
    customer = rows.filter(user__email=email, user__is_active=True).first()
    user = customer.user if customer else None
    somebody = user or User(email=email, password="!", locked_at=timezone.now())  # noqa: S106
    report, unlock = report_link(somebody), unlock_link(somebody)
    if user is None:
        answer, path = "unknown", "/"
    elif user.locked_at is None:
        answer, path = "report", report
    else:
        answer, path = _for_locked(customer, unlock)
    with translation.override(customer.language if customer else translation.get_language()):
        values = {"link": f"{settings.SITE_ORIGIN}{path}", "site_origin": settings.SITE_ORIGIN}
        text = render_to_string(f"incidents/mails/{answer}.txt", values)
    subject, _blank, body = text.strip().partition("\n")
    queue_rendered("sign_in", address=email, subject=subject.strip(), body=body.strip() + "\n")


def _for_locked(customer: Customer | None, unlock: str) -> tuple[str, str]:
    case = UnauthorisedUse.objects.filter(IS_LOCKED, customer=customer).first()
    return ("unlock", unlock) if case and case.may_be_unlocked else ("waits", "/")
