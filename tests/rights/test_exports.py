"""Copies are made once, fetched by their owner alone, and gone in time."""

import secrets
import time
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.closing import close_account
from accounts.exceptions import AccountClosed
from accounts.merging import approve_merge, ask_merge
from accounts.models import Customer
from common.archives import Member, Pulled, zipped
from common.encryption.files import CHUNK
from common.files import remove_doomed_files
from common.models import DoomedFile
from notices.models import Notice
from policies.counting import local_day, midnight
from policies.retention import rule_after_closing
from privacyportal.celery import app
from privacyportal.roles import DPO, ROLES
from retention import purge
from retention.services import place_hold
from retention.sweeps import sweep
from rights import exports
from rights.exceptions import ExportRefused
from rights.exports import ask_export, make_next_export
from rights.models import Export, ExportState
from rights.tasks import sweep_exports
from tests.factories import (
    approve,
    close_in_the_past,
    make_complaint,
    make_customer,
    make_evidence,
    make_staff,
)
from tests.processes import run_apart
from tests.rights.conftest import ask, copy_of, make_export
from tests.threads import at_once

pytestmark = pytest.mark.django_db

LATER = timedelta(days=settings.EXPORT_DAYS, seconds=1)


def stored_files():
    return [path for path in Path(settings.MEDIA_ROOT).glob("exports/*/*") if path.is_file()]


def pass_time(monkeypatch, by):
    now = timezone.now() + by
    monkeypatch.setattr(timezone, "now", lambda: now)


def page(client):
    return client.get(reverse("export"), headers={"accept-language": "en"})


def download(client, export):
    return client.get(reverse("download_export", args=[export.public_id]))


class TestAsking:
    def test_my_data_leads_to_the_page_that_says_what_it_will_hold(self, client, customer):
        assert 'href="/me/export/"' in client.get(reverse("data")).text
        text = page(client).text
        assert "Contact details" in text
        assert "for 7 days" in text
        assert not Export.objects.exists()

    def test_it_is_made_and_told_by_one_mail(self, client, customer):
        response = client.post(reverse("export"))

        export = Export.objects.get()
        assert response.url == reverse("export")
        assert (export.customer, export.state) == (customer, ExportState.ASKED)
        assert export.history.get().history_user == customer.user
        assert "is being made" in page(client).text

        assert make_next_export()
        assert not make_next_export()
        export.refresh_from_db()
        assert export.state == ExportState.READY
        assert reverse("download_export", args=[export.public_id]) in page(client).text
        assert Notice.objects.filter(template="export_ready").count() == 1

    def test_it_asks_for_the_password_first_and_then_goes_on(self, client, customer):
        client.force_login(customer.user, fresh=False)

        response = client.post(reverse("export"))

        assert response.url.startswith(reverse("account_reauthenticate"))
        assert not Export.objects.exists()

    def test_expo_04_a_second_click_shows_the_first(self, client, customer):
        client.post(reverse("export"))
        client.post(reverse("export"))

        assert Export.objects.count() == 1

    def test_only_so_many_a_day(self, customer):
        for _time in range(exports.MOST_A_DAY):
            make_export(customer)
        with pytest.raises(ExportRefused):
            ask(customer)
        assert not Export.objects.asked().exists()

    @pytest.mark.parametrize("role", ROLES)
    def test_staff_have_no_such_page(self, role, client, customer):
        export = make_export(customer)
        client.force_login(make_staff(role))

        for response in (client.post(reverse("export")), download(client, export)):
            assert response.url == reverse("admin:index")
        export.refresh_from_db()
        assert export.state == ExportState.READY


