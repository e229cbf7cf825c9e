from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.bilingual import Bilingual


class DayType(models.TextChoices):
    OFF = "OFF", _("day off")
    WORKING = "WORKING", _("working day")


class OfficialDayKind(models.TextChoices):
    STATUTORY = "statutory", _("public holiday")
    COMPENSATORY = "compensatory", _("day off in lieu of a holiday at the weekend")
    SWAP_OFF = "swap_off", _("day off, made up on a Saturday")
    SWAP_WORK = "swap_work", _("Saturday worked in exchange")


class DayStatus(models.TextChoices):
    PROPOSED = "proposed", _("proposed, to be confirmed")
    PROVISIONAL = "provisional", _("provisional: not announced officially yet")
    OFFICIAL = "official", _("official")


class OfficialDayQuerySet(models.QuerySet["OfficialDay"]):
    def counting(self) -> "OfficialDayQuerySet":
        """Narrow to the days that clocks go by; a mere proposal changes nothing."""
        return self.exclude(status=DayStatus.PROPOSED)


class OfficialDay(models.Model):
    """A day that the official calendar sets apart from the ordinary week.

    The two days of a swap point at each other.
    """

    Status = DayStatus

    day = models.DateField(_("day"), unique=True)
    day_type = models.CharField(_("type"), max_length=10, choices=DayType)
    kind = models.CharField(_("kind"), max_length=20, choices=OfficialDayKind)
    label_vi = models.CharField(_("label (Vietnamese)"), max_length=100)
    label_en = models.CharField(_("label (English)"), max_length=100)
    status = models.CharField(
        _("status"), max_length=12, choices=DayStatus, default=DayStatus.OFFICIAL
    )
    document = models.CharField(
        _("document"),
        max_length=100,
        blank=True,
        help_text=_("Number and date of the announcement."),
    )
    swapped_with = models.OneToOneField(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("swapped with"),
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("confirmed by"),
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)

    label = Bilingual("label")

    objects = OfficialDayQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("official day")
        verbose_name_plural = _("official calendar")
        ordering = ["day"]
        constraints = [
            models.CheckConstraint(
                name="officialday_kind_has_its_type",
                condition=Q(day_type=DayType.WORKING, kind=OfficialDayKind.SWAP_WORK)
                | (Q(day_type=DayType.OFF) & ~Q(kind=OfficialDayKind.SWAP_WORK)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


class CalendarRange(models.Model):
    """The days for which the official calendar is loaded; a count beyond it is an error.

    There is one row.
    """

    covers_from = models.DateField(_("from"))
    covers_to = models.DateField(_("until"))

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("loaded range of the calendar")
        verbose_name_plural = _("loaded range of the calendar")
        constraints = [
            models.CheckConstraint(name="calendarrange_is_one", condition=Q(pk=1)),
            models.CheckConstraint(
                name="calendarrange_order", condition=Q(covers_to__gte=F("covers_from"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.covers_from:%Y-%m-%d} - {self.covers_to:%Y-%m-%d}"
