"""Configuring a deployment: what a profile file says becomes rows."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import F, Model, QuerySet
from django.utils import timezone
from simple_history.utils import bulk_create_with_history

from common.database import wait_for_others
from common.history import save_as
from policies import profile_schema
from policies.calendar_changes import pair_days
from policies.calendar_years import CALENDAR
from policies.counting import midnight
from policies.models import (
    CalendarRange,
    Company,
    DatedRule,
    DayStatus,
    OfficialDay,
    PolicyVersion,
    Promise,
    Purpose,
    Recipient,
    RetentionRule,
    RuleFamily,
    TimeLimit,
    sha256,
)
from policies.profile_faults import Fault, ProfileError
from policies.publishing import PUBLISHING, mark_published, write_text
from policies.registers import put_purposes
from policies.rule_changes import RULES

OFFICIAL_DAYS = Path(__file__).parent / "official_calendar.csv"
LOADED = "profile loaded"
ONE_DAY = timedelta(days=1)


@transaction.atomic
def load_profile(source: str | Path) -> int:
    """Make the deployment the company that ``source`` describes; return how many rows changed.

    ``source`` is the name of a shipped profile or the path of a profile file.
    Loading the same profile again changes nothing, so what staff changed since
    stays. A changed file wins over it: a number that differs becomes a new dated
    row, the one it supersedes ends the day before, and what the file does not
    name is retired. A changed statute pack or calendar touches its own rows alone.
    Two loads at once follow one another.

    Raises ProfileError before anything is changed.
    """
    profile = profile_schema.read_profile(source)
    statute = profile_schema.read_statute()
    wait_for_others("load_profile")
    wait_for_others(PUBLISHING)
    wait_for_others(RULES)
    company, state = sha256(profile.model_dump_json()), _fingerprint(statute)
    changed = 0
    if not _is_loaded(profile_sha256=company):
        if faults := list(_unpublishable(profile, profile_schema.profile_path(source))):
            raise ProfileError(faults)
        changed += _load_all_of(profile)
    if not _is_loaded(statute_sha256=state):
        changed += _load_calendar(statute)
        changed += _load_limits(statute.time_limits, RuleFamily.STATUTE)
    Company.objects.update(profile_sha256=company, statute_sha256=state)
    return changed


def _is_loaded(**fingerprint: str) -> bool:
    return Company.objects.filter(**fingerprint).exists()


def _fingerprint(statute: profile_schema.StatutePack) -> str:
    """Return what changes when the statute pack or the shipped calendar does."""
    return sha256("\0".join((statute.model_dump_json(), OFFICIAL_DAYS.read_text("utf-8"))))


def _load_all_of(profile: profile_schema.Profile) -> int:
    _retire_registers_of_another(profile.code)
    return sum(
        load(profile)
        for load in (
            _load_company,
            _load_policy,
            _load_purposes,
            _load_recipients,
            _load_promised_limits,
            _load_retention,
            _load_promises,
        )
    )


def _load_calendar(statute: profile_schema.StatutePack) -> int:
    """Add the official days that are missing; what staff did to the calendar since stays.

    A day that they withdrew does not come back, and a year that they completed stays.
    """
    wait_for_others(CALENDAR)
    changed = _put(CalendarRange, {"pk": 1}, _range(statute.calendar))
    known = set(OfficialDay.history.values_list("day", flat=True))
    with OFFICIAL_DAYS.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    missing = [day for row in rows if (day := _official_day(row)).day not in known]
    bulk_create_with_history(missing, OfficialDay, default_change_reason=LOADED)
    for row in rows:
        if row["swapped_with"]:
            _pair(row["date"], row["swapped_with"])
    return changed + len(missing)


def _range(shipped: profile_schema.CalendarRange) -> dict[str, date]:
    loaded = CalendarRange.objects.first()
    values = shipped.model_dump()
    if loaded:
        values["covers_to"] = max(loaded.covers_to, shipped.covers_to)
    return values


def _pair(*days: str) -> None:
    pair = list(OfficialDay.objects.filter(day__in=days, swapped_with=None))
    if len(pair) == len(days):
        pair_days(*pair, by=None, reason=LOADED)


def _official_day(row: dict[str, str]) -> OfficialDay:
    return OfficialDay(
        day=date.fromisoformat(row["date"]),
        day_type=row["day_type"],
        kind=row["kind"],
        label_vi=row["label_vi"],
        label_en=row["label_en"],
        status=DayStatus.PROVISIONAL if row["provisional"] == "yes" else DayStatus.OFFICIAL,
    )


def _load_company(profile: profile_schema.Profile) -> int:
    company, parameters = profile.company, profile.parameters
    return _put(
        Company,
        {"pk": 1},
        {
            "profile": profile.code,
            **_two_columns("name", company.name),
            **_two_columns("address", company.address),
            **_two_columns("complaints_address", company.complaints_address),
            **company.model_dump(
                include={
                    "short_name",
                    "phone",
                    "email",
                    "tax_code",
                    "website",
                    "complaints_phone",
                    "complaints_email",
                }
            ),
            **parameters.model_dump(
                include={"day_kind", "staff_access_mode", "notice_period_days"}
            ),
            "required_fields": list(parameters.required_fields),
            "forbidden_recipient_kinds": list(parameters.forbidden_recipient_kinds),
            "closed_data_categories": list(parameters.closed_data_categories),
            "consent_months": parameters.consent_months,
            "grace_days": parameters.grace_days,
            "idle_months": parameters.idle_months,
            "newsletter": parameters.newsletter or "",
            "unstated": [*company.unstated, *parameters.unstated],
        },
    )


def _load_policy(profile: profile_schema.Profile) -> int:
    """Publish the profile's policy once; a published version is never touched again."""
    key = {"profile": profile.code, "number": profile.policy.number}
    if PolicyVersion.objects.published().filter(**key).exists():
        return 0
    version = PolicyVersion(**key, **_two_columns("summary", profile.policy.summary))
    save_as(version, by=None, reason=LOADED)
    for language, body in profile.text:
        write_text(version, language, body, by=None)
    mark_published(
        version,
        at=midnight(profile.policy.published_on),
        notice_days=profile.parameters.notice_period_days,
        effective_on=profile.policy.effective_on,
        by=None,
    )
    return 1


