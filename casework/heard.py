"""What a customer said outside of the portal, and staff wrote down: it counts from when it came."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from casework.exceptions import CaseError
from casework.models import CaseChannel


@dataclass(frozen=True)
class Heard:
    channel: CaseChannel
    at: datetime

    @property
    def details(self) -> dict[str, str]:
        """Return what its event keeps."""
        return {"channel": self.channel}


def moment_of(heard: Heard | None, *, since: datetime) -> datetime:
    """Return when the customer said it: now, or when it reached the company.

    Raises CaseError for a moment before ``since`` or still to come.
    """
    now = timezone.now()
    if heard is None:
        return now
    if not since <= heard.at <= now:
        raise CaseError(_("It cannot have come before what it speaks of, nor later than now."))
    return heard.at
