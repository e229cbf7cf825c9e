"""Stored files, of which no transaction takes any back.

A file is on the list of DoomedFile whenever no committed row speaks of it: from
before it is written until the row that names it is committed, and from the
commit that erases this row until the file is gone. Whoever is killed in between
leaves it on the list, where the next sweep finds it.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import Error, transaction
from django.utils import timezone

from common.models import DoomedFile

logger = logging.getLogger(__name__)

UNCLAIMED_FOR = timedelta(hours=1)  # far longer than any request may take


@contextmanager
def provisional_files(files: Mapping[str, bytes]) -> Iterator[None]:
    """Store files by path, for a transaction inside that records them and calls keep_files().

    What no such transaction committed is removed at the end, or by the sweep
    when this process is killed. Enter it outside of every transaction.
    """
    doom_files(files, removable_at=timezone.now() + UNCLAIMED_FOR)
    try:
        for path, content in files.items():
            default_storage.save(path, ContentFile(content))
        yield
    finally:
        _remove_unkept(files)


def keep_files(paths: Collection[str]) -> None:
    """Say in the transaction that records provisional files that they stay."""
    kept, _by_model = DoomedFile.objects.filter(path__in=paths).delete()
    if kept != len(paths):
        raise RuntimeError("A stored file was removed before its row was committed.")


def doom_files(paths: Iterable[str], *, removable_at: datetime | None = None) -> None:
    """Put files on the list, to be removed from that moment on (default: now)."""
    at = removable_at or timezone.now()
    DoomedFile.objects.bulk_create(
        (DoomedFile(path=path, removable_at=at) for path in paths), ignore_conflicts=True
    )


def remove_doomed_files() -> int:
    """Remove the files whose time has come; return how many went. Safe to repeat."""
    return _remove(DoomedFile.objects.filter(removable_at__lte=timezone.now()))


def _remove_unkept(paths: Iterable[str]) -> None:
    try:
        _remove(DoomedFile.objects.filter(path__in=list(paths)))
    except Error as error:  # whether the rows were committed is not known now
        logger.warning("provisional files are left to the sweep: %s", type(error).__name__)


def _remove(wanted: Any) -> int:
    keys = wanted.order_by("pk").values_list("pk", flat=True)
    return sum(map(_remove_one, keys.iterator()))


def _remove_one(key: int) -> bool:
    """Remove a file that is still on the list, and that no open transaction is keeping."""
    with transaction.atomic():
        row = DoomedFile.objects.select_for_update(skip_locked=True).filter(pk=key).first()
        if row is None:
            return False
        try:
            default_storage.delete(row.path)
        except OSError as error:
            logger.error("file %s not removed: %s", row.pk, type(error).__name__)
            return False
        row.delete()
        return True
