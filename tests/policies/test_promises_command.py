import json
from io import StringIO

import pytest
from django.core.management import call_command

from policies import promises
from policies.models import Promise
from policies.promises import Unit, admin_list, broken, control, kept

pytestmark = pytest.mark.django_db


def run(*args):
    """Return what the command wrote, and the status that it exits with."""
    out = StringIO()
    try:
        call_command("promises", *args, stdout=out)
    except SystemExit as end:
        return out.getvalue(), end.code
    return out.getvalue(), 0


@pytest.fixture
def answer(monkeypatch):
    """Let FPT-7 be answered so, for this test alone."""
    monkeypatch.setattr(promises, "_controls", dict(promises._controls))

    def answer(measure):
        control("of_the_test", counts="tests")(lambda promise: measure)
        Promise.objects.filter(code="FPT-7").update(control="of_the_test")

    return answer


def test_a_terminal_reads_the_worst_first_and_what_to_do(answer, settings, monkeypatch):
    settings.SITE_ORIGIN = "https://privacy.example.vn"
    link = admin_list("retention.tombstone")
    answer(broken(2, Unit.CUSTOMERS, link=link, note="A clock is wrong."))
    monkeypatch.setenv("COLUMNS", "90")

    text, status = run()

    lines = text.splitlines()
    assert status == 1
    assert lines[0].split()[:4] == ["broken", "FPT-7", "2", "customers"]
    assert {line.split("FPT-")[0].strip() for line in lines[1:23]} >= {"not measured", "kept"}
    assert max(map(len, lines[:23])) == 90
    assert lines[23:26] == ["", "FPT-7: A clock is wrong.", lines[25]]
    assert lines[25].endswith(f"https://privacy.example.vn{link}")
    assert lines[-1].startswith("broken 1, ")
    assert run("--language", "vi")[0].startswith("bị vi phạm")
    monkeypatch.setenv("LANGUAGE", "vi_VN.UTF-8")
    assert run()[0].startswith("bị vi phạm")


def test_nothing_broken_ends_the_command_with_0():
    text, status = run()

    assert (status, len(text.split("\n\n")[0].splitlines())) == (0, 23)


def test_json_holds_nothing_but_the_list(answer, settings):
    settings.SITE_ORIGIN = "https://privacy.example.vn"
    answer(broken(2, Unit.CUSTOMERS, link=admin_list("retention.tombstone")))

    text, status = run("--json")

    rows = json.loads(text)
    assert status == 1
    assert len(rows) == 23
    assert rows[6] == {
        "code": "FPT-7",
        "status": "broken",
        "figure": 2,
        "unit": "customers",
        "control": "of_the_test",
        "link": "https://privacy.example.vn/admin/retention/tombstone/",
    }
    assert rows[3] == {
        "code": "FPT-4",
        "status": "not_measured",
        "figure": None,
        "unit": None,
        "control": "call_recordings",
        "link": None,
    }


def test_a_control_that_fails_does_not_end_the_command(answer, monkeypatch):
    answer(kept(0, Unit.CUSTOMERS))
    Promise.objects.filter(code="FPT-7").update(parameters={}, control="notice_given")

    text, status = run("--json")

    assert (json.loads(text)[6]["status"], status) == ("not_measured", 0)
