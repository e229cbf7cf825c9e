"""Evidence and the virus scanner: when it comes, and later when the scanner was away then."""

import logging
from threading import Thread

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse

from access.models import AccessRecord
from casework import files, scanning
from casework.models import Evidence
from casework.scanning import MOST_FAILURES, scan_waiting_evidence
from casework.services import lock_case
from common.antivirus import ScanState
from common.models import FileKey
from common.tokens import new_public_id
from complaints.models import Complaint
from privacyportal.roles import COMPLAINT_OFFICER
from tests.clamd import EICAR, clamd
from tests.clients import PortalClient
from tests.evidence_files import picture
from tests.factories import make_complaint, make_customer, make_evidence, make_staff
from tests.threads import at_once, until_somebody_waits

pytestmark = pytest.mark.django_db

AWAY = "tcp://127.0.0.1:1"


@pytest.fixture(autouse=True)
def scanner_back():
    files.scanner_away.reset()
    yield
    files.scanner_away.reset()


@pytest.fixture
def customer(client):
    customer = make_customer()
    client.force_login(customer.user)
    return customer


@pytest.fixture
def officer():
    client = PortalClient()
    client.force_login(make_staff(COMPLAINT_OFFICER))
    return client


def file_with(client, *contents):
    evidence = [
        SimpleUploadedFile(f"hoa-{number}.txt", content) for number, content in enumerate(contents)
    ]
    data = {"submission": new_public_id(), "category": "other", "text": "x", "evidence": evidence}
    return client.post(reverse("file_complaint"), data)


def states():
    return list(Evidence.objects.values_list("scan_state", flat=True))


def desk_page(officer, evidence):
    return officer.get(f"/admin/complaints/complaint/{evidence.case_id}/change/").content.decode()


def test_a_sound_file_is_clean_and_both_sides_read_so(client, customer, officer, settings):
    with clamd() as scanner:
        settings.CLAMAV_URL = scanner.url
        response = file_with(client, b"letter")

        assert scanner.seen == [b"letter"]
    assert states() == [ScanState.CLEAN]
    for page in (
        client.get(response.url).content.decode(),
        desk_page(officer, Evidence.objects.get()),
    ):
        assert "không phát hiện vi-rút" in page
        assert "chưa quét vi-rút" not in page


def test_an_infected_file_is_refused_with_all_that_came_with_it(client, customer, settings, caplog):
    with clamd() as scanner, caplog.at_level(logging.INFO):
        settings.CLAMAV_URL = scanner.url
        response = file_with(client, b"letter", b"x" + EICAR)

    (error,) = response.context["form"].errors["evidence"]
    assert error.startswith("Tệp “hoa-1.txt” có vi-rút")
    assert not Complaint.objects.exists()
    assert not Evidence.objects.exists()
    assert "a virus was found" in caplog.text
    assert "hoa" not in caplog.text


def test_a_picture_is_scanned_as_it_was_sent(client, customer, settings):
    sent = picture() + EICAR
    with clamd() as scanner:
        settings.CLAMAV_URL = scanner.url
        with pytest.raises(files.AttachmentRefused):
            files.check_files([SimpleUploadedFile("a.jpg", sent)])
        assert scanner.seen == [sent]


def test_without_a_scanner_both_sides_read_that_nobody_scanned(client, customer, officer):
    response = file_with(client, b"letter")

    assert scan_waiting_evidence() == 0
    assert states() == [ScanState.NOT_SCANNED]
    assert "chưa quét vi-rút" in client.get(response.url).content.decode()
    assert "chưa quét vi-rút" in desk_page(officer, Evidence.objects.get())


@pytest.mark.parametrize("fault", ["away", "hangs", "nonsense"])
def test_a_scanner_without_a_verdict_keeps_no_complaint_out(
    client, customer, settings, monkeypatch, fault
):
    monkeypatch.setattr(files, "SCAN_SECONDS", 0.3)
    with clamd(hangs=fault == "hangs", answer=b"?\0" * (fault == "nonsense")) as scanner:
        settings.CLAMAV_URL = AWAY if fault == "away" else scanner.url

        assert file_with(client, *[b"letter"] * 5).status_code == 302

        assert len(scanner.seen) <= 1  # then nobody waits for it again for a while
    assert states() == [ScanState.NOT_SCANNED] * 5


def test_what_was_not_scanned_is_scanned_later_once(settings):
    complaint = make_complaint()
    for content in (b"letter", b"x" * 200_000):
        make_evidence(complaint, content=content)
    with clamd() as scanner:
        settings.CLAMAV_URL = scanner.url

        assert [scan_waiting_evidence() for _ in range(2)] == [2, 0]

        assert scanner.seen == [b"x" * 200_000, b"letter"]  # the newest first
    assert states() == [ScanState.CLEAN] * 2
    reasons = [row.history.first().history_change_reason for row in Evidence.objects.all()]
    assert reasons == ["scanned"] * 2
    assert not complaint.events.exists()


