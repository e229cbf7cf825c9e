"""What a profile file and the statute pack may say.

A profile makes a deployment one company: ``profiles/<code>.toml`` beside the policy's text in
``profiles/<code>.vi.md`` and ``profiles/<code>.en.md``.
"""

import datetime as dt
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from policies.models.versions import NUMBER
from policies.profile_rules import RetentionRule, TimeLimits
from policies.profile_words import (
    Assignment,
    Channel,
    Count,
    Country,
    CustomerField,
    DataCategory,
    DayKind,
    Email,
    Entry,
    LegalBasis,
    Line,
    Many,
    Name,
    OpenText,
    Phone,
    PromiseCode,
    RecipientKind,
    Slug,
    Some,
    Span,
    StaffAccessMode,
    Text,
    Website,
)
from policies.promises import control_names

Setting = Literal[
    "notice_period_days",
    "day_kind",
    "staff_access_mode",
    "required_fields",
    "optional_fields",
    "forbidden_recipient_kinds",
    "closed_data_categories",
    "newsletter",
    "accuracy_months",
]


def _registered(control: str) -> str:
    if control not in control_names():
        raise ValueError(f"{control} is not a control that the portal knows")
    return control


class DeclaredField(Entry):
    """A detail that forms ask for beside the fixed ones."""

    code: Slug
    name: Name
    description: Text
    kind: Literal["text", "date"]
    is_required: bool = False


class Promise(Entry):
    """``control`` answers for it; ``settings`` are the keys of the parameters that it speaks of."""

    code: PromiseCode
    control: Annotated[Slug, AfterValidator(_registered)]
    settings: Many[Setting] = ()
    text: Text


class Company(Entry):
    """Who controls the data. A fact that the policy leaves open is "" and named in ``unstated``."""

    OPEN: ClassVar = (
        "address",
        "phone",
        "email",
        "tax_code",
        "website",
        "complaints_phone",
        "complaints_email",
        "complaints_address",
    )

    name: Name
    short_name: Annotated[Line, StringConstraints(max_length=60)]
    address: OpenText
    phone: Phone
    email: Email
    tax_code: Annotated[str, StringConstraints(max_length=20)]
    website: Website
    complaints_phone: Phone
    complaints_email: Email
    complaints_address: OpenText
    unstated: Many[str]

    @field_validator("unstated")
    @classmethod
    def _names_the_empty_fields(
        cls, unstated: tuple[str, ...], info: ValidationInfo
    ) -> tuple[str, ...]:
        empty = [name for name in cls.OPEN if name in info.data and not info.data[name]]
        if set(unstated) != set(empty) and set(cls.OPEN) <= info.data.keys():
            raise ValueError(f"must name exactly the empty fields: {', '.join(empty) or 'none'}")
        return unstated


class Policy(Entry):
    """One version of the privacy policy; it takes effect when the notice period has passed."""

    number: Annotated[Line, StringConstraints(pattern=f"^{NUMBER}$", max_length=20)]
    published_on: dt.date
    effective_on: dt.date
    summary: Text


