"""Configuring a deployment: what a profile file says becomes rows."""

import csv
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone
from simple_history.utils import bulk_create_with_history

from common.history import save_as
from policies import profile_schema
from policies.models import (
    CalendarRange,
    Company,
    DatedRule,
    OfficialDay,
    PolicyText,
    PolicyVersion,
    Purpose,
    Recipient,
    RetentionRule,
    RuleFamily,
    TimeLimit,
    sha256,
)
from policies.profile_faults import Fault, ProfileError

CALENDAR = Path(__file__).parent / "official_calendar.csv"
LOADED = "profile loaded"
ONE_DAY = timedelta(days=1)


@transaction.atomic
def load_profile(source: str | Path) -> int:
    """Make the deployment the company that ``source`` describes; return how many rows changed.

    ``source`` is the name of a shipped profile or the path of a profile file.
    Loading the same profile again changes nothing. A number that differs
    becomes a new dated row; the one it supersedes ends the day before. Two
    loads at once follow one another.

    Raises ProfileError before anything is changed.
    """
    profile = profile_schema.read_profile(source)
    statute = profile_schema.read_statute()
    _wait_for_other_loads()
    if faults := list(_unpublishable(profile, profile_schema.profile_path(source))):
        raise ProfileError(faults)
    changed = _load_calendar(statute)
    changed += _load_company(profile)
    changed += _load_policy(profile)
    changed += _load_purposes(profile)
    changed += _load_recipients(profile)
    changed += _load_limits(statute.time_limits, RuleFamily.STATUTE)
    changed += _load_limits(profile.time_limits, RuleFamily.PROMISE)
    changed += _load_retention(profile)
    return changed


def _wait_for_other_loads() -> None:
    """Hold the lock of this name until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [zlib.crc32(b"load_profile")])


def _load_calendar(statute: profile_schema.StatutePack) -> int:
    """Add the official days that are missing; what staff corrected since stays as it is."""
    changed = _put(CalendarRange, {"pk": 1}, statute.calendar.model_dump())
    known = set(OfficialDay.objects.values_list("day", flat=True))
    with CALENDAR.open(newline="", encoding="utf-8") as file:
        missing = [
            day for row in csv.DictReader(file) if (day := _official_day(row)).day not in known
        ]
    bulk_create_with_history(missing, OfficialDay, default_change_reason=LOADED)
    return changed + len(missing)


def _official_day(row: dict[str, str]) -> OfficialDay:
    return OfficialDay(
        day=date.fromisoformat(row["date"]),
        day_type=row["day_type"],
        kind=row["kind"],
        label_vi=row["label_vi"],
        label_en=row["label_en"],
        provisional=row["provisional"] == "yes",
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
            "unstated": [*company.unstated, *parameters.unstated],
        },
    )


def _load_policy(profile: profile_schema.Profile) -> int:
    """Publish the profile's policy once; a published version is never touched again."""
    key = {"profile": profile.code, "number": profile.policy.number}
    if PolicyVersion.objects.filter(**key).exists():
        return 0
    version = PolicyVersion(**key, **_version_columns(profile))
    save_as(version, by=None, reason=LOADED)
    for language, body in profile.text:
        PolicyText.objects.create(
            version=version, language=language, body=body, sha256=sha256(body)
        )
    return 1


def _unpublishable(profile: profile_schema.Profile, file: Path) -> Iterator[Fault]:
    """Find what differs from the version published under that number, and a policy yet to come."""
    published = PolicyVersion.objects.filter(profile=profile.code)
    policy = profile.policy
    reason = f"differs from version {policy.number} as published; a change needs a new number"
    if version := published.filter(number=policy.number).first():
        for name, value in _version_columns(profile).items():
            if getattr(version, name) != value:
                place = name.replace("summary_", "summary.")
                yield Fault(file.name, f"policy.{place}", reason)
        hashes = dict(version.texts.values_list("language", "sha256"))
        for language, body in profile.text:
            if hashes.get(language) != sha256(body):
                yield Fault(file.with_suffix(f".{language}.md").name, "", reason)
    today = timezone.localdate()
    if policy.effective_on > today and not published.filter(effective_on__lte=today).exists():
        reason = f"no policy would be in effect before {policy.effective_on}"
        yield Fault(file.name, "policy.effective_on", reason)


def _version_columns(profile: profile_schema.Profile) -> dict[str, Any]:
    policy = profile.policy
    return {
        "published_on": policy.published_on,
        "effective_on": policy.effective_on,
        **_two_columns("summary", policy.summary),
    }


def _load_purposes(profile: profile_schema.Profile) -> int:
    rows = {
        purpose.code: {
            **_two_columns("name", purpose.name),
            **_two_columns("description", purpose.description),
            "wording_vi": purpose.wording.vi if purpose.wording else "",
            "wording_en": purpose.wording.en if purpose.wording else "",
            "legal_basis": purpose.legal_basis,
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
        }
        for recipient in profile.recipients
    }
    return _put_all(Recipient, rows)


def _load_limits(limits: Iterable[profile_schema.TimeLimit], family: RuleFamily) -> int:
    rows = [
        {
            **limit.model_dump(exclude={"source", "promises"}),
            **_two_columns("source", limit.source),
        }
        for limit in limits
    ]
    return _put_rules(TimeLimit, family, rows, key="kind")


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


def _put_rules(
    model: type[DatedRule], family: RuleFamily, rows: list[dict[str, Any]], key: str
) -> int:
    """Bring the rules of ``family`` in line with ``rows``, by new rows and ends, never by edits.

    What is new begins today at the earliest where there was a rule of the same ``key`` before.
    """
    ours = model.objects.filter(family=family)
    kept: set[int] = set()
    changed = 0
    for row in rows:
        same = {name: value for name, value in row.items() if name != "valid_from"}
        existing = model.objects.filter(**same).first()
        if existing is None:
            before = ours.filter(**{key: row[key]}).exclude(pk__in=kept)
            if before.exists():
                row = {**row, "valid_from": max(row["valid_from"], timezone.localdate())}
            if row["valid_to"] and row["valid_to"] < row["valid_from"]:
                continue  # over already: what applied until today stays as it was recorded
            existing = model(**row)
            save_as(existing, by=None, reason=LOADED)
            changed += 1
        kept.add(existing.pk)
    return changed + sum(_supersede(rule) for rule in ours.exclude(pk__in=kept))


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
    """Bring the rows in line with ``rows``, which go by their codes; retire all others."""
    changed = 0
    for code, values in rows.items():
        changed += _put(model, {"code": code}, {**values, "retired_on": None})
    # Old consents and disclosures still point at what the profile no longer names.
    gone = model._default_manager.filter(retired_on=None).exclude(code__in=rows)
    for row in gone:
        row.retired_on = timezone.localdate()
        save_as(row, by=None, reason=LOADED, fields=["retired_on"])
    return changed + len(gone)


def _two_columns(name: str, text: Any) -> dict[str, str]:
    return {f"{name}_vi": text.vi, f"{name}_en": text.en}
