"""Shipped profiles and registered controls know each other, or the portal does not start."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error

from policies.profile_faults import read_toml
from policies.profile_files import STATUTE, known_profiles, profile_path
from policies.promises import control_names


def check_promises_have_controls(**kwargs: Any) -> list[CheckMessage]:
    named = {(profile, code): name for profile, code, name in _named_controls()}
    unknown = [
        Error(
            f"{profile}: {code} names the control {name!r}, and none is registered so.",
            hint="Register it in a controls.py, or say there that it is not_built.",
            id="policies.E001",
        )
        for (profile, code), name in named.items()
        if name not in control_names()
    ]
    unused = [
        Error(f"No shipped promise names the control {name!r}.", id="policies.E002")
        for name in sorted(control_names() - set(named.values()))
    ]
    return [*unknown, *unused]


def _named_controls() -> Iterator[tuple[str, str, str]]:
    for file in [*map(profile_path, known_profiles()), STATUTE]:
        for promise in read_toml(file).get("promises", []):
            yield file.stem, str(promise.get("code")), str(promise.get("control"))