class TestCollecting:
    def test_it_is_a_download_that_no_cache_keeps_and_is_noted_each_time(self, client, customer):
        export = make_export(customer)

        for _time in range(2):
            response = download(client, export)
            content = response.getvalue()

        assert content.startswith(b"PK")
        assert response["Content-Length"] == str(len(content)) == str(export.size)
        assert response["Content-Type"] == "application/zip"
        assert response["Content-Disposition"].startswith('attachment; filename="my-data-2')
        assert response["Cache-Control"] == "no-store"
        export.refresh_from_db()
        assert export.state == ExportState.COLLECTED
        lines = export.history.filter(history_change_reason="collected")
        assert [line.history_user for line in lines] == [customer.user] * 2

    def test_it_asks_for_the_password_first(self, client, customer):
        export = make_export(customer)
        client.force_login(customer.user, fresh=False)

        response = download(client, export)

        assert response.url.startswith(reverse("account_reauthenticate"))
        export.refresh_from_db()
        assert export.collected_at is None

    def test_it_is_nobody_elses(self, client, customer):
        export = make_export(customer)
        client.force_login(make_customer().user)
        assert download(client, export).status_code == 404
        client.logout()
        assert download(client, export).status_code == 302

    def test_it_lies_encrypted_and_dies_with_the_key(self, customer):
        make_export(customer)
        (path,) = stored_files()
        assert b"PK\x03\x04" not in path.read_bytes()

    def test_what_is_not_ready_is_not_there(self, client, customer):
        export = ask(customer)
        assert download(client, export).url == reverse("export")


class TestExpiring:
    def test_expo_07_it_goes_from_disk_and_row_when_its_days_are_over(
        self, client, customer, monkeypatch
    ):
        export = make_export(customer)
        last = local_day(export.expires_at)
        sweep(at=midnight(last + timedelta(days=1)) - timedelta(seconds=1))
        assert len(stored_files()) == 1

        sweep(at=midnight(last + timedelta(days=1)))

        export.refresh_from_db()
        assert (export.state, str(export.file)) == (ExportState.EXPIRED, "")
        assert stored_files() == []
        assert not DoomedFile.objects.exists()

    def test_it_is_not_handed_out_between_its_end_and_the_job(self, client, customer, monkeypatch):
        export = make_export(customer)
        Export.objects.update(expires_at=timezone.now())

        assert download(client, export).url == reverse("export")
        assert reverse("download_export", args=[export.public_id]) not in page(client).text

    def test_a_newer_one_takes_its_place(self, customer):
        first, second = make_export(customer), make_export(customer)

        remove_doomed_files()

        first.refresh_from_db()
        assert (first.state, second.state) == (ExportState.EXPIRED, ExportState.READY)
        assert len(stored_files()) == 1

    def test_closing_the_account_ends_it(self, customer):
        make_export(customer)
        asked = ask(customer)

        close_account(customer, by=customer.user)
        remove_doomed_files()

        assert {each.state for each in Export.objects.all()} == {ExportState.EXPIRED}
        assert stored_files() == []
        assert not make_next_export()
        with pytest.raises(AccountClosed):
            ask(customer)
        asked.refresh_from_db()
        assert asked.history.first().history_change_reason == "account closed"

    def test_a_legal_hold_keeps_the_data_and_not_its_copy(self, customer, monkeypatch):
        make_export(customer)
        place_hold(
            customer.public_id, authority="Tòa án", document="1", reason="x", by=make_staff(DPO)
        )

        sweep(at=timezone.now() + LATER + timedelta(days=1))

        assert stored_files() == []
        assert Customer.objects.filter(pk=customer.pk).exists()

    def test_a_merge_drops_the_copies_of_the_duplicate(self, customer):
        kept = make_export(customer)
        twin = make_customer()
        make_export(twin)
        ask(twin)
        ask(customer)
        merge = ask_merge(customer, duplicate=twin.public_id, reason="x", by=make_staff(DPO))

        approve_merge(merge, by=make_staff(DPO))
        remove_doomed_files()

        assert Export.objects.count() == 2
        assert stored_files() == [Path(settings.MEDIA_ROOT, kept.file.name)]

    def test_the_purge_takes_it_along(self, customer):
        approve(rule_after_closing(timezone.localdate()))
        make_export(customer)
        close_in_the_past(customer, 370)

        (run,) = purge.purge_closed_accounts()

        assert (run.erased, run.failed) == (1, 0)
        assert not Export.objects.exists()
        assert not Export.history.exists()
        assert stored_files() == []


