"""docs/profiles.md says of every promise what is true of the code."""

import re
import shutil
from pathlib import Path

import pytest

from policies.loading import load_profile
from policies.models import Company
from policies.profile_files import PROFILES, read_profile

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "profiles.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ([A-Z]+-\d+) \|.*\| (.+?) \| (\S+) \|$", re.MULTILINE)
ROWS = {code: (enforced, test.strip("`")) for code, enforced, test in ROW.findall(PAGE)}
PROFILE_CODES = sorted(path.stem for path in PROFILES.glob("*.toml"))


@pytest.mark.parametrize("name", PROFILE_CODES)
def test_every_promise_stands_in_its_companys_table_once(name):
    _before, _title, section = PAGE.partition(f"(`{name}`)\n")
    table = section.partition("\n## ")[0]

    profile = read_profile(PROFILES / f"{name}.toml")

    assert [code for code, _by, _test in ROW.findall(table)] == [
        promise.code for promise in profile.promises
    ]


def test_what_is_enforced_names_a_test_and_nothing_else_does():
    for code, (enforced, test) in ROWS.items():
        assert (enforced == "not built yet") == (test == "–"), code


def test_every_module_that_is_named_exists():
    named = {
        path for enforced, _test in ROWS.values() for path in re.findall(r"`(\S+/\S+)`", enforced)
    }

    assert named
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []


def test_every_test_that_is_named_exists():
    named = {test for _enforced, test in ROWS.values() if test != "–"}

    assert named
    for test in named:
        file, _colons, name = test.partition("::")
        assert f"\ndef {name}(" in (ROOT / file).read_text(encoding="utf-8"), test


@pytest.mark.django_db
def test_a_copied_profile_loads_as_the_page_says(tmp_path):
    for suffix in (".toml", ".vi.md", ".en.md"):
        shutil.copy(PROFILES / f"speedsms{suffix}", tmp_path / f"acme{suffix}")
    own = tmp_path / "acme.toml"
    text = own.read_text(encoding="utf-8")
    own.write_text(text.replace('code = "speedsms"', 'code = "acme"', 1), encoding="utf-8")

    load_profile(own)

    assert Company.objects.get().profile == "acme"