def _unpublishable(profile: profile_schema.Profile, file: Path) -> Iterator[Fault]:
    """Find what differs from the version published under that number, or comes untimely."""
    versions = PolicyVersion.objects.filter(profile=profile.code)
    number, effective_on = profile.policy.number, profile.policy.effective_on
    if versions.drafts().filter(number=number).exists():
        reason = "a draft has this number; discard or renumber it"
        yield Fault(file.name, "policy.number", reason)
    known = versions.published()
    if version := known.filter(number=number).first():
        yield from _rewritten(version, profile, file)
    elif last := known.filter(effective_on__gte=effective_on).first():
        reason = f"must be after {last.effective_on}, when version {last.number} takes effect"
        yield Fault(file.name, "policy.effective_on", reason)
    today = timezone.localdate()
    if version is None and profile.policy.published_on < today and known.exists():
        reason = "a version is published today at the earliest"
        yield Fault(file.name, "policy.published_on", reason)
    if effective_on > today and not known.filter(effective_on__lte=today).exists():
        reason = f"no policy would be in effect before {effective_on}"
        yield Fault(file.name, "policy.effective_on", reason)


def _rewritten(
    version: PolicyVersion, profile: profile_schema.Profile, file: Path
) -> Iterator[Fault]:
    reason = f"differs from version {version.number} as published; a change needs a new number"
    columns = {
        **profile.policy.model_dump(include={"published_on", "effective_on"}),
        **_two_columns("summary", profile.policy.summary),
    }
    for name, value in columns.items():
        if getattr(version, name) != value:
            yield Fault(file.name, f"policy.{name.replace('summary_', 'summary.')}", reason)
    hashes = dict(version.texts.values_list("language", "sha256"))
    for language, body in profile.text:
        if hashes.get(language) != sha256(body):
            yield Fault(file.with_suffix(f".{language}.md").name, "", reason)


def _load_purposes(profile: profile_schema.Profile) -> int:
    rows = {
        purpose.code: {
            **_two_columns("name", purpose.name),
            **_two_columns("description", purpose.description),
            "wording_vi": purpose.wording.vi if purpose.wording else "",
            "wording_en": purpose.wording.en if purpose.wording else "",
            "legal_basis": purpose.legal_basis,
            "is_required": purpose.wording is None,
            "channel": purpose.channel,
            "data_categories": list(purpose.data_categories),
        }
        for purpose in profile.purposes
    }
    return _put_all(Purpose, rows)


def _load_recipients(profile: profile_schema.Profile) -> int:
    rows = {
        recipient.code: {
            **_two_columns("name", recipient.name),
            **_two_columns("description", recipient.description),
            "kind": recipient.kind,
            "country": recipient.country,
            "cross_border": recipient.cross_border,
            "data_categories": list(recipient.data_categories),
        }
        for recipient in profile.recipients
    }
    changed = _put_all(Recipient, rows)
    for recipient in profile.recipients:
        row = Recipient.objects.get(code=recipient.code)
        purposes = Purpose.objects.filter(code__in=recipient.purposes)
        changed += put_purposes(row, purposes, by=None, reason=LOADED)
    return changed


def _load_limits(limits: Iterable[profile_schema.TimeLimit], family: RuleFamily) -> int:
    rows = [
        {
            **limit.model_dump(exclude={"source", "promises"}),
            **_two_columns("source", limit.source),
        }
        for limit in limits
    ]
    return _put_rules(TimeLimit, family, rows, key="kind")


def _load_promised_limits(profile: profile_schema.Profile) -> int:
    return _load_limits(profile.time_limits, RuleFamily.PROMISE)


