from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Lower
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.bilingual import Bilingual
from common.tokens import new_public_id
from policies.models import Language, PolicyVersion, Purpose

LONGEST_ISSUE = 20_000  # characters in each language


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def confirmed(self) -> "SubscriptionQuerySet":
        return self.filter(confirmed_at__isnull=False)

    def unconfirmed(self) -> "SubscriptionQuerySet":
        return self.filter(confirmed_at=None)


class Subscription(models.Model):
    """Somebody without an account who asked for mails, and what they read when they asked.

    Only the link in a mail to the address confirms it. One that belongs to a
    customer does not stand here: their consent stands in the ledger. It goes
    with the last mail, and leaves a Suppression. There is no history: that
    would keep the address.
    """

    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    purpose = models.ForeignKey(
        Purpose, on_delete=models.PROTECT, related_name="+", verbose_name=_("purpose")
    )
    email = models.EmailField(_("email"))
    wording = models.TextField(_("wording"))
    wording_sha256 = models.CharField("SHA-256", max_length=64)
    language = models.CharField(_("language"), max_length=2, choices=Language)
    policy_version = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, related_name="+", verbose_name=_("policy version")
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                name="subscription_once",
                fields=["email", "purpose"],
                condition=~Q(confirmed_at=None),
            ),
            models.CheckConstraint(
                name="subscription_email_is_lower", condition=Q(email=Lower("email"))
            ),
            models.CheckConstraint(
                name="subscription_confirmed_later",
                condition=Q(confirmed_at=None) | Q(confirmed_at__gte=F("asked_at")),
            ),
        ]
        indexes = [
            # For the few that one address may leave unconfirmed, and for who unsubscribes.
            models.Index(name="subscription_email", fields=["email"]),
            # For the job that forgets what nobody confirmed, and the control that watches it.
            models.Index(
                name="subscription_unconfirmed",
                fields=["asked_at"],
                condition=Q(confirmed_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id[:8]

    @property
    def is_in_force(self) -> bool:
        """Say whether it covers the purpose as it is asked now."""
        return (
            self.confirmed_at is not None
            and self.purpose.retired_on is None
            and self.wording_sha256 in self.purpose.wording_hashes
        )


class NewsletterIssue(models.Model):
    """One newsletter in both languages, and how far the mails of it are written.

    Once sending began, its words never change: a trigger says so. The marks
    last_customer and last_subscriber are the highest primary keys that the
    batches have passed; what a batch wrote and they are committed together.
    """

    purpose = models.ForeignKey(
        Purpose, on_delete=models.PROTECT, related_name="+", verbose_name=_("purpose")
    )
    subject_vi = models.CharField(_("subject (Vietnamese)"), max_length=120)
    subject_en = models.CharField(_("subject (English)"), max_length=120)
    body_vi = models.TextField(_("text (Vietnamese)"), max_length=LONGEST_ISSUE)
    body_en = models.TextField(_("text (English)"), max_length=LONGEST_ISSUE)
    is_own = models.BooleanField(_("speaks of the company's own services alone"), default=False)
    started_at = models.DateTimeField(_("sending began"), null=True, editable=False)
    total = models.PositiveIntegerField(_("readers at the start"), default=0, editable=False)
    queued = models.PositiveIntegerField(_("mails written"), default=0, editable=False)
    last_customer = models.BigIntegerField(_("customers passed"), default=0, editable=False)
    last_subscriber = models.BigIntegerField(_("subscribers passed"), default=0, editable=False)
    finished_at = models.DateTimeField(_("all written"), null=True, editable=False)

    subject = Bilingual("subject")
    body = Bilingual("body")

    history = HistoricalRecords(
        user_db_constraint=False,
        excluded_fields=["queued", "last_customer", "last_subscriber", "finished_at"],
    )

    class Meta:
        verbose_name = _("newsletter issue")
        verbose_name_plural = _("newsletter issues")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="newsletterissue_begins_before_it_ends",
                condition=Q(finished_at=None) | Q(finished_at__gte=F("started_at")),
            ),
            models.CheckConstraint(
                name="newsletterissue_sent_is_own", condition=Q(started_at=None) | Q(is_own=True)
            ),
            *(
                models.CheckConstraint(
                    name=f"newsletterissue_{name}_fits",
                    condition=~Q(**{name: ""}) & Q(LessThanOrEqual(Length(name), LONGEST_ISSUE)),
                )
                for name in ("body_vi", "body_en")
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def mailing(self) -> str:
        """Return what its notices are found by."""
        return f"newsletter-{self.pk}"
