"""What can be wrong with a profile file, and how it is told.

The rules that join several tables look at the file as TOML gave it, not at the validated
models: so a missing word in one table does not hide a contradiction between two others.
"""

import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from django.utils import translation

from common.errors import PortalError
from policies.sections import structure_faults

Found = tuple[str, str]  # place, reason

LANGUAGES = ("vi", "en")
TOML_PLACE = re.compile(r"^(?P<reason>.*) \(at (?:line (\d+), column (\d+)|end of document)\)$")
# What the portal holds by itself, whatever the policy speaks of.
OF_THE_PORTAL = ("declared", "device", "preference", "visit", "identity_proof", "purge_report")
EVERY_PROFILE_RETAINS = (
    *("account", "contact", "enquiry", "complaint", "evidence", "consent", "notice"),
    *("access_record", *OF_THE_PORTAL),
)
IDENTITY = {
    "promises": ("code",),
    "purposes": ("code",),
    "recipients": ("code",),
    "retention_rules": ("category", "trigger", "action", "valid_from"),
}
REASONS = {
    "missing": "is missing",
    "extra_forbidden": "is not a key that the portal knows",
    "literal_error": "must be one of {expected}, not {input!r}",
    "string_type": "must be text in quotes, not {input!r}",
    "string_too_short": "must not be empty",
    "string_too_long": "is longer than {max_length} characters",
    "string_pattern_mismatch": "{input!r} does not have the form {pattern}",
    "int_type": "must be a whole number, not {input!r}",
    "bool_type": "must be true or false, not {input!r}",
    "date_type": "must be a date such as 2026-01-31, not {input!r}",
    "date_from_datetime_inexact": "must be a date without a time",
    "greater_than_equal": "must be at least {ge}, not {input!r}",
    "model_type": "must be a table",
    "tuple_type": "must be a list, not {input!r}",
    "value_error": "{error}",
}


class Fault(NamedTuple):
    file: str
    place: str
    reason: str

    def __str__(self) -> str:
        return ": ".join(part for part in self if part)


class ProfileError(PortalError):
    """A profile cannot be used; the message has one line per fault."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def read_toml(path: Path) -> dict[str, Any]:
    text = _read(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = TOML_PLACE.match(str(error))
        reason = found["reason"] if found else str(error)
        raise ProfileError([Fault(path.name, _toml_place(found, text), reason)]) from None


def read_policy_text(profile: Path) -> tuple[dict[str, str], list[Fault]]:
    """Return the text in each language ("-" where it cannot be read) and the faults."""
    text: dict[str, str] = {}
    faults = []
    for language in LANGUAGES:
        path = profile.with_suffix(f".{language}.md")
        try:
            text[language] = _read(path)
        except ProfileError as error:
            text[language] = "-"
            faults += error.faults
    if not faults and all(words.strip() for words in text.values()):
        file = profile.with_suffix(".en.md").name
        with translation.override("en"):  # as are all the other lines
            found = map(str, structure_faults(text["vi"], text["en"]))
            faults += [Fault(file, "headings", reason) for reason in found]
    return text, faults


def place(location: tuple[int | str, ...], raw: Any) -> str:
    """Write a location as ``purposes[2].legal_basis``, with the entry's code where it has one."""
    written, name, at = "", "", raw
    for part in location:
        written += f"[{part}]" if isinstance(part, int) else f".{part}"
        at = _inside(at, part)
        if isinstance(part, int) and isinstance(at, dict):
            name = at.get("code") or name
    return written.removeprefix(".") + (f" ({name})" if isinstance(name, str) and name else "")


def reason(detail: Mapping[str, Any]) -> str:
    pattern = REASONS.get(detail["type"])
    if pattern is None:
        return str(detail["msg"])
    return pattern.format(**{"input": detail["input"], **detail.get("ctx", {})})


def contradictions(raw: dict[str, Any]) -> Iterator[Found]:
    for rule in (
        _repeated_entries,
        _unknown_promises,
        _categories_without_rule,
        _rules_without_purpose,
        _missing_rules,
        _forbidden_recipients,
        _closed_data,
        _newsletter_without_question,
        _unexplained_recipients,
        _statutes_in_profile,
        _early_effect,
    ):
        yield from rule(raw)


def _repeated_entries(raw: dict[str, Any]) -> Iterator[Found]:
    for name, keys in IDENTITY.items():
        first: dict[tuple[str, ...], int] = {}
        for index, entry in _tables(raw, name):
            identity = tuple(str(entry.get(key)) for key in keys)
            if all(key in entry for key in keys) and identity in first:
                same = ", ".join(identity)
                yield (
                    f"{name}[{index}].{keys[0]}",
                    f"{same} is in {name}[{first[identity]}] already",
                )
            first.setdefault(identity, index)


def _unknown_promises(raw: dict[str, Any]) -> Iterator[Found]:
    known = {entry.get("code") for _, entry in _tables(raw, "promises") if _is_text(entry, "code")}
    for name in ("purposes", "recipients", "time_limits", "retention_rules"):
        for index, entry in _tables(raw, name):
            for code in _words(entry.get("promises")):
                if code not in known:
                    yield f"{name}[{index}].promises", f"{code} is not among the promises"


