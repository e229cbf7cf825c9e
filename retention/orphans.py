"""What belongs to nobody: looked for each day, told, and cleared once the DPO says so.

A room registers what it looks for, and how that is cleared where a machine may do it. Clearing
takes what the newest report lists, and where that is not all, what is found by then; it asks again
of each whether it is still nobody's.

Stored files are held against every file that a row names: the paths are in memory as numbers, some
60 MB for a million, while the folders are read one by one. A million take three seconds of a
processor, and half a minute where none of the folders is in memory.
"""

import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Customer, CustomerMerge, MergeState, User
from accounts.sessions import end_sessions
from accounts.staff import tell_officers
from common.files import doom_files
from common.models import DoomedFile, FileKey
from common.personal_data import declarations
from retention.exceptions import ClearingRefused
from retention.models import OrphanClearing, OrphanReport

LISTED = 1000  # ids of a kind that a report keeps
MOST = 100_000  # ids of a kind that are known at once, and cleared by one order
AT_ONCE = 10_000  # rows
YOUNG = timedelta(hours=1)  # until then what is new may belong to a transaction that is under way
OURS = re.compile(r"[a-z_]+/(?:[0-9a-f]{2}/)?[0-9a-f]{32}")  # how stored files are named


@dataclass
class Found:
    number: int = 0
    ids: list[str] = field(default_factory=list)

    def add(self, key: object) -> None:
        self.number += 1
        if len(self.ids) < MOST:
            self.ids.append(str(key))


Finder = Callable[[], Mapping[str, Found]]
Clearer = Callable[[Collection[str]], int]
"""Takes ids of a report; clears, in a transaction, those that are still nobody's; counts them."""

KINDS: dict[str, str | Promise] = {}
_finders: dict[str, Finder] = {}  # by kind
_clearers: dict[str, Clearer] = {}


def finds_orphans(**kinds: str | Promise) -> Callable[[Finder], Finder]:
    """Register what finds these kinds, each with its words."""

    def register(finder: Finder) -> Finder:
        KINDS.update(kinds)
        _finders.update(dict.fromkeys(kinds, finder))
        return finder

    return register


def clears_orphans(kind: str) -> Callable[[Clearer], Clearer]:
    def register(clearer: Clearer) -> Clearer:
        _clearers[kind] = clearer
        return clearer

    return register


def found_among(rows: "QuerySet[Any]") -> Found:
    """Count rows that are nobody's; of some keep the primary key."""
    keys = rows.order_by("pk").values_list("pk", flat=True)[:MOST]
    return Found(rows.count(), [str(key) for key in keys])


def look_for_orphans() -> OrphanReport:
    """Store what is found today; tell the data protection officers what was not known before."""
    found = {}
    for finder in dict.fromkeys(_finders.values()):
        for kind, each in finder().items():
            if each.number:
                found[kind] = {"number": each.number, "ids": each.ids[:LISTED]}
    before = OrphanReport.objects.first()
    with transaction.atomic():
        report = OrphanReport.objects.create(found=found)
        if _is_news(report, before):
            _tell_officers(report)
    return report


def clear_orphans(report: OrphanReport, *, kind: str, by: User) -> OrphanClearing:
    """Clear what the newest report found of a kind, as far as it is still nobody's.

    Raises ClearingRefused.
    """
    ids = _ids_of(report, kind)  # which may take long, and a transaction must not wait
    with transaction.atomic():
        _require_clearable(report, kind)
        batches = (ids[start : start + LISTED] for start in range(0, len(ids), LISTED))
        number = sum(_clearers[kind](each) for each in batches)
        return OrphanClearing.objects.create(report=report, kind=kind, number=number, ordered_by=by)


def _ids_of(report: OrphanReport, kind: str) -> list[str]:
    """Return what the report lists, or what is found now, where it lists a part only."""
    listed = Found(**report.found.get(kind, {}))
    if listed.number > len(listed.ids) and kind in _clearers:
        return _finders[kind]()[kind].ids
    return listed.ids


def _require_clearable(report: OrphanReport, kind: str) -> None:
    """Lock the report.

    Raises ClearingRefused.
    """
    report.refresh_from_db(from_queryset=OrphanReport.objects.select_for_update())
    if OrphanReport.objects.filter(pk__gt=report.pk).exists():
        raise ClearingRefused(_("There is a newer report. Look at that one."))
    if kind not in clearable(report):
        raise ClearingRefused(_("Nothing of this kind is left to be cleared."))


def clearable(report: OrphanReport) -> list[str]:
    """Return the kinds of a report that a machine may clear, and that nobody has ordered yet."""
    ordered = set(report.clearings.values_list("kind", flat=True))
    return [kind for kind in report.found if kind in _clearers and kind not in ordered]


def _is_news(report: OrphanReport, before: OrphanReport | None) -> bool:
    known = before.found if before else {}
    nothing = asdict(Found())
    return any(
        found["number"] > known.get(kind, nothing)["number"]
        or set(found["ids"]) - set(known.get(kind, nothing)["ids"])
        for kind, found in report.found.items()
    )


def _tell_officers(report: OrphanReport) -> None:
    tell_officers(
        "orphans_found",
        key=f"orphans-{report.pk}",
        path=reverse("admin:retention_orphanreport_change", args=[report.pk]),
    )


