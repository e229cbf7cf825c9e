from datetime import timedelta
from threading import Event

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from common.files import (
    UNCLAIMED_FOR,
    doom_files,
    keep_files,
    provisional_files,
    remove_doomed_files,
)
from common.models import DoomedFile
from tests.threads import at_once

PATH = "evidence/ab/abcdef"


def store(path=PATH):
    return default_storage.save(path, ContentFile(b"content"))


@pytest.mark.django_db
def test_a_file_that_is_kept_stays_and_leaves_the_list():
    with provisional_files({PATH: b"content"}), transaction.atomic():
        keep_files([PATH])

    with default_storage.open(PATH) as file:
        assert file.read() == b"content"
    assert not DoomedFile.objects.exists()


@pytest.mark.django_db
def test_a_file_that_nobody_kept_goes():
    with provisional_files({PATH: b"content"}):
        assert default_storage.exists(PATH)

    assert not default_storage.exists(PATH)
    assert not DoomedFile.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_transaction_undone_takes_its_file_with_it(error):
    def record():
        with provisional_files({PATH: b"content"}), transaction.atomic():
            keep_files([PATH])
            raise error

    with pytest.raises(error):
        record()

    assert not default_storage.exists(PATH)
    assert not DoomedFile.objects.exists()


@pytest.mark.django_db
def test_a_sweep_leaves_what_a_request_may_still_keep_and_takes_what_a_kill_left():
    with provisional_files({PATH: b"content"}), transaction.atomic():
        assert remove_doomed_files() == 0
        keep_files([PATH])
    left = store("evidence/cd/left")
    doom_files([left], removable_at=timezone.now() - timedelta(seconds=1))

    assert [remove_doomed_files() for _ in range(2)] == [1, 0]

    assert default_storage.exists(PATH)
    assert not default_storage.exists(left)


@pytest.mark.django_db
def test_a_file_that_is_gone_already_leaves_the_list():
    doom_files([PATH])
    doom_files([PATH])

    assert remove_doomed_files() == 1
    assert not DoomedFile.objects.exists()


@pytest.mark.django_db
def test_a_file_that_cannot_be_removed_stays_on_the_list(monkeypatch):
    def refuse(name):
        raise PermissionError(name)

    doom_files([store()])
    monkeypatch.setattr(default_storage, "delete", refuse, raising=False)

    assert remove_doomed_files() == 0
    assert DoomedFile.objects.get().path == PATH


@pytest.mark.django_db
def test_nothing_is_recorded_of_a_file_that_a_sweep_took():
    with provisional_files({PATH: b"content"}):
        DoomedFile.objects.update(removable_at=timezone.now() - UNCLAIMED_FOR)
        remove_doomed_files()
        with pytest.raises(RuntimeError), transaction.atomic():
            keep_files([PATH])


@pytest.mark.django_db(transaction=True)
def test_a_sweep_passes_over_a_file_that_an_open_transaction_keeps():
    doom_files([store()])
    kept, swept = Event(), Event()

    def keep():
        with transaction.atomic():
            keep_files([PATH])
            kept.set()
            assert swept.wait(10)

    def sweep():
        assert kept.wait(10)
        try:
            return remove_doomed_files()
        finally:
            swept.set()

    assert at_once(keep, sweep) == [None, 0]
    assert default_storage.exists(PATH)
    assert not DoomedFile.objects.exists()
