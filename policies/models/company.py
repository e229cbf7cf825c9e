from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.bilingual import Bilingual
from common.personal_data import DataCategory


class DayKind(models.TextChoices):
    """Which days the company works; a promise in working days counts these."""

    STATE = "state", _("Monday to Friday, with the State's swapped Saturdays")
    PRIVATE_NO_SWAP = "private_no_swap", _("Monday to Friday, without swapped days")
    MON_SAT = "mon_sat", _("Monday to Saturday")


class StaffAccessMode(models.TextChoices):
    NEED_TO_KNOW = "need_to_know", _("by role and need")
    APPROVAL = "approval", _("only after the customer approves")


class Assignment(models.TextChoices):
    BY_HAND = "by_hand", _("wait until somebody takes them")
    LEAST_OPEN = "least_open", _("go to the officer with the fewest open ones")


class Company(models.Model):
    """The controller that this deployment serves, and what it chose. There is one row."""

    profile = models.SlugField(_("profile"), max_length=40)
    profile_sha256 = models.CharField(
        _("fingerprint of the profile as loaded"), max_length=64, blank=True
    )
    statute_sha256 = models.CharField(
        _("fingerprint of the statute as loaded"), max_length=64, blank=True
    )
    name_vi = models.CharField(_("name (Vietnamese)"), max_length=200)
    name_en = models.CharField(_("name (English)"), max_length=200)
    short_name = models.CharField(_("short name"), max_length=60)
    address_vi = models.CharField(_("address (Vietnamese)"), max_length=300, blank=True)
    address_en = models.CharField(_("address (English)"), max_length=300, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    email = models.EmailField(_("email"), blank=True)
    tax_code = models.CharField(_("tax code"), max_length=20, blank=True)
    website = models.URLField(_("website"), blank=True)
    complaints_phone = models.CharField(_("phone for complaints"), max_length=40, blank=True)
    complaints_email = models.EmailField(_("email for complaints"), blank=True)
    complaints_address_vi = models.CharField(
        _("address for complaints (Vietnamese)"), max_length=300, blank=True
    )
    complaints_address_en = models.CharField(
        _("address for complaints (English)"), max_length=300, blank=True
    )
    day_kind = models.CharField(_("working days"), max_length=20, choices=DayKind)
    staff_access_mode = models.CharField(
        _("staff access to customers' data"), max_length=20, choices=StaffAccessMode
    )
    notice_period_days = models.PositiveSmallIntegerField(
        _("notice of a policy change, in days"),
        help_text=_("Calendar days from notification until a new version takes effect."),
    )
    required_fields = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("details that customers must give"),
        default=list,
    )
    optional_fields = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("details that customers may give"),
        default=list,
        blank=True,
        help_text=_("What is in neither list is not asked for."),
    )
    forbidden_recipient_kinds = ArrayField(
        models.CharField(max_length=20),
        verbose_name=_("kinds of recipient that are forbidden"),
        default=list,
        blank=True,
    )

    closed_data_categories = ArrayField(
        models.CharField(max_length=20, choices=DataCategory),
        verbose_name=_("data that is never disclosed"),
        default=list,
        blank=True,
    )
    consent_months = models.PositiveSmallIntegerField(
        _("consents last, in months"),
        null=True,
        blank=True,
        help_text=_("Then a consent expires and is asked anew. Empty: until it is withdrawn."),
    )
    grace_days = models.PositiveSmallIntegerField(
        _("time to change one's mind, in days"),
        default=7,
        help_text=_("So long a customer can open a closed account again. 0: not at all."),
    )
    idle_months = models.PositiveSmallIntegerField(
        _("an account is idle after, in months"),
        default=24,
        help_text=_("Then somebody decides whether its data is still necessary."),
    )
    accuracy_months = models.PositiveSmallIntegerField(
        _("details are confirmed every … months"),
        default=12,
        help_text=_("Customers then declare anew that they are right. 0: never asked again."),
    )
    due_soon_days = models.PositiveSmallIntegerField(
        _("a case is due soon before its last day, in working days"),
        default=3,
        help_text=_("Then its handler is reminded."),
    )
    lead_after_days = models.PositiveSmallIntegerField(
        _("the team's lead is told of a late case after, in working days"), default=0
    )
    dpo_after_days = models.PositiveSmallIntegerField(
        _("the data protection officers are told of a late case after, in working days"), default=2
    )
    undertaking_months = models.PositiveSmallIntegerField(
        _("an undertaking of confidentiality holds, in months"),
        default=12,
        help_text=_("Then a member of staff signs anew, or sees no personal data."),
    )
    work_from_hour = models.PositiveSmallIntegerField(
        _("staff work from, hour of the day"),
        default=7,
        help_text=_("Accesses outside of these hours, or on a day of rest, are shown as unusual."),
    )
    work_to_hour = models.PositiveSmallIntegerField(
        _("staff work until, hour of the day"), default=19
    )
    customers_per_hour = models.PositiveSmallIntegerField(
        _("more customers in an hour are unusual than"), default=30
    )
    caseless_percent = models.PositiveSmallIntegerField(
        _("more accesses of a day without a case are unusual than, in percent"), default=80
    )
    assignment = models.CharField(
        _("new complaints"), max_length=20, choices=Assignment, default=Assignment.BY_HAND
    )
    newsletter = models.SlugField(
        _("purpose of the newsletter"),
        max_length=40,
        blank=True,
        help_text=_("Anybody may subscribe to mails for this purpose. Empty: nobody may."),
    )
    unstated = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("chosen by the company, not stated in its policy"),
        default=list,
        blank=True,
    )

    name = Bilingual("name")
    address = Bilingual("address")
    complaints_address = Bilingual("complaints_address")

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("company")
        constraints = [
            models.CheckConstraint(name="company_is_one", condition=Q(pk=1)),
            models.CheckConstraint(  # pages link to it
                name="company_website_is_one",
                condition=Q(website="") | Q(website__regex="^https?://"),
            ),
            models.CheckConstraint(name="company_idle_months", condition=Q(idle_months__gte=1)),
            models.CheckConstraint(
                name="company_undertaking_months", condition=Q(undertaking_months__gte=1)
            ),
            models.CheckConstraint(
                name="company_working_hours",
                condition=Q(work_from_hour__lt=F("work_to_hour"), work_to_hour__lte=24),
            ),
            models.CheckConstraint(
                name="company_caseless_share", condition=Q(caseless_percent__lte=100)
            ),
            models.CheckConstraint(
                name="company_consents_last",
                condition=Q(consent_months=None) | Q(consent_months__gte=1),
            ),
        ]

    def __str__(self) -> str:
        return self.short_name
