from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LONGEST_TEXT = 10_000


class CaseMessage(models.Model):
    """What the customer and the company write to each other about a case. Append-only."""

    case = models.ForeignKey(
        "casework.Case", on_delete=models.PROTECT, related_name="messages", verbose_name=_("case")
    )
    from_customer = models.BooleanField(_("from the customer"))
    is_question = models.BooleanField(_("asks for an answer"), default=False)
    text = models.TextField(_("message"), max_length=LONGEST_TEXT)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="casemessage_says_something", condition=~Q(text="")),
            models.CheckConstraint(
                name="casemessage_the_company_asks",
                condition=Q(is_question=False) | Q(from_customer=False),
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"


class CaseNote(models.Model):
    """What staff write down for each other about a case; the customer is not shown it. Append-only.

    about is the event that the note gives the reason for, empty for a mere note.
    """

    case = models.ForeignKey(
        "casework.Case", on_delete=models.PROTECT, related_name="notes", verbose_name=_("case")
    )
    about = models.SlugField(_("reason for"), max_length=40, blank=True)
    text = models.TextField(_("note"), max_length=LONGEST_TEXT)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("internal note")
        verbose_name_plural = _("internal notes")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="casenote_says_something", condition=~Q(text="")),
        ]

    def __str__(self) -> str:
        return f"note {self.pk}"
