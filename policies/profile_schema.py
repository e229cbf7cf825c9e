"""What a profile file and the statute pack may say.

A profile makes a deployment one company: ``profiles/<code>.toml`` beside the policy's text in
``profiles/<code>.vi.md`` and ``profiles/<code>.en.md``. Read one with ``read_profile``; whatever
is wrong with it is told at once, one line per fault, and nothing half read is returned.
"""

import datetime as dt
import itertools
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails

from policies import profile_faults
from policies.models.versions import NUMBER
from policies.profile_faults import Fault, ProfileError
from policies.promises import control_names

HERE = Path(__file__).parent
PROFILES = HERE / "profiles"
STATUTE = HERE / "statute.toml"

Language = Literal["vi", "en"]
LegalBasis = Literal["consent", "contract", "legal_obligation", "public_task", "vital_interest"]
Channel = Literal["none", "email", "sms", "phone", "advertising"]
RecipientKind = Literal[
    "processor", "affiliate", "partner", "agent", "authority", "registry", "advertising"
]
DataCategory = Literal[
    "account",  # name and sign-in
    "contact",  # e-mail, telephone, address
    "declared",  # what else a form of the company asks for
    "order",
    "device",  # browser, operating system, screen, language, network address
    "visit",  # pages viewed, counted
    "preference",  # interests, behaviour, advertising choices
    "call_recording",
    "survey_answer",
    "hosted_content",  # known by inventory alone, never by content
    "enquiry",
    "complaint",
    "evidence",
    "consent",
    "notice",
    "access_record",
]
TimeLimitKind = Literal[
    "complaint_first_response",
    "complaint_completion",
    "enquiry_answer",
    "rights_first_response",
    "rights_withdraw",  # withdraw consent, restrict, object
    "rights_access",  # view, correct, obtain a copy
    "rights_delete",
    "rights_protect",
    "breach_authority",
    "attack_authority",
    "breach_people",
    "impact_dossier",
    "cross_border_dossier",
    "dossier_update",
]
TimeUnit = Literal["working_day", "calendar_day", "hour", "month"]
Family = Literal["promise", "statute"]
Basis = Literal["policy", "company_choice", "statute"]
Trigger = Literal[
    "account_closed",
    "service_ended",
    "on_request",
    "no_longer_necessary",
    "case_closed",
    "created",
    "year_ended",
    "last_activity",
]
Action = Literal["delete", "pseudonymise", "restrict"]
DayKind = Literal["state", "private_no_swap", "mon_sat"]
StaffAccessMode = Literal["need_to_know", "approval"]
Assignment = Literal["by_hand", "least_open"]
CustomerField = Literal["full_name", "email", "phone", "address"]

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
ShortLine = Annotated[Line, StringConstraints(max_length=200)]
SourceLine = Annotated[Line, StringConstraints(max_length=300)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
PromiseCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]+-[1-9][0-9]*$")]
Country = Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")]
Phone = Annotated[str, StringConstraints(pattern=r"^(\+[0-9 ]{6,30})?$")]
Email = Annotated[str, StringConstraints(pattern=r"^([^@\s]+@[^@\s]+)?$", max_length=254)]
Website = Annotated[str, StringConstraints(pattern=r"^(https://\S+)?$", max_length=200)]
Count = Annotated[int, Field(ge=0)]
Span = Annotated[int, Field(ge=1)]

Item = TypeVar("Item")
# TOML has arrays, the frozen models have tuples: this one conversion is allowed.
Many = Annotated[tuple[Item, ...], Field(strict=False)]


def _not_empty(items: tuple[Item, ...]) -> tuple[Item, ...]:
    if not items:
        raise ValueError("must not be empty")
    return items


Some = Annotated[Many[Item], AfterValidator(_not_empty)]