class Parameters(Entry):
    """Settings of the deployment; ``unstated`` names those that the policy left to the company."""

    notice_period_days: Count
    day_kind: DayKind
    staff_access_mode: StaffAccessMode
    required_fields: Many[CustomerField]
    optional_fields: Many[CustomerField]
    forbidden_recipient_kinds: Many[RecipientKind]
    closed_data_categories: Many[DataCategory]  # never disclosed to anybody
    consent_months: Span | None = None  # none: a consent lasts until it is withdrawn
    grace_days: Count = 7  # to open a closed account again; 0: not at all
    idle_months: Span = 24  # then it is asked whether the data is still necessary
    accuracy_months: Count = 12  # customers then confirm their details anew; 0: never
    due_soon_days: Span = (
        3  # working days before a case's last day, on which its handler is reminded
    )
    lead_after_days: Count = 0  # working days after it, until the team's lead is told
    dpo_after_days: Count = 2  # and until the data protection officers are
    undertaking_months: Span = 12  # then a member of staff signs confidentiality anew
    work_from_hour: Annotated[int, Field(ge=0, le=23)] = 7  # accesses before it are unusual,
    work_to_hour: Annotated[int, Field(ge=1, le=24)] = 19  # and from it on
    customers_per_hour: Count = 30  # whose data one member opens; more are unusual
    caseless_percent: Annotated[int, Field(ge=0, le=100)] = 80  # of a day's accesses; likewise
    assignment: Assignment = "by_hand"  # of new complaints
    newsletter: Slug | None = None  # the purpose for which anybody may subscribe to mails
    unstated: Many[
        Literal[
            "notice_period_days",
            "day_kind",
            "staff_access_mode",
            "required_fields",
            "optional_fields",
        ]
    ]

    @field_validator("dpo_after_days")
    @classmethod
    def _not_before_the_lead(cls, days: int, info: ValidationInfo) -> int:
        if days < info.data.get("lead_after_days", 0):
            raise ValueError("the data protection officers are told after the team's lead")
        return days

    @field_validator("work_to_hour")
    @classmethod
    def _after_the_first_hour(cls, hour: int, info: ValidationInfo) -> int:
        if hour <= info.data.get("work_from_hour", 0):
            raise ValueError("must be after work_from_hour")
        return hour

    @field_validator("required_fields")
    @classmethod
    def _asks_for_name_and_email(cls, fields: tuple[str, ...]) -> tuple[str, ...]:
        if not {"full_name", "email"} <= set(fields):
            raise ValueError("must hold full_name and email: the account needs them")
        return fields

    @field_validator("optional_fields")
    @classmethod
    def _not_required_too(cls, fields: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        both = [name for name in fields if name in info.data.get("required_fields", ())]
        if both:
            raise ValueError(f"{', '.join(both)} cannot be both required and optional")
        return fields


class Purpose(Entry):
    """``wording`` is the exact question the customer answers: only consent asks one.

    ``is_required``: the service cannot be provided without it; so it is with all that asks for no
    consent, unless the file says otherwise.
    """

    code: Slug
    name: Name
    description: Text
    legal_basis: LegalBasis
    channel: Channel
    wording: Annotated[Text | None, Field(validate_default=True)] = None
    is_required: bool | None = None
    data_categories: Some[DataCategory]
    promises: Many[PromiseCode]

    @field_validator("wording")
    @classmethod
    def _asked_for_consent_only(cls, wording: Text | None, info: ValidationInfo) -> Text | None:
        basis = info.data.get("legal_basis")
        if basis == "consent" and wording is None:
            raise ValueError("is missing: consent needs the question the customer answers")
        if basis not in (None, "consent") and wording is not None:
            raise ValueError(f"asks for consent although the legal basis is {basis}")
        return wording

    @field_validator("is_required")
    @classmethod
    def _never_where_consent_is_asked(
        cls, required: bool | None, info: ValidationInfo
    ) -> bool | None:
        if required and info.data.get("legal_basis") == "consent":
            raise ValueError("cannot be true where the customer is asked for consent")
        return required


class Recipient(Entry):
    """Who may receive which data for which purposes; none named, nothing is disclosed.

    ``country`` is an ISO 3166 code, or "" where the policy names none.
    """

    code: Slug
    name: Name
    kind: RecipientKind
    description: Text
    country: Country
    cross_border: bool
    purposes: Many[Slug] = ()
    data_categories: Many[DataCategory] = ()
    promises: Many[PromiseCode]

    @field_validator("cross_border")
    @classmethod
    def _agrees_with_country(cls, cross_border: bool, info: ValidationInfo) -> bool:
        country = info.data.get("country")
        if country and cross_border == (country == "VN"):
            raise ValueError(f"contradicts the country {country}")
        return cross_border


class Profile(Entry):
    """``text`` is the policy in Markdown, from the two files beside the profile."""

    code: Slug
    company: Company
    policy: Policy
    parameters: Parameters
    declared_fields: Many[DeclaredField] = ()
    purposes: Some[Purpose]
    recipients: Many[Recipient]
    time_limits: TimeLimits
    retention_rules: Some[RetentionRule]
    promises: Some[Promise]
    text: Text


class CalendarRange(Entry):
    """The first and last day for which ``official_calendar.csv`` says what is worked."""

    covers_from: dt.date
    covers_to: dt.date


class StatutePack(Entry):
    """``retention_rules`` name what other law demands to be stored for longer, and nothing else.

    ``promises`` are the duties of every company that a control watches over.
    """

    calendar: CalendarRange
    time_limits: TimeLimits
    retention_rules: Some[RetentionRule]
    promises: Some[Promise]
