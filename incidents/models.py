from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from casework.models import Case
from casework.records import runs_none
from casework.references import random_reference

LONGEST_TEXT = 2_000


def new_reference() -> str:
    """Return a name for the phone, as SC-7Q4M-2XHD-K (sự cố). It opens nothing."""
    return random_reference("SC")


class ReportOrigin(models.TextChoices):
    ACCOUNT = "account", _("in the account")
    MAIL = "mail", _("by a link in a mail")
    STAFF = "staff", _("by a member of staff")


class UseState(models.TextChoices):
    REPORTED = "reported", _("reported")
    SETTLED = "settled", _("settled")


IS_LOCKED = Q(unlocked_at=None)  # the customer has not come back in yet


@runs_none
class UnauthorisedUse(Case):
    """A report that somebody else may have been in a customer's account, which locks it.

    needs_release: the mailed link alone does not unlock, as the mailbox is in doubt
    (mailbox_unsafe) or staff locked; released_at is when staff, sure of who asks, allowed it.
    unlocked_at is when the customer came back in, or when a merge gave the locked sign-in up.
    """

    Origin = ReportOrigin
    State = UseState

    origin = models.CharField(_("reported"), max_length=10, choices=ReportOrigin, editable=False)
    text = models.TextField(_("what was noticed"), max_length=LONGEST_TEXT, blank=True)
    needs_release = models.BooleanField(_("unlocked by staff only"), editable=False)
    mailbox_unsafe = models.BooleanField(_("mailbox in doubt"), default=False, editable=False)
    released_at = models.DateTimeField(_("unlocking allowed"), null=True, editable=False)
    unlocked_at = models.DateTimeField(_("unlocked"), null=True, editable=False)
    state = models.CharField(
        _("state"), max_length=10, choices=UseState, default=UseState.REPORTED, editable=False
    )
    finding = models.TextField(_("finding"), max_length=LONGEST_TEXT, blank=True, editable=False)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("unauthorised use")
        verbose_name_plural = _("unauthorised uses")
        constraints = [
            models.CheckConstraint(
                name="unauthorised_use_settled_with_a_finding",
                condition=~Q(state=UseState.SETTLED) | ~Q(finding=""),
            ),
            models.CheckConstraint(
                name="unauthorised_use_unlocked_after_release",
                condition=Q(unlocked_at=None)
                | Q(needs_release=False)
                | Q(released_at__isnull=False),
            ),
        ]

    @property
    def may_be_unlocked(self) -> bool:
        return self.unlocked_at is None and (not self.needs_release or self.released_at is not None)