def test_what_is_found_infected_later_is_given_to_nobody(client, customer, officer, settings):
    evidence = make_evidence(make_complaint(customer=customer), content=EICAR)
    own = reverse("evidence", args=[evidence.case.public_id, evidence.public_id])
    desk = f"/admin/complaints/complaint/{evidence.case_id}/evidence/{evidence.public_id}/"
    for before in (client.get(own), officer.get(desk)):
        assert b"".join(before.streaming_content) == EICAR
    looks = AccessRecord.objects.count()
    with clamd() as scanner:
        settings.CLAMAV_URL = scanner.url
        assert scan_waiting_evidence() == 1

    for response in (client.get(own), officer.get(desk)):
        page = response.content.decode()
        assert (response.status_code, response.headers.get("Content-Disposition")) == (410, None)
        assert "Tệp này có vi-rút" in page
        assert "A virus was found in this file" in page
    assert AccessRecord.objects.count() == looks
    assert [event.code for event in evidence.case.events.all()] == ["evidence_infected"]
    for page in (
        client.get(f"/complaints/{evidence.case.public_id}/").content.decode(),
        desk_page(officer, evidence),
    ):
        assert "Tệp này có vi-rút. Không ai tải xuống được." in page
        assert own not in page
        assert desk not in page
    assert (
        "Một tệp của bạn có vi-rút"
        in client.get(f"/complaints/{evidence.case.public_id}/").content.decode()
    )
    assert "một tệp bằng chứng có vi-rút" in desk_page(officer, evidence)


def test_a_file_that_cannot_be_read_keeps_no_other_waiting(settings):
    complaint = make_complaint()
    sound = make_evidence(complaint)
    broken = make_evidence(complaint)
    broken.file.storage.delete(broken.file.name)
    with clamd() as scanner:
        settings.CLAMAV_URL = scanner.url
        assert scan_waiting_evidence() == 1

    sound.refresh_from_db()
    broken.refresh_from_db()
    assert (sound.scan_state, broken.scan_state) == (ScanState.CLEAN, ScanState.NOT_SCANNED)


def test_what_gave_no_verdict_waits_behind_all_others(settings, monkeypatch):
    monkeypatch.setattr(scanning, "MOST_AT_ONCE", 2)
    complaint = make_complaint()
    sound, *broken = (make_evidence(complaint) for _ in range(3))
    for evidence in broken:
        evidence.file.storage.delete(evidence.file.name)
    with clamd() as scanner:
        settings.CLAMAV_URL = scanner.url
        assert [scan_waiting_evidence() for _ in range(2)] == [0, 1]

    sound.refresh_from_db()
    assert sound.scan_state == ScanState.CLEAN
    assert [evidence.history.count() for evidence in broken] == [1, 1]  # tried is no change


@pytest.mark.django_db(transaction=True)
def test_a_verdict_waits_for_who_holds_the_case(portal, settings):
    complaint = make_complaint()
    make_evidence(complaint, content=EICAR)
    with clamd() as scanner:
        settings.CLAMAV_URL = scanner.url
        outcomes = []
        scan = Thread(target=lambda: outcomes.extend(at_once(scan_waiting_evidence)))
        with transaction.atomic():
            lock_case(complaint)
            scan.start()
            until_somebody_waits()
            Evidence.objects.select_for_update().get()  # as an erasure takes it
        scan.join()

    assert outcomes == [1]


def test_a_run_gives_up_when_the_scanner_is_away(settings):
    complaint = make_complaint()
    for _ in range(MOST_FAILURES + 2):
        make_evidence(complaint)
    with clamd(answer=b"?\0") as scanner:
        settings.CLAMAV_URL = scanner.url

        assert scan_waiting_evidence() == 0

        assert len(scanner.seen) == MOST_FAILURES
    assert set(states()) == {ScanState.NOT_SCANNED}


def test_evidence_of_a_customer_who_is_erased_meanwhile_is_passed_over(settings):
    make_evidence(make_complaint())
    FileKey.objects.all().delete()
    with clamd() as scanner:
        settings.CLAMAV_URL = scanner.url
        assert (scan_waiting_evidence(), scanner.seen) == (0, [])


def test_active_content_is_flagged_to_the_officer(client, customer, officer):
    evidence = make_evidence(make_complaint(customer=customer))
    assert "có nội dung tự chạy" not in desk_page(officer, evidence)
    Evidence.objects.update(has_active_content=True)
    assert "có nội dung tự chạy" in desk_page(officer, evidence)
