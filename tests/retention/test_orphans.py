"""What belongs to nobody is found, told, and cleared by the DPO's word alone."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import Customer
from accounts.session_store import SessionStore
from casework.models import Evidence
from common.files import remove_doomed_files
from common.models import DoomedFile, FileKey
from notices.models import Notice
from privacyportal.roles import AUDITOR, DPO
from retention import orphans
from retention.models import OrphanClearing, OrphanReport
from retention.orphans import look_for_orphans
from rights.models import Export, ExportState
from tests.factories import make_complaint, make_customer, make_evidence, make_staff

pytestmark = pytest.mark.django_db

REPORTS = "/admin/retention/orphanreport/"
LOST = f"evidence/ab/{'ab' * 16}"


def store(path, hours_old=2):
    default_storage.save(path, ContentFile(b"x"))
    then = time.time() - hours_old * 3600
    os.utime(Path(settings.MEDIA_ROOT, path), (then, then))


def numbers():
    found = look_for_orphans().found
    assert all(found[kind]["number"] == len(found[kind]["ids"]) for kind in found)
    return {kind: found[kind]["number"] for kind in found}


@pytest.fixture
def dpo(client):
    officer = make_staff(DPO)
    client.force_login(officer)
    client.cookies["django_language"] = "en"
    return officer


@pytest.fixture
def closed():
    customer = make_customer(closed_days_ago=3)
    customer.user.is_active = True
    customer.user.save()
    return customer


def plant(closed):
    """One of each kind, beside what only looks like one."""
    evidence = make_evidence(make_complaint())
    store(LOST)
    store(f"evidence/cd/{'cd' * 16}", hours_old=0.5)  # being stored now
    store(f"evidence/ef/{'ef' * 16}")
    DoomedFile.objects.create(path=f"evidence/ef/{'ef' * 16}", removable_at=timezone.now())
    store("evidence/Nguyen-Van-Ung.pdf")
    gone = make_evidence(make_complaint())
    default_storage.delete(str(gone.file))
    FileKey.objects.create(owner="f" * 32, key="0" * 64)
    FileKey.objects.create(owner=FileKey.COMPANY, key="0" * 64)
    FileKey.objects.update(created_at=timezone.now() - timedelta(hours=2))
    for user in (closed.user, evidence.case.customer.user):
        session = SessionStore()
        session.save()
        UserSession.objects.create(user=user, session_key=session.session_key, ip="192.0.2.1")
    for days in (2, 0):
        path = f"exports/{days}{days}/{str(days) * 32}"
        store(path)
        Export.objects.create(
            file=path,
            customer=evidence.case.customer,
            state=ExportState.READY,
            ready_at=timezone.now(),
            expires_at=timezone.now() - timedelta(days=days),
        )
    Customer.objects.create(full_name="Ưng", email="", opened_at=timezone.now() - timedelta(days=1))
    return gone


def test_each_kind_is_found_by_ids_alone_and_cleared_by_the_dpo(closed, client, dpo):
    gone = plant(closed)

    report = look_for_orphans()

    assert {kind: found["number"] for kind, found in report.found.items()} == {
        "files": 1,
        "strange_files": 1,
        "rows": 1,
        "file_keys": 1,
        "sessions": 1,
        "customers": 1,
        "exports": 1,
    }
    assert report.found["files"]["ids"] == [LOST]
    assert report.found["rows"]["ids"] == [f"casework.Evidence {gone.pk}"]
    page = client.get(f"{REPORTS}{report.pk}/change/").text
    assert LOST in page
    assert "Ung" not in page
    assert "stored files that no row names: 1" in client.get(REPORTS).text

    for kind in ("files", "file_keys", "sessions", "exports"):
        assert client.post(f"{REPORTS}{report.pk}/clear/", {"kind": kind}).status_code == 302
    remove_doomed_files()

    assert set(report.clearings.values_list("number", "ordered_by")) == {(1, dpo.pk)}
    assert numbers() == {"strange_files": 1, "rows": 1, "customers": 1}
    assert (UserSession.objects.count(), FileKey.objects.count()) == (1, 3)
    assert not default_storage.exists(LOST)
    for kind in ("rows", "files"):  # for a person to judge; and of an older report
        assert client.post(f"{REPORTS}{report.pk}/clear/", {"kind": kind}).status_code == 200
    assert OrphanClearing.objects.count() == 4


def test_what_has_an_owner_again_is_not_cleared_and_only_news_are_told(client, dpo, closed):
    assert numbers() == {}
    store(LOST)
    assert (numbers(), numbers()) == ({"files": 1}, {"files": 1})
    (notice,) = Notice.objects.filter(template="orphans_found")
    assert (notice.recipient, LOST in str(notice.context)) == (dpo.public_id, False)

    evidence = make_evidence(make_complaint())
    Evidence.objects.filter(pk=evidence.pk).update(file=LOST)
    report = OrphanReport.objects.first()
    client.post(f"{REPORTS}{report.pk}/clear/", {"kind": "files"})

    assert OrphanClearing.objects.get().number == 0
    assert not DoomedFile.objects.exists()
    client.force_login(make_staff(AUDITOR))
    assert client.post(f"{REPORTS}{report.pk}/clear/", {"kind": "files"}).status_code == 403


def test_no_link_is_followed_and_no_name_ends_the_look(tmp_path, dpo):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / ("ab" * 16)).write_bytes(b"x")
    store(LOST)
    folder = Path(settings.MEDIA_ROOT, "evidence")
    for name, target in (("round", folder), ("itself", "itself"), ("cd", outside)):
        Path(folder, name).symlink_to(target)
    Path(folder, "cd" * 16).symlink_to(outside / ("ab" * 16))  # named as we name a file
    Path(os.fsdecode(b"%s/\xff" % os.fsencode(folder))).write_bytes(b"x")
    then = time.time() - 7200
    for each in folder.iterdir():
        os.utime(each, (then, then), follow_symlinks=False)

    assert numbers() == {"files": 1, "strange_files": 5}


def test_what_a_report_does_not_list_is_cleared_too(client, dpo, monkeypatch):
    monkeypatch.setattr(orphans, "LISTED", 2)
    FileKey.objects.bulk_create(FileKey(owner=str(n) * 32, key="0" * 64) for n in range(5))
    FileKey.objects.update(created_at=timezone.now() - timedelta(hours=2))
    report = look_for_orphans()
    assert (report.found["file_keys"]["number"], len(report.found["file_keys"]["ids"])) == (5, 2)

    client.post(f"{REPORTS}{report.pk}/clear/", {"kind": "file_keys"})

    assert OrphanClearing.objects.get().number == 5
    assert not FileKey.objects.exists()
