"""The profile's policy: published once, and what stands against that."""

from collections.abc import Iterator
from pathlib import Path

from django.utils import timezone

from common.history import save_as
from policies import profile_schema
from policies.counting import midnight
from policies.loading.rows import LOADED, two_columns
from policies.models import PolicyVersion, sha256
from policies.profile_faults import Fault
from policies.publishing import mark_published, write_text


def load_policy(profile: profile_schema.Profile) -> int:
    """Publish the profile's policy once; a published version is never touched again."""
    key = {"profile": profile.code, "number": profile.policy.number}
    if PolicyVersion.objects.published().filter(**key).exists():
        return 0
    version = PolicyVersion(**key, **two_columns("summary", profile.policy.summary))
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


def unpublishable(profile: profile_schema.Profile, file: Path) -> Iterator[Fault]:
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
    if version is None and profile.policy.published_on != today and known.exists():
        reason = f"a version is published on the day on which it is loaded: {today}"
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
        **two_columns("summary", profile.policy.summary),
    }
    for name, value in columns.items():
        if getattr(version, name) != value:
            yield Fault(file.name, f"policy.{name.replace('summary_', 'summary.')}", reason)
    hashes = dict(version.texts.values_list("language", "sha256"))
    for language, body in profile.text:
        if hashes.get(language) != sha256(body):
            yield Fault(file.with_suffix(f".{language}.md").name, "", reason)