class TestWorking:
    def test_after_some_failures_it_is_given_up_and_told(self, client, customer, monkeypatch):
        export = ask(customer)
        with monkeypatch.context() as broken:
            broken.setattr(default_storage, "save", lambda *arguments: 1 / 0)
            for _time in range(exports.ATTEMPTS):
                assert make_next_export()
                assert not make_next_export()  # claimed for a while
                Export.objects.update(claimed_until=None)
                assert Export.objects.get().state == ExportState.ASKED
        assert make_next_export()

        export.refresh_from_db()
        assert export.state == ExportState.FAILED
        assert not DoomedFile.objects.exists()
        assert "could not be made" in page(client).text
        assert Notice.objects.filter(template="export_failed").count() == 1

    def test_the_sweep_finds_what_no_message_brought_about(self, customer):
        first, second = ask(customer), ask(make_customer())
        app.conf.task_always_eager = True  # what is woken works here, at once
        try:
            sweep_exports()
        finally:
            app.conf.task_always_eager = False

        for export in (first, second):
            export.refresh_from_db()
            assert export.state == ExportState.READY

    def test_expo_10_an_archive_is_never_whole_in_memory(self):
        """Half of this would show: what is written is random, and cannot be compressed."""
        size = 24 * 1024 * 1024
        pieces = (secrets.token_bytes(CHUNK) for _number in range(size // CHUNK))
        archive = Pulled(zipped([Member("a", pieces), Member("b", iter([b"x"]))]))
        tracemalloc.start()
        try:
            while archive.read(CHUNK):
                pass
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert archive.size > size
        assert peak < 2 * 1024 * 1024


@pytest.mark.usefixtures("portal")
class TestAtTheSameTime:
    pytestmark = []

    def test_expo_04_two_clicks_at_once_are_one_copy(self):
        customer = make_customer()

        outcomes = at_once(
            *[lambda: ask_export(Customer.objects.get(pk=customer.pk), by=customer.user)] * 2
        )

        assert {each.pk for each in outcomes} == {Export.objects.get().pk}

    def test_two_workers_make_it_once(self):
        ask(make_customer())

        outcomes = at_once(make_next_export, make_next_export)

        assert sorted(outcomes) == [False, True]
        assert len(stored_files()) == 1
        assert Notice.objects.filter(template="export_ready").count() == 1

    def test_expo_10_while_it_is_sent_no_connection_is_held(self, client):
        customer = make_customer()
        content = b"%PDF-" + secrets.token_bytes(200_000)
        make_evidence(make_complaint(customer=customer), content=content)
        export = make_export(customer)
        client.force_login(customer.user)

        chunks = iter(download(client, export).streaming_content)
        first = next(chunks)

        assert connection.connection is None
        assert len(first) + sum(map(len, chunks)) == export.size

    def test_expo_05_a_killed_worker_leaves_nothing_to_download(self, client):
        customer = make_customer()
        make_evidence(make_complaint(customer=customer), content=b"%PDF-" + bytes(1000))
        export = ask(customer)
        child = run_apart(
            "from django.conf import settings\n"
            f"settings.MEDIA_ROOT = {str(settings.MEDIA_ROOT)!r}\n"
            "import time\n"
            "from rights import archive, exports\n"
            "def slow(stored):\n"
            "    yield b'%PDF'\n"
            "    time.sleep(60)\n"
            "archive._read = slow\n"
            "exports.make_next_export()\n"
        )
        try:
            wait_for(stored_files)
        finally:
            child.kill()
            child.wait()

        export.refresh_from_db()
        client.force_login(customer.user)
        assert (export.state, str(export.file)) == (ExportState.ASKED, "")
        assert download(client, export).url == reverse("export")
        assert not make_next_export()  # for as long as another worker could be alive
        Export.objects.update(claimed_until=timezone.now())
        assert make_next_export()
        DoomedFile.objects.update(removable_at=timezone.now())
        remove_doomed_files()

        export.refresh_from_db()
        assert copy_of(export).records("accounts.Customer")
        assert stored_files() == [Path(settings.MEDIA_ROOT, export.file.name)]
        assert Notice.objects.filter(template="export_ready").count() == 1

    @pytest.mark.parametrize("round_", range(4))
    def test_conc_09_a_purge_and_a_copy_leave_no_file(self, round_):
        """An unproved sign-up is erased from an open account, so that both may be on their way."""
        week_ago = timezone.now() - timedelta(days=8)
        customer = make_customer(opened_at=week_ago)
        ask(customer)

        erased, made = at_once(purge.erase_unverified_sign_ups, make_next_export)
        erased += purge.erase_unverified_sign_ups()  # whose row was locked is left to the next run
        remove_doomed_files()

        assert erased == 1
        assert made in (True, False)
        assert not Export.objects.exists()
        assert not DoomedFile.objects.exists()
        assert stored_files() == []


def wait_for(condition):
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)
