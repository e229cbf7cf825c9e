from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Customer, User


class MergeState(models.TextChoices):
    WAITING = "waiting", _("waiting for approval")
    MERGED = "merged", _("merged")
    REFUSED = "refused", _("refused")


class KeptSignIn(models.TextChoices):
    """Whose sign-in stays where both have one."""

    SURVIVOR = "survivor", _("that of the record that stays")
    DUPLICATE = "duplicate", _("that of the duplicate")


class CustomerMerge(models.Model):
    """Two records of one person: asked for, then approved by another one, or claimed at sign-up.

    Once merged, the duplicate has no row any more. What still bears its public id (accesses, file
    keys) or its number (its own history) is found through this line, and erased with the survivor.
    chosen_at: when the customer said which of the differing details are right, after a claim.
    """

    State = MergeState

    survivor = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="merges", verbose_name=_("stays")
    )
    duplicate_key = models.BigIntegerField(editable=False)
    duplicate_public_id = models.CharField(_("public id of the duplicate"), max_length=32)
    state = models.CharField(
        _("state"), max_length=10, choices=MergeState, default=MergeState.WAITING
    )
    is_claim = models.BooleanField(_("claimed at sign-up"), default=False)
    kept_sign_in = models.CharField(
        _("sign-in that stays"), max_length=10, choices=KeptSignIn, default=KeptSignIn.SURVIVOR
    )
    released_user = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="released_by",
        verbose_name=_("sign-in that was given up"),
    )
    reason = models.TextField(_("reason"), max_length=500, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("asked by"),
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    chosen_at = models.DateTimeField(_("details chosen"), null=True, editable=False)

    class Meta:
        verbose_name = _("merge of two records")
        verbose_name_plural = _("merges of records")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="customermerge_decided_by_another",
                condition=Q(is_claim=True) | Q(decided_by=None) | ~Q(decided_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="customermerge_decided_iff_not_waiting",
                condition=Q(state=MergeState.WAITING, decided_at=None, decided_by=None)
                | (
                    ~Q(state=MergeState.WAITING)
                    & Q(decided_at__isnull=False, decided_by__isnull=False)
                ),
            ),
            models.UniqueConstraint(
                name="customermerge_merged_once",
                fields=["duplicate_public_id"],
                condition=Q(state=MergeState.MERGED),
            ),
            models.UniqueConstraint(
                name="customermerge_asked_once",
                fields=["duplicate_public_id"],
                condition=Q(state=MergeState.WAITING),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.duplicate_public_id[:8]} → {self.survivor}"
