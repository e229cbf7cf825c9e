from datetime import timedelta
from io import BytesIO
from threading import Event

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from common.errors import FileUnreadable
from common.files import (
    UNCLAIMED_FOR,
    company_key,
    doom_files,
    keep_files,
    key_for,
    open_stored,
    provisional_files,
    remove_doomed_files,
    store_sealed,
)
from common.models import DoomedFile, FileKey
from tests.threads import at_once

PATH = "evidence/ab/abcdef"


def store(path=PATH):
    return default_storage.save(path, ContentFile(b"content"))


@pytest.mark.django_db
def test_a_file_that_is_kept_stays_and_leaves_the_list():
    with provisional_files({PATH: b"content"}, key=company_key()), transaction.atomic():
        keep_files([PATH])

    with open_stored(PATH, owner=FileKey.COMPANY) as file:
        assert file.read() == b"content"
    with default_storage.open(PATH) as file:
        assert b"content" not in file.read()
    assert not DoomedFile.objects.exists()


@pytest.mark.django_db
def test_a_file_that_nobody_kept_goes():
    with provisional_files({PATH: b"content"}, key=company_key()):
        assert default_storage.exists(PATH)

    assert not default_storage.exists(PATH)
    assert not DoomedFile.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_transaction_undone_takes_its_file_with_it(error):
    def record():
        with provisional_files({PATH: b"content"}, key=company_key()), transaction.atomic():
            keep_files([PATH])
            raise error

    with pytest.raises(error):
        record()

    assert not default_storage.exists(PATH)
    assert not DoomedFile.objects.exists()


@pytest.mark.django_db
def test_a_sweep_leaves_what_a_request_may_still_keep_and_takes_what_a_kill_left():
    with provisional_files({PATH: b"content"}, key=company_key()), transaction.atomic():
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
    with provisional_files({PATH: b"content"}, key=company_key()):
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


# What is stored is sealed for its owner and its place


def copied(path):
    """Return what a backup has of a stored file."""
    with default_storage.open(path) as file:
        return file.read()


@pytest.mark.django_db
def test_a_key_is_made_once_for_each_owner_and_sealed_itself():
    assert key_for("a").secret == key_for("a").secret != key_for("b").secret
    assert (len(key_for("a").secret), FileKey.objects.count()) == (32, 2)
    assert str(FileKey.objects.values_list("key", flat=True)[0]) == "<sealed>"


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_key():
    outcomes = at_once(*[lambda: key_for("a").secret] * 6)

    assert outcomes == [FileKey.objects.get().secret] * 6


@pytest.mark.django_db
def test_a_stream_is_stored_as_well():
    with (
        provisional_files({PATH: BytesIO(b"content" * 99_999)}, key=company_key()),
        open_stored(PATH, owner=FileKey.COMPANY) as file,
    ):
        assert file.read() == b"content" * 99_999


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["no key", "no file", "another owner", "plain", "moved", "cut"])
def test_a_file_that_does_not_open_is_said_to_be_unreadable(fault):
    store_sealed(PATH, b"%PDF- secret", key=key_for("a"))
    store_sealed("moved", b"%PDF- 2", key=key_for("b"))
    path, owner = PATH, "a"
    match fault:
        case "no key":
            FileKey.objects.all().delete()
        case "no file":
            default_storage.delete(PATH)
        case "another owner":
            owner = "b"
        case "plain":
            path = store("plain")
        case "moved":
            path = default_storage.save("elsewhere", ContentFile(copied(PATH)))
        case "cut":
            path = default_storage.save("cut", ContentFile(copied(PATH)[:-1]))

    with pytest.raises(FileUnreadable) as refusal:
        open_stored(path, owner=owner)
    assert "secret" not in str(refusal.value)


@pytest.mark.django_db
def test_a_key_that_is_destroyed_takes_the_copies_with_it():
    store_sealed(PATH, b"content", key=key_for("a"))
    backup = copied(PATH)
    FileKey.objects.all().delete()
    default_storage.delete(PATH)

    default_storage.save(PATH, ContentFile(backup))
    key_for("a")  # another key, whatever made it

    with pytest.raises(FileUnreadable):
        open_stored(PATH, owner="a")