class Entry(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Text(Entry):
    vi: Line
    en: Line


class Name(Entry):
    vi: ShortLine
    en: ShortLine


class Source(Entry):
    vi: SourceLine
    en: SourceLine


class OpenText(Entry):
    """A text that the policy may leave open: both languages or neither."""

    vi: Annotated[str, StringConstraints(max_length=300)]
    en: Annotated[str, StringConstraints(max_length=300)]

    @field_validator("en")
    @classmethod
    def _both_or_neither(cls, en: str, info: ValidationInfo) -> str:
        if "vi" in info.data and bool(info.data["vi"].strip()) != bool(en.strip()):
            raise ValueError("give both languages or leave both empty")
        return en

    def __bool__(self) -> bool:
        return bool(self.vi)


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


class TimeLimit(Entry):
    """A dated clock.

    Within the range a simple case gets ``minimum``, an ordinary one ``ordinary``, a complex one
    ``maximum``. With ``may_pause`` it stands still while the customer is asked.
    ``extension`` may be added once; ``third_party`` replaces ``maximum`` when a processor or
    another party must act. ``valid_to`` is the last day; none means until further notice.
    """

    kind: TimeLimitKind
    family: Family
    minimum: Span | None = None
    maximum: Span
    ordinary: Span | None = None
    unit: TimeUnit
    extension: Span | None = None
    third_party: Span | None = None
    may_pause: bool = False
    basis: Basis
    source: Source
    source_checked: bool
    valid_from: dt.date
    valid_to: dt.date | None = None
    promises: Many[PromiseCode]

    @field_validator("maximum")
    @classmethod
    def _not_below_minimum(cls, maximum: int, info: ValidationInfo) -> int:
        minimum = info.data.get("minimum")
        if minimum is not None and minimum > maximum:
            raise ValueError(f"{maximum} is less than the minimum {minimum}")
        return maximum

    @field_validator("ordinary")
    @classmethod
    def _within_the_range(cls, ordinary: int | None, info: ValidationInfo) -> int | None:
        minimum, maximum = info.data.get("minimum"), info.data.get("maximum")
        if maximum is None or ordinary is None:
            return ordinary
        if minimum is None or not minimum <= ordinary <= maximum:
            raise ValueError(f"{ordinary} is not between minimum and maximum")
        return ordinary

    @field_validator("third_party")
    @classmethod
    def _not_below_maximum(cls, third_party: int | None, info: ValidationInfo) -> int | None:
        maximum = info.data.get("maximum")
        if third_party is not None and maximum is not None and third_party < maximum:
            raise ValueError(f"{third_party} is less than the maximum {maximum}")
        return third_party

    @field_validator("basis")
    @classmethod
    def _belongs_to_family(cls, basis: str, info: ValidationInfo) -> str:
        family = info.data.get("family")
        if family and (basis == "statute") != (family == "statute"):
            raise ValueError(f"{basis} does not go with the family {family}")
        return basis

    @field_validator("valid_to")
    @classmethod
    def _not_before_start(cls, valid_to: dt.date | None, info: ValidationInfo) -> dt.date | None:
        valid_from = info.data.get("valid_from")
        if valid_to and valid_from and valid_to < valid_from:
            raise ValueError(f"lies before valid_from {valid_from}")
        return valid_to


class RetentionRule(Entry):
    """What happens to one category ``months`` after the trigger; 0 is at once."""

    category: DataCategory
    trigger: Trigger
    months: Count
    action: Action
    basis: Basis
    source: Source
    source_checked: bool
    valid_from: dt.date
    promises: Many[PromiseCode]


def _never_two_at_once(limits: tuple[TimeLimit, ...]) -> tuple[TimeLimit, ...]:
    dated = sorted(limits, key=lambda limit: (limit.kind, limit.valid_from))
    for before, after in itertools.pairwise(dated):
        if before.kind == after.kind and (before.valid_to or dt.date.max) >= after.valid_from:
            raise ValueError(f"{after.kind} from {after.valid_from} overlaps the row before it")
    return limits


TimeLimits = Annotated[Some[TimeLimit], AfterValidator(_never_two_at_once)]


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
    """``retention_rules`` name what other law demands to be stored for longer, and nothing else."""

    calendar: CalendarRange
    time_limits: TimeLimits
    retention_rules: Some[RetentionRule]


def known_profiles() -> list[str]:
    return sorted(path.stem for path in PROFILES.glob("*.toml"))


def read_profile(source: str | Path) -> Profile:
    """Read a shipped profile by its name, or any by the path of its ``.toml`` file.

    Raises ProfileError with every fault found, each as "file: place: reason".
    """
    path = profile_path(source)
    raw = profile_faults.read_toml(path)
    text, faults = profile_faults.read_policy_text(path)
    faults += [Fault(path.name, *found) for found in profile_faults.contradictions(raw)]
    if "text" in raw:
        faults.append(Fault(path.name, "text", "belongs into the two files beside the profile"))
    return _validated(Profile, path, {**raw, "text": text}, faults)


def read_statute() -> StatutePack:
    raw = profile_faults.read_toml(STATUTE)
    return _validated(StatutePack, STATUTE, raw, [])


def profile_path(source: str | Path) -> Path:
    if isinstance(source, Path) or source.endswith(".toml"):
        return Path(source)
    if source in known_profiles():
        return PROFILES / f"{source}.toml"
    known = ", ".join(known_profiles())
    raise ProfileError(
        [Fault(source, "", f"no such profile; known are {known}, or give the path of a .toml file")]
    )


Model = TypeVar("Model", bound=Entry)


def _validated(model: type[Model], path: Path, raw: dict[str, Any], faults: list[Fault]) -> Model:
    try:
        result = model.model_validate(raw)
    except ValidationError as error:
        found = [_fault(path, raw, detail) for detail in error.errors(include_url=False)]
        raise ProfileError(found + faults) from None
    if faults:
        raise ProfileError(faults)
    return result


def _fault(path: Path, raw: dict[str, Any], detail: ErrorDetails) -> Fault:
    return Fault(path.name, profile_faults.place(detail["loc"], raw), profile_faults.reason(detail))