@finds_orphans(
    files=gettext_lazy("stored files that no row names"),
    strange_files=gettext_lazy("files in the folder of stored files that the portal never wrote"),
    rows=gettext_lazy("rows whose stored file is gone"),
)
def stored_files() -> dict[str, Found]:
    """Read the rows first: whoever stores a file meanwhile does so for less than an hour.

    No link is followed, which may lead round or out of the folder: the portal never made one.
    """
    unseen = {hash(path) for _row, path in _named_files()}
    doomed = set(DoomedFile.objects.values_list("path", flat=True))
    found = {kind: Found() for kind in ("files", "strange_files", "rows")}
    for path in _stored_files():
        if hash(path) in unseen:
            unseen.discard(hash(path))
        elif path not in doomed and _is_old(path):
            _note_file(found, path)
    for row, path in _named_files() if unseen else ():
        if hash(path) in unseen and not default_storage.exists(path):
            found["rows"].add(row)
    return found


def _note_file(found: Mapping[str, Found], path: str) -> None:
    if OURS.fullmatch(path) and not os.path.islink(default_storage.path(path)):
        found["files"].add(path)
    else:  # somebody may have named it after a person
        found["strange_files"].add(hashlib.sha256(os.fsencode(path)).hexdigest())


@clears_orphans("files")
def remove_files(paths: Collection[str]) -> int:
    """Put them on the list of files to remove; the hourly job removes them."""
    wanted = {path for path in paths if _is_old(path)}
    for model, name in _file_columns():
        named = model._base_manager.filter(**{f"{name}__in": wanted})
        wanted -= {str(path) for path in named.values_list(name, flat=True)}
    wanted -= set(DoomedFile.objects.filter(path__in=wanted).values_list("path", flat=True))
    doom_files(wanted)
    return len(wanted)


def _named_files() -> Iterator[tuple[str, str]]:
    """Yield each row that names a stored file, as "app.Model 7", with the file's path."""
    for model, name in _file_columns():
        rows = model._base_manager.exclude(**{name: ""}).order_by("pk").values_list("pk", name)
        last = 0
        while batch := list(rows.filter(pk__gt=last)[:AT_ONCE]):
            last = batch[-1][0]
            yield from ((f"{model._meta.label} {key}", path) for key, path in batch)


def _file_columns() -> Iterator[tuple[Any, str]]:
    for model in apps.get_models():
        for each in model._meta.local_fields:
            if isinstance(each, models.FileField):
                yield model, each.name


def _stored_files() -> Iterator[str]:
    for parent, folders, names in os.walk(settings.MEDIA_ROOT):
        inside = os.path.relpath(f"{parent}/x", settings.MEDIA_ROOT).removesuffix("x")
        links = (each for each in folders if os.path.islink(os.path.join(parent, each)))
        yield from (f"{inside}{name}" for name in (*names, *links))


def _is_old(path: str) -> bool:
    try:
        changed = os.lstat(default_storage.path(path)).st_mtime
    except FileNotFoundError:
        return False
    return changed < (timezone.now() - YOUNG).timestamp()


@finds_orphans(file_keys=gettext_lazy("keys of stored files whose owner is gone"))
def ownerless_keys() -> dict[str, Found]:
    return {"file_keys": found_among(_ownerless(FileKey.objects.all()))}


@clears_orphans("file_keys")
def destroy_keys(keys: Collection[str]) -> int:
    number, _by_model = _ownerless(FileKey.objects.filter(pk__in=keys)).delete()
    return number


def _ownerless(keys: "QuerySet[FileKey]") -> "QuerySet[FileKey]":
    merged = CustomerMerge.objects.filter(state=MergeState.MERGED)
    return keys.filter(
        ~Exists(Customer.objects.filter(public_id=OuterRef("owner"))),
        ~Exists(merged.filter(duplicate_public_id=OuterRef("owner"))),
        created_at__lt=timezone.now() - YOUNG,
    ).exclude(owner=FileKey.COMPANY)


@finds_orphans(sessions=gettext_lazy("sessions of closed accounts and of former staff"))
def sessions_of_nobody() -> dict[str, Found]:
    return {"sessions": found_among(_over(UserSession.objects.all()))}


@clears_orphans("sessions")
def end_over(keys: Collection[str]) -> int:
    over = _over(UserSession.objects.filter(pk__in=keys))
    users = list(over.values_list("user", flat=True))
    end_sessions(users)
    return len(users)


def _over(sessions: "QuerySet[UserSession]") -> "QuerySet[UserSession]":
    closed = Customer.objects.filter(user=OuterRef("user"), closed_at__isnull=False)
    return sessions.filter(Q(user__is_active=False) | Exists(closed))


@finds_orphans(customers=gettext_lazy("open customers of whom nothing is held but the record"))
def empty_customers() -> dict[str, Found]:
    """No sign-in, no way to reach them, no row of any category: nobody will ever close them."""
    empty = Customer.objects.filter(
        user=None, email="", phone="", closed_at=None, opened_at__lt=timezone.now() - YOUNG
    )
    for declaration in declarations():
        if declaration.model is not Customer:
            rows = declaration.model._base_manager.filter(**{declaration.customer: OuterRef("pk")})
            empty = empty.filter(~Exists(rows))
    return {"customers": found_among(empty)}


def words(found: Mapping[str, Any]) -> Iterable[tuple[str | Promise, int, list[str]]]:
    """Return of each kind of a report its words, how many there are, and some ids."""
    return [(KINDS.get(kind, kind), each["number"], each["ids"]) for kind, each in found.items()]
