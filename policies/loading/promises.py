"""The promises, each with what the profile sets under its code."""

from collections.abc import Iterable, Iterator
from typing import Any

from policies import profile_schema
from policies.loading.rows import put, retire, two_columns
from policies.models import Promise


def load_promises(profile: profile_schema.Profile) -> int:
    """Bring the promises in line with the profile; one that it no longer makes is retired."""
    rows = {
        promise.code: {
            **two_columns("text", promise.text),
            "control": promise.control,
            "parameters": _parameters_of(promise, profile),
            "position": position,
            "retired_on": None,
        }
        for position, promise in enumerate(profile.promises, start=1)
    }
    changed = sum(put(Promise, {"code": code}, values) for code, values in rows.items())
    return changed + retire(Promise.objects.active().exclude(code__in=rows))


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
