"""Staff see when calls were; they hear one only by saying why, and the customer learns of it."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from access.models import AccessRecord
from accounts.approvals import answer_approval, ask_approval, revoke_approval
from calls.models import CallRecording
from calls.playback import playback_token, recording_of
from policies.models import Company, Purpose
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from tests.calls.conftest import decide, make_recording, wav
from tests.clients import PortalClient
from tests.factories import make_complaint, make_customer, make_staff

pytestmark = pytest.mark.django_db

LIST = "/admin/calls/callrecording/"
AUDIO = re.compile(r'<audio controls preload="none" src="([^"]+)"')


@pytest.fixture
def officer(client, customer):
    officer = make_staff(COMPLAINT_OFFICER)
    client.force_login(officer)
    return officer


def listen(client, recording, **changes):
    why = {"purpose": "support", "case": "", "reason": "contact"}
    return client.post(f"{LIST}{recording.pk}/play/", {**why, **changes})


def audio_of(page):
    return AUDIO.search(page.text).group(1)


def status_of(client, audio):
    answer = client.get(audio)
    assert b"".join(answer)
    return answer.status_code


def plays():
    return AccessRecord.objects.filter(action="play")


def test_the_list_and_the_page_say_when_and_nothing_of_what(client, customer, officer):
    recording = make_recording(customer)

    for page in (client.get(LIST), client.get(f"{LIST}{recording.pk}/change/")):
        assert "4:07" in page.text
        assert "•••560" in page.text
        assert customer.full_name not in page.text
        assert recording.file.name not in page.text
        assert "<audio" not in page.text
    assert set(AccessRecord.objects.values_list("action", flat=True)) == {"list", "open"}


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_asks_no_more_for_more_rows(
    number, client, customer, officer, django_assert_num_queries
):
    for _ in range(number):
        make_recording(customer, wav(400))
    client.get(LIST)

    with django_assert_num_queries(12):
        client.get(LIST)


def test_the_recordings_of_a_customer_are_found_by_what_they_tell(client, customer, officer):
    decide(neighbour := make_customer())
    make_recording(customer)
    make_recording(neighbour)

    for term in (customer.phone, customer.email, customer.public_id):
        rows = client.post(LIST, {"q": term}).context_data["cl"].result_list
        assert [row.customer for row in rows] == [customer]
    assert list(client.post(LIST, {"q": "0123"}).context_data["cl"].result_list) == []


def test_a_playback_is_recorded_once_before_the_first_byte(client, customer, officer):
    content = wav()
    recording = make_recording(customer, content)
    case = make_complaint(customer=customer)

    assert client.get(f"{LIST}{recording.pk}/play/").status_code == 200
    assert plays().count() == 0
    page = listen(client, recording, case=case.reference.lower())
    assert plays().count() == 1
    audio = audio_of(page)
    parts = [client.get(audio, headers={"range": f"bytes={n}-{n + 9}"}) for n in (0, 100_000)]

    assert [part.getvalue() for part in parts] == [content[:10], content[100_000:100_010]]
    assert [part.status_code for part in parts] == [206, 206]
    record = plays().get()
    assert (record.customer, record.actor, record.purpose, record.case_reference) == (
        customer.public_id,
        officer,
        "support",
        case.reference,
    )
    assert record.field_groups == ["call_recording"]
    client.force_login(customer.user)
    seen = client.get("/me/accesses/", headers={"accept-language": "en"}).text
    assert "Recording played" in seen


def test_without_a_purpose_or_with_anothers_case_nothing_is_heard(client, customer, officer):
    recording = make_recording(customer)
    theirs = make_complaint()

    for answer in (
        listen(client, recording, purpose=""),
        listen(client, recording, purpose="nonsense"),
        listen(client, recording, case=theirs.reference),
    ):
        assert answer.context_data["form"].errors
        assert AUDIO.search(answer.text) is None
    assert not plays().exists()


def test_an_address_opens_in_its_own_session_and_for_its_own_recording_alone(
    client, customer, officer
):
    recording, other = make_recording(customer), make_recording(customer)
    audio = audio_of(listen(client, recording))
    another = PortalClient()
    another.force_login(officer)

    assert status_of(client, audio) == 200
    assert status_of(another, audio) == 404
    assert status_of(client, audio.replace(recording.public_id, other.public_id)) == 404
    assert status_of(client, audio.replace(":", ":x", 1)) == 404
    client.logout()
    client.force_login(officer)
    assert status_of(client, audio) == 404  # signed in anew


def test_an_address_ends_a_while_after_the_recording_would(customer):
    recording = make_recording(customer)
    token = playback_token(recording, "session")

    for minutes, opened in ((18, recording), (20, None)):
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
            assert recording_of(token, "session") == opened


def test_who_loses_the_right_hears_no_more(client, customer, officer):
    audio = audio_of(listen(client, make_recording(customer)))
    officer.groups.clear()
    assert client.get(audio).status_code == 403


@pytest.mark.parametrize("role", [AUDITOR, ADMINISTRATOR])
def test_others_see_and_hear_nothing(role, client, customer):
    recording = make_recording(customer)
    client.force_login(make_staff(role))

    assert client.get(LIST).status_code == 403
    assert listen(client, recording).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403


def test_where_customers_are_asked_first_a_call_is_heard_while_they_allow_it(
    client, customer, officer
):
    recording = make_recording(customer)
    Company.objects.update(staff_access_mode="approval")
    asked = {"purpose": Purpose.objects.get(code="support"), "hours": 1, "reason": "contact"}

    assert listen(client, recording).status_code == 403
    approval = ask_approval(customer, groups=["call_recording"], **asked, by=officer)
    answer_approval(approval, granted=True, through="account", by=customer.user)
    audio = audio_of(listen(client, recording))
    assert (status_of(client, audio), plays().count()) == (200, 1)

    revoke_approval(approval, by=customer.user)
    assert client.get(audio).status_code == 404
    assert listen(client, recording).status_code == 403
    assert plays().count() == 1


class TestAdding:
    @pytest.fixture(autouse=True)
    def dpo(self, client, customer):
        dpo = make_staff(DPO)
        client.force_login(dpo)
        return dpo

    def add(self, client, **changes):
        data = {
            "direction": "in",
            "started_at": f"{timezone.localtime() + timedelta(minutes=1):%Y-%m-%dT%H:%M}",
            "duration": "4:07",
            "purpose": "call_recording",
            "audio": SimpleUploadedFile("gọi.wav", wav(400)),
        }
        return client.post(f"{LIST}add/", {**data, **changes})

    def test_the_dpo_adds_one(self, client, customer, dpo):
        answer = self.add(client, customer=customer.phone)

        assert answer.status_code == 302
        recording = CallRecording.objects.get()
        assert (recording.customer, recording.added_by, recording.length) == (customer, dpo, "4:07")

    @pytest.mark.parametrize(
        "changes",
        [
            {"customer": "0900000000"},
            {"customer": "Nguyễn"},
            {"duration": "long"},
            {"duration": "0"},
            {"purpose": "support"},
            {"started_at": "2020-01-01T10:00"},
            {"direction": "sideways"},
            {"audio": SimpleUploadedFile("a.wav", b"no sound")},
            {"audio": ""},
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_is_kept(self, changes, client, customer):
        answer = self.add(client, **{"customer": customer.public_id, **changes})

        assert answer.context_data["form"].errors
        assert not CallRecording.objects.exists()

    def test_whoever_looks_up_a_number_is_recorded_whatever_comes_of_it(
        self, client, customer, dpo
    ):
        twins = [make_customer(phone="+84977000111"), make_customer(phone="+84977000111")]
        stranger = make_customer()
        said = []
        for number in (stranger.phone, twins[0].phone, "0900000000", customer.phone):
            said.append(self.add(client, customer=number))

        assert [each.status_code for each in said] == [200, 200, 200, 302]
        records = AccessRecord.objects.filter(action="search", actor=dpo).order_by("pk")
        assert [record.customer for record in records] == [
            stranger.public_id,
            *sorted(twin.public_id for twin in twins),
            "",
            customer.public_id,
        ]
        assert records[0].field_groups == ["call_recording", "consent", "contact"]

    def test_an_officer_may_not(self, client, customer):
        client.force_login(make_staff(COMPLAINT_OFFICER))
        assert self.add(client, customer=customer.phone).status_code == 403
