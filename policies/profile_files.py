"""Reading a profile file and the statute pack.

Whatever is wrong with a file is told at once, one line per fault; nothing half read is returned.
"""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from policies import profile_faults
from policies.profile_faults import Fault, ProfileError
from policies.profile_schema import Profile, StatutePack
from policies.profile_words import Entry

HERE = Path(__file__).parent
PROFILES = HERE / "profiles"
STATUTE = HERE / "statute.toml"


def known_profiles() -> list[str]:
    return sorted(path.stem for path in PROFILES.glob("*.toml"))


def read_profile(source: str | Path) -> Profile:
    """Read a shipped profile by its name, or any by the path of its ``.toml`` file.

    Raises ProfileError with every fault found, each as "file: place: reason".
    """
    path = profile_path(source)
    raw = profile_faults.read_toml(path)
    text, faults = profile_faults.read_policy_text(path)
    faults += [Fault(path.name, *found) for found in profile_faults.contradictions(raw)]
    if "text" in raw:
        faults.append(Fault(path.name, "text", "belongs into the two files beside the profile"))
    return _validated(Profile, path, {**raw, "text": text}, faults)


def read_statute() -> StatutePack:
    raw = profile_faults.read_toml(STATUTE)
    return _validated(StatutePack, STATUTE, raw, [])


def profile_path(source: str | Path) -> Path:
    if isinstance(source, Path) or source.endswith(".toml"):
        return Path(source)
    if source in known_profiles():
        return PROFILES / f"{source}.toml"
    known = ", ".join(known_profiles())
    raise ProfileError(
        [Fault(source, "", f"no such profile; known are {known}, or give the path of a .toml file")]
    )


Model = TypeVar("Model", bound=Entry)


def _validated(model: type[Model], path: Path, raw: dict[str, Any], faults: list[Fault]) -> Model:
    try:
        result = model.model_validate(raw)
    except ValidationError as error:
        found = [_fault(path, raw, detail) for detail in error.errors(include_url=False)]
        raise ProfileError(found + faults) from None
    if faults:
        raise ProfileError(faults)
    return result


def _fault(path: Path, raw: dict[str, Any], detail: ErrorDetails) -> Fault:
    return Fault(path.name, profile_faults.place(detail["loc"], raw), profile_faults.reason(detail))
