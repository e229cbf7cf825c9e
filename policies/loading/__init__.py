"""Configuring a deployment: what a profile file says becomes rows. One file for each noun."""

from pathlib import Path

from django.db import transaction

from common.database import wait_for_others
from policies import profile_schema
from policies.loading.calendar import load_calendar
from policies.loading.company import load_company
from policies.loading.policy import load_policy, unpublishable
from policies.loading.promises import load_duties, load_promises
from policies.loading.registers import (
    load_declared_fields,
    load_purposes,
    load_recipients,
    retire_registers_of_another,
)
from policies.loading.rules import (
    load_limits,
    load_promised_limits,
    load_promised_retention,
    load_retention,
)
from policies.models import Company, RuleFamily, sha256
from policies.profile_faults import ProfileError
from policies.profile_files import profile_path, read_profile, read_statute
from policies.profile_words import Entry
from policies.publishing import PUBLISHING
from policies.rule_changes import RULES


@transaction.atomic
def load_profile(source: str | Path) -> int:
    """Make the deployment the company that ``source`` describes; return how many rows changed.

    ``source`` is the name of a shipped profile or the path of a profile file.
    Loading the same profile again changes nothing, so what staff changed since
    stays. A changed file wins over it: a number that differs becomes a new dated
    row, the one it supersedes ends the day before, and what the file does not
    name is retired. A changed statute pack touches its own rows alone, and of the
    calendar each load adds what it never knew. Two loads at once follow one another.

    Raises ProfileError before anything is changed.
    """
    profile = read_profile(source)
    statute = read_statute()
    wait_for_others("load_profile")
    wait_for_others(PUBLISHING)
    wait_for_others(RULES)
    company, law = _fingerprint(profile), _fingerprint(statute, but={"calendar"})
    changed = 0
    if not _is_loaded(profile_sha256=company):
        if faults := list(unpublishable(profile, profile_path(source))):
            raise ProfileError(faults)
        changed += _load_all_of(profile)
    changed += load_calendar(statute)
    if not _is_loaded(statute_sha256=law):
        changed += load_limits(statute.time_limits, RuleFamily.STATUTE)
        changed += load_retention(statute.retention_rules, RuleFamily.STATUTE)
        changed += load_duties(statute)
    Company.objects.update(profile_sha256=company, statute_sha256=law)
    return changed


def _fingerprint(file: Entry, but: set[str] | None = None) -> str:
    """Return what changes with a file; a release that knows one more setting is no change."""
    return sha256(file.model_dump_json(exclude=but, exclude_defaults=True))


def _is_loaded(**fingerprint: str) -> bool:
    return Company.objects.filter(**fingerprint).exists()


def _load_all_of(profile: profile_schema.Profile) -> int:
    retire_registers_of_another(profile.code)
    return sum(
        load(profile)
        for load in (
            load_company,
            load_policy,
            load_declared_fields,
            load_purposes,
            load_recipients,
            load_promised_limits,
            load_promised_retention,
            load_promises,
        )
    )