def _categories_without_rule(raw: dict[str, Any]) -> Iterator[Found]:
    ruled = _categories_ruled(raw)
    for index, entry in _tables(raw, "purposes"):
        for category in _words(entry.get("data_categories")):
            if category not in ruled:
                yield f"purposes[{index}].data_categories", f"{category} has no retention rule"


def _rules_without_purpose(raw: dict[str, Any]) -> Iterator[Found]:
    used = {
        category
        for _, entry in _tables(raw, "purposes")
        for category in _words(entry.get("data_categories"))
    } | {*OF_THE_PORTAL}
    for index, entry in _tables(raw, "retention_rules"):
        if _is_text(entry, "category") and entry["category"] not in used:
            yield f"retention_rules[{index}].category", f"no purpose uses {entry['category']}"


def _missing_rules(raw: dict[str, Any]) -> Iterator[Found]:
    for category in EVERY_PROFILE_RETAINS:
        if category not in _categories_ruled(raw):
            yield "retention_rules", f"has no rule for {category}"


def _forbidden_recipients(raw: dict[str, Any]) -> Iterator[Found]:
    parameters = raw.get("parameters")
    if not isinstance(parameters, dict):
        return
    forbidden = _words(parameters.get("forbidden_recipient_kinds"))
    for index, entry in _tables(raw, "recipients"):
        if entry.get("kind") in forbidden:
            yield f"recipients[{index}].kind", f"{entry['kind']} is forbidden by the parameters"


def _closed_data(raw: dict[str, Any]) -> Iterator[Found]:
    parameters = raw.get("parameters")
    if not isinstance(parameters, dict):
        return
    closed = _words(parameters.get("closed_data_categories"))
    for index, entry in _tables(raw, "recipients"):
        for category in _words(entry.get("data_categories")):
            if category in closed:
                place = f"recipients[{index}].data_categories"
                yield place, f"{category} is closed by the parameters"


def _newsletter_without_question(raw: dict[str, Any]) -> Iterator[Found]:
    parameters = raw.get("parameters")
    code = parameters.get("newsletter") if isinstance(parameters, dict) else None
    if code is None:
        return
    purposes = [entry for _, entry in _tables(raw, "purposes") if entry.get("code") == code]
    if not purposes:
        yield "parameters.newsletter", f"{code} is not among the purposes"
    elif any(
        (purpose.get("legal_basis"), purpose.get("channel")) != ("consent", "email")
        for purpose in purposes
    ):
        yield "parameters.newsletter", f"{code} does not ask for consent to e-mails"


def _unexplained_recipients(raw: dict[str, Any]) -> Iterator[Found]:
    """Find what a recipient would get although no purpose of its own uses it."""
    known = [entry for _, entry in _tables(raw, "purposes") if _is_text(entry, "code")]
    for index, entry in _tables(raw, "recipients"):
        purposes = _words(entry.get("purposes"))
        for code in purposes:
            if code not in [entry["code"] for entry in known]:
                yield f"recipients[{index}].purposes", f"{code} is not among the purposes"
        theirs = [entry for entry in known if entry["code"] in purposes]
        explained = {name for entry in theirs for name in _words(entry.get("data_categories"))}
        for category in _words(entry.get("data_categories")):
            if category not in explained:
                place = f"recipients[{index}].data_categories"
                yield place, f"no purpose of this recipient uses {category}"


def _statutes_in_profile(raw: dict[str, Any]) -> Iterator[Found]:
    for index, entry in _tables(raw, "time_limits"):
        if entry.get("family") == "statute":
            yield f"time_limits[{index}].family", "a profile holds promises; statutes are shipped"


def _early_effect(raw: dict[str, Any]) -> Iterator[Found]:
    policy, parameters = raw.get("policy"), raw.get("parameters")
    if not isinstance(policy, dict) or not isinstance(parameters, dict):
        return
    published, effective = policy.get("published_on"), policy.get("effective_on")
    days = parameters.get("notice_period_days")
    if type(published) is type(effective) is dt.date and isinstance(days, int):
        due = published + dt.timedelta(days=days)
        if effective != due:
            yield "policy.effective_on", f"must be {due}: {days} days after publication"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        problem = "there is no such file"
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 at byte {error.start}"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    raise ProfileError([Fault(path.name, "", problem)])


def _toml_place(found: re.Match[str] | None, text: str) -> str:
    if found and found[2]:
        return f"line {found[2]}, column {found[3]}"
    last = text.rpartition("\n")[2]
    return f"line {text.count(chr(10)) + 1}, column {len(last) + 1}"


def _inside(value: Any, part: int | str) -> Any:
    try:
        return value[part]
    except (KeyError, IndexError, TypeError):
        return None


def _tables(raw: dict[str, Any], name: str) -> list[tuple[int, dict[str, Any]]]:
    entries = raw.get(name)
    if not isinstance(entries, list):
        return []
    return [(index, entry) for index, entry in enumerate(entries) if isinstance(entry, dict)]


def _words(value: Any) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def _is_text(entry: dict[str, Any], key: str) -> bool:
    return isinstance(entry.get(key), str)


def _categories_ruled(raw: dict[str, Any]) -> set[str]:
    rules = _tables(raw, "retention_rules")
    return {entry["category"] for _, entry in rules if _is_text(entry, "category")}
