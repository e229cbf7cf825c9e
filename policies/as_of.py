"""The registers as they were at a moment, for what states facts of that moment."""

from datetime import datetime

from policies.clocks import the_company
from policies.models import Company, Purpose, Recipient


def company_at(moment: datetime) -> Company:
    """Raises NotConfigured."""
    company: Company | None = Company.history.as_of(moment).first()
    return company or the_company()


def purpose_at(purpose: Purpose, moment: datetime) -> Purpose:
    found: Purpose | None = Purpose.history.as_of(moment).filter(id=purpose.pk).first()
    return found or purpose


def recipients_at(purpose: Purpose, moment: datetime) -> list[Recipient]:
    """Return who could receive data for the purpose then; whether it was sent is not said."""
    entries = Recipient.history.as_of(moment).filter(
        historicalrecipient_purposes__purpose=purpose.pk, retired_on=None
    )
    return sorted(entries, key=lambda recipient: recipient.code)
