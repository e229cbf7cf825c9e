"""What a profile file and the statute pack may say of time limits and retention."""

import datetime as dt
import itertools
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo, field_validator

from policies.profile_words import (
    Action,
    Basis,
    Count,
    DataCategory,
    Entry,
    Family,
    Many,
    PromiseCode,
    Some,
    Source,
    Span,
    TimeLimitKind,
    TimeUnit,
    Trigger,
)


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
