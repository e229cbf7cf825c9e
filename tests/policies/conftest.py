import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from policies.loading import calendar as shipped_calendar
from policies.profile_faults import ProfileError
from policies.profile_files import PROFILES, read_profile


class Acme:
    """A copy of a shipped profile in a directory of its own, to be changed or broken."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "acme.toml"
        for suffix in (".toml", ".vi.md", ".en.md"):
            shutil.copy(PROFILES / f"fpt_smart_cloud{suffix}", directory / f"acme{suffix}")

    def breaks(self, old: str, new: str, *, times: int = 1, suffix: str = ".toml") -> None:
        path = self.path.with_suffix(suffix)
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, times), encoding="utf-8")

    def faults(self) -> list[str]:
        with pytest.raises(ProfileError) as caught:
            read_profile(self.path)
        return str(caught.value).splitlines()


@pytest.fixture
def acme(tmp_path: Path) -> Acme:
    return Acme(tmp_path)


@pytest.fixture
def ship_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give the portal a release whose calendar has these lines too."""

    def ship(*lines: str) -> None:
        known = shipped_calendar.OFFICIAL_DAYS.read_text("utf-8")
        shipped = tmp_path / "calendar.csv"
        shipped.write_text(known + "".join(f"{line}\n" for line in lines), "utf-8")
        monkeypatch.setattr(shipped_calendar, "OFFICIAL_DAYS", shipped)

    return ship
