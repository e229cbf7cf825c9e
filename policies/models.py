import hashlib
from datetime import date, timedelta
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.bilingual import Bilingual
from common.personal_data import DataCategory


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class DayKind(models.TextChoices):
    """Which days the company works; a promise in working days counts these."""

    STATE = "state", _("Monday to Friday, with the State's swapped Saturdays")
    PRIVATE_NO_SWAP = "private_no_swap", _("Monday to Friday, without swapped days")
    MON_SAT = "mon_sat", _("Monday to Saturday")


class StaffAccessMode(models.TextChoices):
    NEED_TO_KNOW = "need_to_know", _("by role and need")
    APPROVAL = "approval", _("only after the customer approves")


class Company(models.Model):
    """The controller that this deployment serves, and what it chose. There is one row."""

    profile = models.SlugField(_("profile"), max_length=40)
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
        ]

    def __str__(self) -> str:
        return self.short_name


class PolicyVersionQuerySet(models.QuerySet["PolicyVersion"]):
    def of_company(self) -> "PolicyVersionQuerySet":
        return self.filter(profile__in=Company.objects.values("profile"))

    def current(self, on: date | None = None) -> "PolicyVersion":
        """Return the company's version in effect on that local day (default: today).

        Raises PolicyVersion.DoesNotExist.
        """
        today = on or timezone.localdate(timezone=timezone.get_default_timezone())
        return self.of_company().filter(effective_on__lte=today).latest("effective_on", "pk")


