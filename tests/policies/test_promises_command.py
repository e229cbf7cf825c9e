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


def test_the_table_has_a_line_for_each_promise():
    text, status = run()

    heading, *lines = text.splitlines()
    assert status == 0
    assert heading.split() == ["code", "status", "figure", "control"]
    assert [line.split()[0] for line in lines] == [
        *(f"FPT-{number}" for number in range(1, 23)),
        "LAW-1",
    ]
    assert lines[6].split() == ["FPT-7", "kept", "0", "customers", "kept_while_open"]


def test_a_broken_promise_ends_the_command_with_1(answer):
    answer(broken(2, Unit.CUSTOMERS))

    text, status = run()

    assert status == 1
    assert "broken        2 customers" in text


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
