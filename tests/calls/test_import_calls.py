"""A telephone system delivers a directory; the same one twice does nothing twice."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from calls.models import CallRecording
from calls.services import hash_of
from common.files import remove_doomed_files
from common.models import DoomedFile
from tests.calls.conftest import decide, make_call, wav
from tests.calls.test_services import files
from tests.factories import make_customer
from tests.processes import run_apart
from tests.threads import until_somebody_waits

pytestmark = pytest.mark.django_db

HEAD = "source_id,file,direction,started_at,seconds,phone,customer"


def line(source="1", file="a.wav", direction="in", at=None, seconds="247", phone="", customer=""):
    at = at or timezone.now().isoformat()
    return f"{source},{file},{direction},{at},{seconds},{phone},{customer}"


def deliver(directory, *lines, head=HEAD):
    (directory / "calls.csv").write_text("\n".join([head, *lines]), encoding="utf-8-sig")
    out, err = StringIO(), StringIO()
    try:
        call_command("import_calls", str(directory), stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), err.getvalue() + str(error)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def directory(tmp_path):
    folder = tmp_path / "delivered"
    folder.mkdir()
    (folder / "a.wav").write_bytes(wav())
    return folder


def test_a_call_is_found_by_its_number_or_by_the_public_id(directory, customer):
    local = "0" + customer.phone.removeprefix("+84")

    answer = deliver(
        directory,
        line("1", phone=local),
        line("2", direction="OUT", customer=customer.public_id),
    )

    assert answer == ("taken 2, known before 0\n", "")
    second, first = CallRecording.objects.order_by("-pk")
    assert (first.customer, first.direction, first.length) == (customer, "in", "4:07")
    assert first.number == f"•••{customer.phone[-3:]}"
    assert (second.customer, second.direction, second.number) == (customer, "out", "")
    assert {first.purpose.code, first.added_by} == {"call_recording", None}


def test_the_same_delivery_again_does_nothing(directory, customer):
    lines = [line("1", phone=customer.phone), line("2", phone=customer.phone)]
    deliver(directory, lines[0])

    assert deliver(directory, *lines) == ("taken 1, known before 1\n", "")
    assert deliver(directory, *lines) == ("taken 0, known before 2\n", "")
    assert len(files()) == 2


def test_a_moment_without_a_zone_is_the_companys_own(directory, customer):
    now = timezone.localtime().replace(microsecond=0)
    wanted = now + timedelta(seconds=1)
    deliver(directory, line(at=f"{wanted:%Y-%m-%dT%H:%M:%S}", phone=customer.phone))
    assert CallRecording.objects.get().started_at == wanted


def test_wrong_lines_are_named_without_their_numbers_and_keep_no_other_back(directory, customer):
    twin = make_customer(phone="+84977000111")
    make_customer(phone=twin.phone)
    stranger = make_customer()
    closed = make_customer(closed_days_ago=1)
    (directory / "text.wav").write_text("no sound")
    (directory.parent / "outside.wav").write_bytes(wav())
    (directory / "link.wav").symlink_to(directory.parent / "outside.wav")
    own = customer.phone

    out, err = deliver(
        directory,
        line("", phone=own),
        line("2", file="missing.wav", phone=own),
        line("3", file="../outside.wav", phone=own),
        line("4", file="link.wav", phone=own),
        line("5", file="text.wav", phone=own),
        line("6", direction="sideways", phone=own),
        line("7", at="yesterday", phone=own),
        line("8", at="2026-02-31T10:00:00", phone=own),
        line("9", seconds="-4", phone=own),
        line("10", phone="0900000000"),
        line("11", phone=twin.phone),
        line("12", phone=stranger.phone),
        line("13", customer=closed.public_id),
        line("14", phone=""),
        line("15", phone=own),
        line("16", file=f"{'x' * 300}.wav", phone=own),
        line("17", at="0001-01-01T00:00:00", phone=own),
    )

    assert out == "taken 1, known before 0\n"
    assert [each.partition(":")[0] for each in err.splitlines()[:-1]] == [
        f"line {number}" for number in (*range(2, 16), 17, 18)
    ]
    assert "16 lines could not be done" in err
    assert "0900000000" not in err
    assert len(files()) == 1
    assert not DoomedFile.objects.exists()


@pytest.mark.parametrize("head", ["", "a,b", HEAD.removesuffix(",phone,customer"), HEAD + ",phone"])
def test_what_is_no_list_is_refused_whole(head, directory, customer):
    _out, err = deliver(directory, line(phone=customer.phone), head=head)
    assert err
    assert not CallRecording.objects.exists()


def test_a_directory_without_a_list_is_told(tmp_path, customer):
    with pytest.raises(CommandError):
        call_command("import_calls", str(tmp_path))


def test_an_import_that_is_killed_leaves_whole_recordings_and_is_run_again(portal, directory):
    """The process is killed once the second file is stored and its row waits to be written."""
    customer, other = make_customer(), make_customer()
    decide(customer)
    decide(other)
    lines = [line(number, phone=customer.phone) for number in ("1", "2", "3")]
    (directory / "calls.csv").write_text("\n".join([HEAD, *lines]))

    second = hash_of("2")
    with transaction.atomic():
        waiting = CallRecording(
            **{
                field: getattr(make_call(), field)
                for field in ("direction", "started_at", "duration", "purpose")
            },
            customer=other,
            size=1,
            source_hash=second,
        )
        waiting.save()
        process = run_apart(
            "from pathlib import Path\n"
            "from django.conf import settings\n"
            "from calls.imports import import_calls\n"
            f"settings.MEDIA_ROOT = {json.dumps(str(settings.MEDIA_ROOT))}\n"
            f"import_calls(Path({json.dumps(str(directory))}))\n"
        )
        until_somebody_waits()
        process.kill()
        process.wait()
        transaction.set_rollback(True)

    assert CallRecording.objects.count() == 1
    assert len(files()) == 2
    left = DoomedFile.objects.get()
    assert left.path != CallRecording.objects.get().file.name

    assert deliver(directory, *lines) == ("taken 2, known before 1\n", "")
    DoomedFile.objects.update(removable_at=timezone.now())
    remove_doomed_files()
    assert len(files()) == 3
