"""The promises and the duties of the law, each with what its file sets under its code."""

from collections.abc import Iterator
from typing import Any

from policies import profile_schema
from policies.loading.rows import put_by_code, retire, two_columns
from policies.models import Promise, RuleFamily

File = profile_schema.Profile | profile_schema.StatutePack


def load_promises(profile: profile_schema.Profile) -> int:
    return _load(profile, RuleFamily.PROMISE)


def load_duties(statute: profile_schema.StatutePack) -> int:
    """Do it with what the law demands of every company."""
    return _load(statute, RuleFamily.STATUTE)


def _load(file: File, family: RuleFamily) -> int:
    """Bring the rows in line with the file; what it no longer says is retired."""
    rows = {
        promise.code: {
            **two_columns("text", promise.text),
            "family": family,
            "control": promise.control,
            "parameters": _parameters_of(promise, file),
            "position": position,
            "retired_on": None,
        }
        for position, promise in enumerate(file.promises, start=1)
    }
    changed = put_by_code(Promise, rows)
    old = Promise.objects.active().filter(family=family).exclude(code__in=rows)
    return changed + retire(old)


def _parameters_of(promise: profile_schema.Promise, file: File) -> dict[str, Any]:
    """Return the settings that the promise speaks of, and what names the rows under it."""
    parameters = getattr(file, "parameters", None)
    settings = parameters.model_dump(mode="json") if parameters else {}

    def under(name: str) -> Iterator[Any]:
        return (row for row in getattr(file, name, ()) if promise.code in row.promises)

    return {
        **{name: settings[name] for name in promise.settings},
        "purposes": [purpose.code for purpose in under("purposes")],
        "recipients": [recipient.code for recipient in under("recipients")],
        "time_limits": [limit.kind for limit in under("time_limits")],
        "retention_rules": [
            [rule.category, rule.trigger, rule.action] for rule in under("retention_rules")
        ],
    }