def _load_retention(profile: profile_schema.Profile) -> int:
    rows = [
        {
            **rule.model_dump(exclude={"source", "promises"}),
            **_two_columns("source", rule.source),
            "family": RuleFamily.PROMISE,
            "valid_to": None,
        }
        for rule in profile.retention_rules
    ]
    return _put_rules(RetentionRule, RuleFamily.PROMISE, rows, key="category")


def _load_promises(profile: profile_schema.Profile) -> int:
    """Bring the promises in line with the profile; one that it no longer makes is retired."""
    rows = {
        promise.code: {
            **_two_columns("text", promise.text),
            "control": promise.control,
            "parameters": _parameters_of(promise, profile),
            "position": position,
            "retired_on": None,
        }
        for position, promise in enumerate(profile.promises, start=1)
    }
    changed = sum(_put(Promise, {"code": code}, values) for code, values in rows.items())
    return changed + _retire(Promise.objects.active().exclude(code__in=rows))


def _parameters_of(
    promise: profile_schema.Promise, profile: profile_schema.Profile
) -> dict[str, Any]:
    """Return the settings that the promise speaks of, and what names the rows under it."""
    settings = profile.parameters.model_dump(mode="json", include={*map(str, promise.settings)})

    def under(rows: Iterable[Any]) -> Iterator[Any]:
        return (row for row in rows if promise.code in row.promises)

    return {
        **{name: settings[name] for name in promise.settings},
        "purposes": [purpose.code for purpose in under(profile.purposes)],
        "recipients": [recipient.code for recipient in under(profile.recipients)],
        "time_limits": [limit.kind for limit in under(profile.time_limits)],
        "retention_rules": [
            [rule.category, rule.trigger, rule.action] for rule in under(profile.retention_rules)
        ],
    }


def _put_rules(
    model: type[DatedRule], family: RuleFamily, rows: list[dict[str, Any]], key: str
) -> int:
    """Bring the rules of ``family`` in line with ``rows``, by new rows and ends, never by edits.

    What is new begins today at the earliest where there was a rule of the same ``key`` before.
    """
    ours = model.objects.filter(family=family)
    existing = [ours.filter(**{**row, "valid_from": F("valid_from")}).first() for row in rows]
    kept = [rule.pk for rule in existing if rule is not None]
    ended = list(ours.exclude(pk__in=kept))
    known = {getattr(rule, key) for rule in ended}
    changed = sum(map(_supersede, ended))
    for row, rule in zip(rows, existing, strict=True):
        if rule is None:
            changed += _begin(model, row, not_before_today=row[key] in known)
    return changed


def _begin(model: type[DatedRule], row: dict[str, Any], *, not_before_today: bool) -> int:
    """Add a rule; return 0 if it is over already: what applied so far stays as recorded."""
    if not_before_today:
        row = {**row, "valid_from": max(row["valid_from"], timezone.localdate())}
    if row["valid_to"] and row["valid_to"] < row["valid_from"]:
        return 0
    save_as(model(**row), by=None, reason=LOADED)
    return 1


def _supersede(rule: DatedRule) -> int:
    """End a rule with yesterday, or before it begins; return 0 if it is over already, else 1."""
    last_day = max(rule.valid_from, timezone.localdate()) - ONE_DAY
    if rule.valid_to is not None and rule.valid_to <= last_day:
        return 0
    rule.valid_to = last_day
    save_as(rule, by=None, reason="superseded", fields=["valid_to"])
    return 1


def _put(model: type[Model], key: dict[str, Any], values: dict[str, Any]) -> int:
    """Create or correct the row with that key; return 0 if it already says so, else 1."""
    row = model._default_manager.filter(**key).first() or model(**key)
    fields = None
    if not row._state.adding:
        fields = [name for name, value in values.items() if getattr(row, name) != value]
        if not fields:
            return 0
    for name, value in values.items():
        setattr(row, name, value)
    save_as(row, by=None, reason=LOADED, fields=fields)
    return 1


def _put_all(model: type[Purpose] | type[Recipient], rows: Mapping[str, Mapping[str, Any]]) -> int:
    """Bring the rows in line with ``rows``, which go by their codes; retire what left the profile.

    Rows that staff added are theirs.
    """
    changed = 0
    for code, values in rows.items():
        changed += _put(model, {"code": code}, {**values, "retired_on": None})
    loaded = model.history.filter(history_type="+", history_change_reason=LOADED).values("id")
    return changed + _retire(model.objects.active().filter(pk__in=loaded).exclude(code__in=rows))


def _retire_registers_of_another(company: str) -> None:
    """End the purposes and recipients of the company that this deployment served before."""
    if Company.objects.exclude(profile=company).exists():
        _retire(Purpose.objects.active())
        _retire(Recipient.objects.active())


def _retire(rows: QuerySet[Any]) -> int:
    """Old consents and disclosures still point at the rows, so that they stay."""
    for row in rows:
        row.retired_on = timezone.localdate()
        save_as(row, by=None, reason=LOADED, fields=["retired_on"])
    return len(rows)


def _two_columns(name: str, text: Any) -> dict[str, str]:
    return {f"{name}_vi": text.vi, f"{name}_en": text.en}
