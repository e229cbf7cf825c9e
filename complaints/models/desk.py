from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from casework.models import LONGEST_TEXT
from common.bilingual import Bilingual


class ReplyTemplate(models.Model):
    """Words that officers send often, in both languages.

    complaints.replies fills in what stands in braces: {reference}, {last_day}, {company}.
    """

    name_vi = models.CharField(_("name (Vietnamese)"), max_length=80)
    name_en = models.CharField(_("name (English)"), max_length=80)
    text_vi = models.TextField(_("text (Vietnamese)"), max_length=LONGEST_TEXT)
    text_en = models.TextField(_("text (English)"), max_length=LONGEST_TEXT)
    is_retired = models.BooleanField(_("retired"), default=False)

    name = Bilingual("name")

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("reply template")
        verbose_name_plural = _("reply templates")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="replytemplate_in_both_languages",
                condition=~Q(name_vi="") & ~Q(name_en="") & ~Q(text_vi="") & ~Q(text_en=""),
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)


class SavedFilter(models.Model):
    """A list of complaints that a member of staff wants to see again; query is its address."""

    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("member of staff"),
    )
    name = models.CharField(_("name"), max_length=40)
    query = models.CharField(_("filter"), max_length=500)

    class Meta:
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(name="savedfilter_name_once", fields=["staff", "name"]),
        ]

    def __str__(self) -> str:
        return f"filter {self.pk}"