class PolicyVersion(models.Model):
    """One published wording of the privacy policy. Never changed afterwards."""

    profile = models.SlugField(_("profile"), max_length=40)
    number = models.CharField(_("number"), max_length=20)
    summary_vi = models.TextField(_("what changed (Vietnamese)"))
    summary_en = models.TextField(_("what changed (English)"))
    published_on = models.DateField(_("published"))
    effective_on = models.DateField(_("in effect from"))

    summary = Bilingual("summary")

    objects = PolicyVersionQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("policy version")
        verbose_name_plural = _("policy versions")
        ordering = ["-effective_on", "-pk"]
        constraints = [
            models.UniqueConstraint(name="policyversion_number", fields=["profile", "number"]),
            models.CheckConstraint(
                name="policyversion_effective_after_publishing",
                condition=Q(effective_on__gte=F("published_on")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.profile} {self.number}"

    def text_in(self, language: str) -> "PolicyText":
        return self.texts.get(language=language)


class Language(models.TextChoices):
    VI = "vi", "Tiếng Việt"
    EN = "en", "English"


class PolicyText(models.Model):
    """A policy version in one language: Markdown, and the SHA-256 of exactly that text."""

    version = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, related_name="texts", verbose_name=_("version")
    )
    language = models.CharField(_("language"), max_length=2, choices=Language)
    body = models.TextField(_("text"))
    sha256 = models.CharField("SHA-256", max_length=64)

    class Meta:
        verbose_name = _("policy text")
        verbose_name_plural = _("policy texts")
        constraints = [
            models.UniqueConstraint(name="policytext_language", fields=["version", "language"]),
        ]

    def __str__(self) -> str:
        return f"{self.version} ({self.language})"


class LegalBasis(models.TextChoices):
    CONSENT = "consent", _("consent")
    CONTRACT = "contract", _("contract")
    LEGAL_OBLIGATION = "legal_obligation", _("legal obligation")
    PUBLIC_TASK = "public_task", _("task of a State body")
    VITAL_INTEREST = "vital_interest", _("protection of life and health")


class Channel(models.TextChoices):
    NONE = "none", _("none")
    EMAIL = "email", _("email")
    SMS = "sms", _("SMS")
    PHONE = "phone", _("phone")
    ADVERTISING = "advertising", _("advertising")


class PurposeQuerySet(models.QuerySet["Purpose"]):
    def active(self) -> "PurposeQuerySet":
        return self.filter(retired_on=None)

    def asking_consent(self) -> "PurposeQuerySet":
        return self.active().filter(legal_basis=LegalBasis.CONSENT)


class Purpose(models.Model):
    """What personal data is used for, and on which legal basis."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name_vi = models.CharField(_("name (Vietnamese)"), max_length=200)
    name_en = models.CharField(_("name (English)"), max_length=200)
    description_vi = models.TextField(_("description (Vietnamese)"))
    description_en = models.TextField(_("description (English)"))
    legal_basis = models.CharField(_("legal basis"), max_length=20, choices=LegalBasis)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel, default=Channel.NONE)
    wording_vi = models.TextField(
        _("question to the customer (Vietnamese)"),
        blank=True,
        help_text=_("Exactly what the customer agrees to; only for consent."),
    )
    wording_en = models.TextField(_("question to the customer (English)"), blank=True)
    data_categories = ArrayField(
        models.CharField(max_length=20, choices=DataCategory),
        verbose_name=_("data used"),
        default=list,
    )
    retired_on = models.DateField(_("no longer used since"), null=True, blank=True)

    name = Bilingual("name")
    description = Bilingual("description")
    wording = Bilingual("wording")

    objects = PurposeQuerySet.as_manager()
    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("purpose")
        verbose_name_plural = _("purposes")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="purpose_wording_iff_consent",
                condition=(
                    Q(legal_basis=LegalBasis.CONSENT) & ~Q(wording_vi="") & ~Q(wording_en="")
                )
                | (~Q(legal_basis=LegalBasis.CONSENT) & Q(wording_vi="", wording_en="")),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def asks_consent(self) -> bool:
        return self.legal_basis == LegalBasis.CONSENT

    @property
    def wording_hashes(self) -> set[str]:
        """Return the SHA-256 of today's question in each language; a consent to another is old."""
        return {sha256(self.wording_vi), sha256(self.wording_en)}


class RecipientKind(models.TextChoices):
    PROCESSOR = "processor", _("processor")
    AFFILIATE = "affiliate", _("affiliate")
    PARTNER = "partner", _("partner")
    AGENT = "agent", _("agent or subcontractor")
    AUTHORITY = "authority", _("State body")
    REGISTRY = "registry", _("registry")
    ADVERTISING = "advertising", _("advertising partner")


class Recipient(models.Model):
    """Someone outside who may receive customers' data."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name_vi = models.CharField(_("name (Vietnamese)"), max_length=200)
    name_en = models.CharField(_("name (English)"), max_length=200)
    kind = models.CharField(_("kind"), max_length=20, choices=RecipientKind)
    description_vi = models.TextField(_("description (Vietnamese)"))
    description_en = models.TextField(_("description (English)"))
    country = models.CharField(
        _("country"), max_length=2, blank=True, help_text=_("ISO 3166 code, as VN.")
    )
    cross_border = models.BooleanField(_("outside Viet Nam"), default=False)
    retired_on = models.DateField(_("no longer used since"), null=True, blank=True)

    name = Bilingual("name")
    description = Bilingual("description")

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class RuleFamily(models.TextChoices):
    PROMISE = "promise", _("company's promise")
    STATUTE = "statute", _("statute")


class RuleBasis(models.TextChoices):
    POLICY = "policy", _("the published policy")
    COMPANY_CHOICE = "company_choice", _("the company's own choice, not in the policy")
    STATUTE = "statute", _("the law")


class DatedRuleQuerySet(models.QuerySet[Any]):
    def in_force(self, on: date) -> Self:
        return self.filter(Q(valid_to=None) | Q(valid_to__gte=on), valid_from__lte=on)


class DatedRule(models.Model):
    """A number that a law or a policy sets, from a day on.

    A change is a new row; a row that was used is never edited. A case keeps
    the row it ran under. A row that was superseded before it could apply ends
    the day before it begins: it is in force on no day.
    """

    family = models.CharField(_("set by"), max_length=10, choices=RuleFamily)
    basis = models.CharField(_("stated in"), max_length=20, choices=RuleBasis)
    source_vi = models.CharField(_("source (Vietnamese)"), max_length=300)
    source_en = models.CharField(_("source (English)"), max_length=300)
    source_checked = models.BooleanField(
        _("source checked"),
        default=False,
        help_text=_("Somebody compared this row with the text of its source."),
    )
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid until"), null=True, blank=True)

    source = Bilingual("source")

    objects = DatedRuleQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-valid_from", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="%(class)s_validity",
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from") - timedelta(days=1)),
            ),
        ]


class TimeLimitKind(models.TextChoices):
    COMPLAINT_FIRST_RESPONSE = "complaint_first_response", _("first response to a complaint")
    COMPLAINT_COMPLETION = "complaint_completion", _("answer to a complaint")
    RIGHTS_FIRST_RESPONSE = "rights_first_response", _("first response to a request")
    RIGHTS_WITHDRAW = "rights_withdraw", _("withdrawal, restriction, objection")
    RIGHTS_ACCESS = "rights_access", _("viewing, correction, copy")
    RIGHTS_DELETE = "rights_delete", _("deletion")
    RIGHTS_PROTECT = "rights_protect", _("protective measure")
    BREACH_AUTHORITY = "breach_authority", _("breach, to the authority")
    ATTACK_AUTHORITY = "attack_authority", _("attack, to the authority")
    BREACH_PEOPLE = "breach_people", _("breach, to the people concerned")
    IMPACT_DOSSIER = "impact_dossier", _("impact dossier")
    CROSS_BORDER_DOSSIER = "cross_border_dossier", _("cross-border transfer dossier")
    DOSSIER_UPDATE = "dossier_update", _("update of a dossier")


class TimeUnit(models.TextChoices):
    WORKING_DAY = "working_day", _("working days")
    CALENDAR_DAY = "calendar_day", _("days")
    HOUR = "hour", _("hours")
    MONTH = "month", _("months")


class TimeLimit(DatedRule):
    """How long a step may take."""

    kind = models.CharField(_("kind"), max_length=40, choices=TimeLimitKind)
    minimum = models.PositiveSmallIntegerField(_("at least"), null=True, blank=True)
    maximum = models.PositiveSmallIntegerField(_("at most"))
    unit = models.CharField(_("unit"), max_length=20, choices=TimeUnit)
    third_party = models.PositiveSmallIntegerField(
        _("at most, if a third party must act"), null=True, blank=True
    )
    extension = models.PositiveSmallIntegerField(_("one extension, at most"), null=True, blank=True)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta(DatedRule.Meta):
        verbose_name = _("time limit")
        verbose_name_plural = _("time limits")
        constraints = [
            *DatedRule.Meta.constraints,
            models.CheckConstraint(name="timelimit_takes_time", condition=Q(maximum__gte=1)),
            models.CheckConstraint(
                name="timelimit_range",
                condition=Q(minimum=None) | Q(minimum__lte=F("maximum")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_family_display()}"


class RetentionTrigger(models.TextChoices):
    ACCOUNT_CLOSED = "account_closed", _("the account is closed")
    SERVICE_ENDED = "service_ended", _("the service has ended")
    ON_REQUEST = "on_request", _("the customer asks for deletion")
    NO_LONGER_NECESSARY = "no_longer_necessary", _("the data is no longer necessary")
    CASE_CLOSED = "case_closed", _("the case is closed")
    CREATED = "created", _("the data is recorded")
    LAST_ACTIVITY = "last_activity", _("the last activity")


class RetentionAction(models.TextChoices):
    DELETE = "delete", _("delete")
    PSEUDONYMISE = "pseudonymise", _("pseudonymise for statistics")
    RESTRICT = "restrict", _("store only")


class RetentionRule(DatedRule):
    """How long a category of personal data is kept after the event that starts its period."""

    category = models.CharField(_("data"), max_length=20, choices=DataCategory)
    trigger = models.CharField(_("counted from when"), max_length=20, choices=RetentionTrigger)
    months = models.PositiveSmallIntegerField(
        _("months"), help_text=_("0: deleted once the day of the event is over.")
    )
    action = models.CharField(_("then"), max_length=20, choices=RetentionAction)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta(DatedRule.Meta):
        verbose_name = _("retention rule")
        verbose_name_plural = _("retention rules")

    def __str__(self) -> str:
        return f"{self.get_category_display()}: {self.get_trigger_display()}"


class DayType(models.TextChoices):
    OFF = "OFF", _("day off")
    WORKING = "WORKING", _("working day")


class OfficialDayKind(models.TextChoices):
    STATUTORY = "statutory", _("public holiday")
    COMPENSATORY = "compensatory", _("day off in lieu of a holiday at the weekend")
    SWAP_OFF = "swap_off", _("day off, made up on a Saturday")
    SWAP_WORK = "swap_work", _("Saturday worked in exchange")


class OfficialDay(models.Model):
    """A day that the official calendar sets apart from the ordinary week."""

    day = models.DateField(_("day"), unique=True)
    day_type = models.CharField(_("type"), max_length=10, choices=DayType)
    kind = models.CharField(_("kind"), max_length=20, choices=OfficialDayKind)
    label_vi = models.CharField(_("label (Vietnamese)"), max_length=100)
    label_en = models.CharField(_("label (English)"), max_length=100)
    provisional = models.BooleanField(
        _("provisional"), default=False, help_text=_("Not announced officially yet.")
    )

    label = Bilingual("label")

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        verbose_name = _("official day")
        verbose_name_plural = _("official calendar")
        ordering = ["day"]

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
