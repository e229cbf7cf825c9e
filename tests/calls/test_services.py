"""What is kept of a call, of whom, and until when."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.closing import close_account
from accounts.exceptions import AccountClosed
from accounts.merging import approve_merge, ask_merge
from calls.exceptions import AudioRefused, RecordingKnown, RecordingRefused
from calls.models import AudioType, CallRecording
from calls.services import add_recording, hash_of
from common.files import remove_doomed_files
from common.models import DoomedFile, FileKey
from privacyportal.roles import DPO
from retention.purge import purge_closed_accounts
from retention.sweeps import sweep
from tests.answers import answer_of
from tests.calls.conftest import decide, make_call, make_recording, make_rule, wav
from tests.factories import approve, close_in_the_past, make_customer, make_staff
from tests.threads import at_once

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
MP3 = b"\xff\xfb\x90\x64" + bytes(400)
ID3 = b"ID3\x04" + bytes(400)
MP4 = b"\x00\x00\x00\x20ftyp%s\x00\x00\x02\x00" + bytes(400)


def files():
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (wav(400), AudioType.WAV),
        (MP3, AudioType.MP3),
        (ID3, AudioType.MP3),
        *((MP4 % brand, AudioType.M4A) for brand in (b"M4A ", b"M4B ", b"mp42", b"isom")),
    ],
    ids=["wav", "mp3", "mp3 with tag", "m4a", "m4b", "mp42", "isom"],
)
def test_the_type_is_told_by_the_bytes(content, kind, customer):
    assert make_recording(customer, content).content_type == kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"ID",
        b"<script>alert(1)</script>",
        b"%PDF-1.4",
        b"\xff\xd8\xff\xe0 JFIF",
        "chữ".encode("utf-16"),
        b"\xff\xf1\x50\x80 ADTS",
        b"\x00\x00\x00\x20ftypqt   film",
        b"RIFF\x00\x00\x00\x00AVI LIST",
        b"OggS",
    ],
)
def test_what_is_no_recording_is_refused_and_nothing_is_kept(content, customer):
    with pytest.raises(AudioRefused):
        add_recording(customer, make_call(), io.BytesIO(content), by=None)
    assert not CallRecording.objects.exists()
    assert files() == []


def test_what_is_too_large_is_refused_and_nothing_is_kept(customer, settings):
    settings.CALL_RECORDING_MAX_BYTES = 100_000
    with pytest.raises(AudioRefused):
        make_recording(customer, wav(200_000))
    assert (files(), CallRecording.objects.count(), DoomedFile.objects.count()) == ([], 0, 0)


def test_neither_the_recording_nor_a_number_is_stored_in_clear(customer):
    content = wav()
    recording = make_recording(customer, content, source="in-0912345560-1.wav")

    (file,) = files()
    assert content[1000:1050] in content
    assert content[1000:1050] not in file.read_bytes()
    row = CallRecording.objects.filter(pk=recording.pk).values().get()
    assert recording.number == "•••560"
    assert "345560" not in str(row)


def test_a_source_is_known_by_a_hash_that_nobody_can_try_without_the_key(customer):
    recording = make_recording(customer, source="in-0912345560-1.wav")

    assert recording.source_hash == hash_of("in-0912345560-1.wav")
    with pytest.raises(RecordingKnown):
        make_recording(customer, source="in-0912345560-1.wav")
    FileKey.objects.filter(owner=FileKey.COMPANY).delete()
    assert recording.source_hash != hash_of("in-0912345560-1.wav")


def test_the_database_takes_no_number_that_is_not_masked(customer):
    recording = make_recording(customer)
    with pytest.raises(IntegrityError), transaction.atomic():
        CallRecording.objects.filter(pk=recording.pk).update(number="+84912")


def test_a_call_is_not_kept_of_whom_did_not_agree_before_it(customer):
    consent = customer.consents.get()
    stranger = make_customer()

    with pytest.raises(RecordingRefused):
        make_recording(stranger)
    with pytest.raises(RecordingRefused):
        make_recording(customer, started_at=consent.at - DAY)
    make_recording(customer)
    decide(customer, "withdrawn")
    with pytest.raises(RecordingRefused):
        make_recording(customer)
    assert CallRecording.objects.get().customer == customer


@pytest.mark.parametrize(
    "changes",
    [
        {"duration": timedelta()},
        {"duration": timedelta(hours=25)},
        {"started_at": timezone.now() + DAY},
        {"started_at": datetime(1, 1, 1, tzinfo=timezone.get_default_timezone())},
        {"started_at": datetime(9999, 12, 31, 23, tzinfo=UTC)},
    ],
)
def test_a_call_that_cannot_be_is_refused(changes, customer):
    with pytest.raises(RecordingRefused):
        make_recording(customer, **changes)


def test_a_closed_account_takes_no_recording(customer):
    call = make_call()
    close_account(customer, by=customer.user)
    with pytest.raises((AccountClosed, RecordingRefused)):
        add_recording(customer, call, io.BytesIO(wav()), by=None)
    assert files() == []


class Slow(io.BytesIO):
    """A recording during whose reading something else happens."""

    def __init__(self, content, meanwhile):
        super().__init__(content)
        self.meanwhile = meanwhile

    def read(self, size=-1):
        if self.tell() and (act := self.meanwhile):
            self.meanwhile = None
            act()
        return super().read(size)


def test_a_record_that_became_another_while_the_recording_came_takes_none(customer):
    survivor = make_customer()
    merge = ask_merge(
        survivor, duplicate=customer.public_id, reason="cùng một người", by=make_staff(DPO)
    )
    audio = Slow(wav(), lambda: approve_merge(merge, by=make_staff(DPO)))

    with pytest.raises(AccountClosed):
        add_recording(customer, make_call(), audio, by=None)
    assert (files(), CallRecording.objects.count(), DoomedFile.objects.count()) == ([], 0, 0)


def test_a_recording_goes_with_its_customer_and_never_comes_back(customer):
    neighbour = make_customer()
    decide(neighbour)
    theirs, mine = make_recording(neighbour), make_recording(customer, source="7")
    close_in_the_past(customer, 800)
    approve(customer.closing_rule)

    purge_closed_accounts()
    remove_doomed_files()

    assert CallRecording.objects.get() == theirs
    assert files() == [Path(settings.MEDIA_ROOT, theirs.file.name)]
    assert not FileKey.objects.filter(owner=mine.customer.public_id).exists()
    with pytest.raises(RecordingKnown):
        make_recording(neighbour, source="7")


def test_by_a_rule_from_the_call_on_a_recording_goes_the_day_after_its_last(customer):
    rule = make_rule("created", months=6)
    recordings = [make_recording(customer, source=str(n)) for n in range(3)]
    today = timezone.localdate()
    for recording, day in zip(recordings, [today - DAY, today, today + DAY], strict=True):
        assert recording.kept_until > today
        CallRecording.objects.filter(pk=recording.pk).update(kept_until=day)

    approve(rule)
    sweep()

    assert set(CallRecording.objects.all()) == set(recordings[1:])
    assert len(files()) == 2
    with pytest.raises(RecordingKnown):
        make_recording(customer, source="0")


def test_what_is_older_than_the_rule_keeps_is_not_taken(customer):
    make_rule("created", months=0)
    with pytest.raises(RecordingRefused):
        make_recording(customer, started_at=timezone.now() - DAY)


def test_the_same_call_twice_at_once_is_kept_once(portal):
    customer = make_customer()
    decide(customer)

    outcomes = at_once(*[lambda: make_recording(customer, source="7")] * 3)

    assert sorted(type(each).__name__ for each in outcomes) == [
        "CallRecording",
        "RecordingKnown",
        "RecordingKnown",
    ]
    assert files() == [Path(settings.MEDIA_ROOT, CallRecording.objects.get().file.name)]
    assert not DoomedFile.objects.exists()


def test_a_recording_and_the_closing_at_once_leave_no_file_without_its_row(portal):
    customer = make_customer()
    decide(customer)
    call = make_call()

    at_once(
        lambda: add_recording(customer, call, io.BytesIO(wav()), by=None),
        lambda: close_account(customer, by=customer.user),
    )

    kept = [Path(settings.MEDIA_ROOT, each.file.name) for each in CallRecording.objects.all()]
    assert files() == kept
    assert not DoomedFile.objects.exists()


def test_recordings_of_two_records_that_became_one_are_heard_and_go_as_one(client, customer):
    duplicate = make_customer()
    decide(duplicate)
    content = wav()
    theirs = make_recording(duplicate, content)
    make_recording(customer)
    merge = ask_merge(
        customer, duplicate=duplicate.public_id, reason="cùng một người", by=make_staff(DPO)
    )
    approve_merge(merge, by=make_staff(DPO))

    answer = client.get(reverse("call_audio", args=[theirs.public_id]))

    assert answer.getvalue() == content
    assert answer_of("FPT-4")[0] == "not_measured"
    close_in_the_past(customer, 800)
    approve(customer.closing_rule)
    purge_closed_accounts()
    remove_doomed_files()
    assert files() == []
    assert not FileKey.objects.exists()
