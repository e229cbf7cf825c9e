"""The words and the small texts of which profile files are made."""

from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

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
    "identity_proof",
    "purge_report",
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
