"""Stored files, of which no transaction takes any back.

A file is on the list of DoomedFile whenever no committed row speaks of it: from
before it is written until the row that names it is committed, and from the
commit that erases this row until the file is gone. Whoever is killed in between
leaves it on the list, where the next sweep finds it.
"""

import io
import logging
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import Error, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common.database import among
from common.encryption.files import Readable, SealedFile, sealed_chunks
from common.encryption.sealing import DecryptionError
from common.errors import FileNotStored, FileUnreadable
from common.models import DoomedFile, FileKey

logger = logging.getLogger(__name__)

AT_ONCE = 25  # files in a transaction, which is cut when a slow disk takes 15 seconds for them
UNCLAIMED_FOR = timedelta(hours=1)  # far longer than any request may take


def key_for(owner: str) -> FileKey:
    """Return the key of an owner's files, made when there is none.

    For a customer, call it through accounts.files.file_key(), which holds the customer's row: an
    erased key never comes back.
    """
    if known := FileKey.objects.filter(owner=owner).first():
        return known
    made = FileKey(owner=owner, key=secrets.token_hex(32))
    FileKey.objects.bulk_create([made], ignore_conflicts=True)  # another one may just have made it
    return FileKey.objects.get(owner=owner)


def company_key() -> FileKey:
    """Return the key of the company's own documents."""
    return key_for(FileKey.COMPANY)


@contextmanager
def provisional_files(files: Mapping[str, bytes | Readable], *, key: FileKey) -> Iterator[None]:
    """Seal and store files by path, for a transaction inside that records them with keep_files().

    What no such transaction committed is removed at the end, or by the sweep
    when this process is killed. Enter it outside of every transaction.

    Raises FileNotStored.
    """
    doom_files(files, removable_at=timezone.now() + UNCLAIMED_FOR)
    try:
        _store(files, key)
        yield
    finally:
        _remove_unkept(files)


def _store(files: Mapping[str, bytes | Readable], key: FileKey) -> None:
    try:
        for path, content in files.items():
            store_sealed(path, content, key=key)
    except OSError as error:
        logger.error("a file cannot be stored: %s", error.strerror)
        raise FileNotStored(
            _(
                "We cannot keep files at the moment, so nothing was saved. Please try again later,"
                " or send it without files."
            )
        ) from error


def store_sealed(path: str, content: bytes | Readable, *, key: FileKey) -> None:
    """Write a file, sealed; what records it in a row enters provisional_files() instead."""
    plain = io.BytesIO(content) if isinstance(content, bytes) else content
    default_storage.save(path, _Sealing(plain, key, path))


def open_stored(path: str, *, owner: str, former: Collection[str] = ()) -> SealedFile:
    """Open a stored file of this owner; its first and last bytes are known to be sound.

    former: the owners whose files have become this one's, each under its own key still.

    Raises FileUnreadable.
    """
    keys = FileKey.objects.filter(owner__in=[owner, *former])
    try:
        return _open_with_one_of(keys, path)
    except (FileNotFoundError, DecryptionError) as error:
        logger.error("stored file %s cannot be read: %s", path, type(error).__name__)
        raise FileUnreadable(_("This file can no longer be opened.")) from error


def _open_with_one_of(keys: Iterable[FileKey], path: str) -> SealedFile:
    """Raises FileNotFoundError, DecryptionError."""
    fault = DecryptionError("The owner has no key.")
    for key in keys:
        try:
            return SealedFile(default_storage.open(path), key.secret, path)
        except DecryptionError as error:
            fault = error
    raise fault


class _Sealing(File):  # type: ignore[type-arg]
    """A file that is sealed while a storage copies it, piece by piece."""

    def __init__(self, plain: Readable, key: FileKey, path: str) -> None:
        super().__init__(None, path)
        self._plain, self._key = plain, key

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        return sealed_chunks(self._plain, self._key.secret, str(self.name))


def keep_files(paths: Collection[str]) -> None:
    """Say in the transaction that records provisional files that they stay."""
    kept, _by_model = DoomedFile.objects.filter(path__in=paths).delete()
    if kept != len(paths):
        raise RuntimeError("A stored file was removed before its row was committed.")


def doom_files(paths: Iterable[str], *, removable_at: datetime | None = None) -> None:
    """Put files on the list, to be removed from that moment on (default: now)."""
    at = removable_at or timezone.now()
    listed = [DoomedFile(path=path, removable_at=at) for path in paths]
    DoomedFile.objects.bulk_create(listed, ignore_conflicts=True)


def remove_doomed_files() -> int:
    """Remove the files whose time has come; return how many went. Safe to repeat."""
    return _remove(DoomedFile.objects.filter(removable_at__lte=timezone.now()))


def _remove_unkept(paths: Iterable[str]) -> None:
    try:
        _remove(DoomedFile.objects.filter(path__in=list(paths)))
    except Error as error:  # whether the rows were committed is not known now
        logger.warning("provisional files are left to the sweep: %s", type(error).__name__)


def _remove(wanted: Any) -> int:
    keys = list(wanted.order_by("pk").values_list("pk", flat=True))
    return sum(_remove_some(keys[at : at + AT_ONCE]) for at in range(0, len(keys), AT_ONCE))


@transaction.atomic
def _remove_some(keys: Collection[int]) -> int:
    """Remove the files that are still on the list, and that no open transaction is keeping."""
    listed = DoomedFile.objects.filter(among("pk", keys)).select_for_update(skip_locked=True)
    gone = [file.pk for file in listed if _is_removed(file)]
    DoomedFile.objects.filter(among("pk", gone)).delete()
    return len(gone)


def _is_removed(file: DoomedFile) -> bool:
    try:
        default_storage.delete(file.path)
    except OSError as error:
        logger.error("file %s not removed: %s", file.pk, type(error).__name__)
        return False
    return True
