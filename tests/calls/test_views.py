"""Customers see and hear their recordings, and nobody else's."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.urls import reverse

from calls import playback
from calls.models import CallRecording
from common.models import DoomedFile, FileKey
from policies.loading import load_profile
from privacyportal.roles import DPO
from retention.services import place_hold
from tests.calls.conftest import decide, make_recording, make_rule, wav
from tests.factories import make_customer, make_staff

pytestmark = pytest.mark.django_db


def page(client, name="calls", **query):
    return client.get(reverse(name), query, headers={"accept-language": "en"})


def audio(client, recording, **headers):
    return client.get(reverse("call_audio", args=[recording.public_id]), headers=headers)


def test_the_list_says_direction_time_and_length_and_has_a_player(client, customer):
    recording = make_recording(customer)
    other = make_recording(customer, direction="out", duration=timedelta(seconds=3847), number="")

    text = page(client).text

    assert "You called us" in text
    assert "We called you" in text
    assert "Length 4:07" in text
    assert "Length 1:04:07" in text
    assert "•••560" in text
    for each in (recording, other):
        assert f'<audio controls preload="none" src="/me/calls/{each.public_id}/audio/"' in text
        assert reverse("download_call", args=[each.public_id]) in text
        assert reverse("erase_call", args=[each.public_id]) not in text


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_asks_no_more_for_more_recordings(
    number, client, customer, django_assert_num_queries
):
    for _ in range(number):
        make_recording(customer, wav(400))
    page(client)  # what is asked once a session

    with django_assert_num_queries(7):
        page(client)


def test_a_long_list_is_paged(client, customer):
    agreed_at = customer.consents.get().at
    for second in range(21):
        make_recording(customer, wav(400), started_at=agreed_at + timedelta(seconds=second))
    oldest = CallRecording.objects.last()

    assert oldest.public_id not in page(client).text
    assert oldest.public_id in page(client, page=2).text


def test_a_recording_is_heard_as_it_was_and_is_kept_in_no_cache(client, customer):
    content = wav()
    recording = make_recording(customer, content)

    response = audio(client, recording)

    assert response.getvalue() == content
    assert response.status_code == 200
    assert response["Content-Type"] == "audio/wav"
    assert response["Content-Length"] == str(len(content))
    assert response["Accept-Ranges"] == "bytes"
    assert response["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert response["Cache-Control"] == "no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Content-Disposition"].startswith('inline; filename="call-2')


def test_a_download_is_the_same_file_to_keep(client, customer):
    content = wav(400)
    recording = make_recording(customer, content)

    response = client.get(reverse("download_call", args=[recording.public_id]))

    assert response.getvalue() == content
    assert response["Content-Disposition"].startswith('attachment; filename="call-2')
    assert response["Content-Disposition"].endswith('.wav"')


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-", 0, 200_000),
        ("bytes=0-99", 0, 100),
        ("bytes=65000-66000", 65_000, 66_001),
        ("bytes=65536-131071", 65_536, 131_072),
        ("bytes=199999-", 199_999, 200_000),
        ("bytes=-1000", 199_000, 200_000),
        ("bytes=100-999999999", 100, 200_000),
    ],
)
def test_a_player_gets_the_part_it_asks_for(asked, start, end, client, customer):
    content = wav()
    recording = make_recording(customer, content)

    response = audio(client, recording, range=asked)

    assert response.status_code == 206
    assert response.getvalue() == content[start:end]
    assert response["Content-Range"] == f"bytes {start}-{end - 1}/200000"
    assert response["Content-Length"] == str(end - start)
    assert response["Cache-Control"] == "no-store"


def test_a_player_gets_little_at_once_and_comes_back_for_the_rest(client, customer, monkeypatch):
    monkeypatch.setattr(playback, "MOST_AT_ONCE", 100_000)
    content = wav()
    recording = make_recording(customer, content)

    parts = [audio(client, recording, range=each) for each in ("bytes=0-", "bytes=100000-")]
    whole = audio(client, recording)

    assert [part["Content-Range"] for part in parts] == [
        "bytes 0-99999/200000",
        "bytes 100000-199999/200000",
    ]
    assert b"".join(part.getvalue() for part in parts) == content == whole.getvalue()


def test_a_part_behind_the_end_is_refused_with_the_size(client, customer):
    response = audio(client, make_recording(customer), range="bytes=200000-")

    assert (response.status_code, response["Content-Range"]) == (416, "bytes */200000")
    assert response.content == b""


def test_a_part_of_what_has_changed_is_the_whole(client, customer):
    recording = make_recording(customer)

    kept = audio(client, recording, range="bytes=0-9", if_range=f'"{recording.sha256}"')
    other = audio(client, recording, range="bytes=0-9", if_range='"other"')

    assert (kept.status_code, len(kept.getvalue())) == (206, 10)
    assert (other.status_code, len(other.getvalue())) == (200, 200_000)


def test_asking_for_the_headers_alone_sends_no_part(client, customer):
    recording = make_recording(customer)
    address = reverse("call_audio", args=[recording.public_id])

    response = client.head(address, headers={"range": "bytes=0-9"})

    assert (response.status_code, response["Content-Length"]) == (200, "200000")
    assert response.streaming is False
    assert response["Content-Type"] == "audio/wav"


@pytest.mark.parametrize("name", ["call_audio", "download_call", "erase_call"])
def test_nobody_elses_recording_is_there(name, client, customer):
    neighbour = make_customer()
    decide(neighbour)
    theirs = make_recording(neighbour)
    address = reverse(name, args=[theirs.public_id])

    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 404
    assert theirs.public_id not in page(client).text
    assert CallRecording.objects.filter(pk=theirs.pk).exists()
    client.logout()
    assert client.get(address).status_code == 302
    client.force_login(make_staff(DPO))
    assert client.get(address).url == reverse("admin:index")


def test_while_a_recording_is_sent_no_connection_is_held(client, portal):
    customer = make_customer()
    decide(customer)
    recording = make_recording(customer)
    client.force_login(customer.user)

    chunks = iter(audio(client, recording).streaming_content)
    next(chunks)

    assert connection.connection is None
    assert sum(map(len, chunks)) < 200_000


def test_only_the_chunks_of_the_part_are_opened(client, customer):
    """A flaw in the middle breaks what reaches it, and nothing else."""
    recording = make_recording(customer, wav(300_000))
    file = Path(settings.MEDIA_ROOT, recording.file.name)
    sealed = bytearray(file.read_bytes())
    sealed[150_000] ^= 1
    file.write_bytes(sealed)

    assert len(audio(client, recording, range="bytes=0-65535").getvalue()) == 65_536
    assert len(audio(client, recording, range="bytes=-1000").getvalue()) == 1000
    with pytest.raises(Exception, match="does not open"):
        audio(client, recording, range="bytes=140000-160000").getvalue()


def test_a_recording_whose_key_is_gone_says_so(client, customer):
    recording = make_recording(customer)
    FileKey.objects.all().delete()
    assert audio(client, recording).status_code == 410


def test_they_stand_among_my_data_behind_a_link(client, customer):
    make_recording(customer)
    text = page(client, "data").text
    assert 'href="/me/calls/"' in text
    assert "247" not in text
    assert "0:04:07" in text


@pytest.mark.parametrize("profile", ["speedsms", "vietnam_server"])
def test_a_company_that_records_nothing_has_no_such_page(profile, client, customer):
    assert 'href="/me/calls/"' in page(client, "overview").text
    load_profile(profile)

    assert page(client).status_code == 404
    assert 'href="/me/calls/"' not in page(client, "overview").text
    assert "Call recordings" not in page(client, "data").text


def test_what_was_recorded_before_stays_in_sight(client, customer):
    make_recording(customer)
    load_profile("vietnam_server")
    assert page(client).status_code == 200
    assert "Call recordings" in page(client, "data").text


class TestErasing:
    def erase(self, client, recording):
        return client.post(reverse("erase_call", args=[recording.public_id]), follow=True)

    def test_it_stays_while_the_account_is_open(self, client, customer):
        recording = make_recording(customer)

        assert self.erase(client, recording).context["refusal"]
        assert CallRecording.objects.get() == recording
        assert not DoomedFile.objects.exists()

    def test_one_goes_with_its_file_where_the_rule_says_on_request(self, client, customer):
        make_rule("on_request")
        recording, other = make_recording(customer), make_recording(customer)
        assert reverse("erase_call", args=[recording.public_id]) in page(client).text

        self.erase(client, recording)

        assert CallRecording.objects.get() == other
        assert DoomedFile.objects.get().path == recording.file.name

    def test_a_legal_hold_keeps_it(self, client, customer):
        make_rule("on_request")
        recording = make_recording(customer)
        place_hold(
            customer.public_id, authority="Tòa án", document="1", reason="vụ án", by=make_staff(DPO)
        )

        assert self.erase(client, recording).context["refusal"]
        assert CallRecording.objects.exists()
