"""What must hold of everybody, at any moment of the chaos and after it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from accounts.models import Customer, CustomerMerge
from common.errors import PortalError
from common.files import open_stored
from common.models import DoomedFile
from common.personal_data import declarations
from retention import ledger
from retention.models import PurgeRun, Remainder, Tombstone
from tests.retention.chaos_people import TOKEN, Answer, Deed

OUTLIVES = {"retention_tombstone", "access_accessrecord"}
FORGOTTEN = {"usersessions_usersession"}  # those that are over, at the next sign-in
TRACES = "SELECT '{0}', m[1] FROM {0} AS t, regexp_matches(t::text, '({1}[0-9]{{26}})', 'g') AS m"

Holdings = dict[str, Counter[str]]
"""By public id: how many rows of each table, and of its history, are about that customer."""


@dataclass
class Planted:
    """What there was before the first fault.

    former: each public id from before a merge, with today's.
    orphans: rows of history whose row went with a merge.
    """

    rows: Holdings = field(default_factory=dict)
    former: dict[str, str] = field(default_factory=dict)
    orphans: set[tuple[str, Any]] = field(default_factory=set)

    def note(self) -> None:
        """Take what has been planted since the last call."""
        rows, orphans = holdings()
        self.rows |= {each: rows[each] for each in rows.keys() - self.rows.keys()}
        self.orphans |= orphans
        self.former |= CustomerMerge.objects.values_list(
            "duplicate_public_id", "survivor__public_id"
        )


def holdings() -> tuple[Holdings, set[tuple[str, Any]]]:
    """Count what is held about each customer; return also the history of rows that are gone."""
    ids = dict(Customer.objects.values_list("pk", "public_id"))
    found: Holdings = {public_id: Counter() for public_id in ids.values()}
    orphans = set()
    for declared in declarations():
        about = declared.about(Customer.objects.values("pk")).annotate(whose=F(declared.customer))
        whose = {row: ids[customer] for row, customer in about.values_list("pk", "whose")}
        for public_id in whose.values():
            found[public_id][declared.model._meta.db_table] += 1
        if (history := declared.history) is None:
            continue
        there = set(declared.model._base_manager.values_list("pk", flat=True))
        columns = ("pk", declared.model._meta.pk.attname)
        for key, row in history._base_manager.values_list(*columns):
            if row in whose:
                found[whose[row]][history._meta.db_table] += 1
            elif row not in there:
                orphans.add((history._meta.db_table, key))
    return found, orphans


def traces() -> dict[str, set[str]]:
    """Return the public ids that are written anywhere in each table."""
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    found = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ".join(TRACES.format(table, TOKEN) for table in sorted(tables)))
        for table, public_id in cursor.fetchall():
            found[table].add(public_id)
    return found


def recorded_files() -> set[tuple[str, str]]:
    """Return each path that a row names, with the public id of its customer."""
    return {
        found
        for declared in declarations()
        for name in declared.files
        for found in declared.about(Customer.objects.values("pk"))
        .exclude(**{name: ""})
        .values_list(name, f"{declared.customer}__public_id")
    }


def snapshot(planted: Planted) -> Iterator[str]:
    """Say who is erased by half; reads everything as of one moment."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        rows, orphans = holdings()
        buried = set(Tombstone.objects.values_list("public_id", flat=True))
        real = Remainder.objects.exclude(parts=[])
        reduced = set(real.values_list("customer__public_id", flat=True))
        written = traces()
    for public_id, before in planted.rows.items():
        if (public_id in rows) == (public_id in buried):
            yield f"{public_id} is neither there nor buried, or both"
        elif public_id in rows:
            yield from _lost(public_id, before, rows[public_id], is_reduced=public_id in reduced)
    for table in written.keys() - OUTLIVES:
        if left := written[table] - rows.keys():
            yield f"{table} knows of the erased {sorted(left)}"
    if left := orphans - planted.orphans:
        yield f"history without its row: {sorted(left)}"


def _lost(
    public_id: str, before: Counter[str], now: Counter[str], *, is_reduced: bool
) -> Iterator[str]:
    """Say what is missing of a customer; of one who was reduced the case alone has to be there."""
    lost = (before - now).keys() - FORGOTTEN
    if is_reduced:
        lost &= {each.model._meta.db_table for each in declarations() if each.case}
    if lost:
        yield f"{public_id} lost {sorted(lost)}"
    if is_reduced and now["accounts_policyevent"]:
        yield f"{public_id} is reduced by half"


def afterwards(planted: Planted, deeds: Iterable[Deed], neighbours: Holdings) -> Iterator[str]:
    """Say what is not as it should be once the purge has run to its end, undisturbed."""
    yield from snapshot(planted)
    there = set(Customer.objects.values_list("public_id", flat=True))
    erased = planted.rows.keys() - there
    now, _orphans = holdings()
    if {each: now.get(each) for each in neighbours} != neighbours:
        yield "the rows of a neighbour are not as they were"
    yield from _people(erased, planted.rows.keys() & there - neighbours.keys(), deeds)
    yield from _files()
    yield from _books(erased, planted.former)


def _people(erased: set[str], there: set[str], deeds: Iterable[Deed]) -> Iterator[str]:
    """Hold against each other who was erased and what people were told."""
    unknown = {deed.customer for deed in deeds if deed.answer == Answer.UNKNOWN}
    had = _done(deeds)
    for customer in there - had.keys() - unknown:
        yield f"{customer} is still there"
    for customer, kinds in had.items():
        if customer in erased:
            yield f"{customer} was erased in spite of {sorted(kinds)}"
        if "sign in" in kinds and "reopen" not in kinds:
            yield f"{customer} was let in though closed"
        if "erase address" in kinds and _addresses(customer) != {""}:
            yield f"{customer} has an address again"
    for kind, customer, answer in deeds:
        is_denied = answer == Answer.GONE or (kind, answer) == ("hold", Answer.REFUSED)
        if is_denied and customer not in erased:
            yield f"{customer} was called gone and is there"


def _done(deeds: Iterable[Deed]) -> dict[str, set[str]]:
    """Return what was done to each customer and still counts: a hold until it is released."""
    had: dict[str, set[str]] = defaultdict(set)
    for kind, customer, answer in deeds:
        if answer == Answer.DONE and kind == "release":
            had[customer] -= {"hold", "hold case"}
        elif answer == Answer.DONE:
            had[customer].add(kind)
    return {customer: kinds for customer, kinds in had.items() if kinds}


def _addresses(public_id: str) -> set[str]:
    return {row.address for row in Customer.history.filter(public_id=public_id)}


def _files() -> Iterator[str]:
    """Say which files are there without a row, or cannot be read."""
    recorded = dict(recorded_files())
    folder = Path(settings.MEDIA_ROOT)
    stored = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    yield from (f"nobody's file {path}" for path in stored - recorded.keys())
    yield from (f"not removed: {file.path}" for file in DoomedFile.objects.all())
    for path, owner in recorded.items():
        try:
            open_stored(path, owner=owner).read()
        except PortalError:
            yield f"{owner} lost the file {path}"


def _books(erased: set[str], former: dict[str, str]) -> Iterator[str]:
    """Hold tombstones, ledger and reports against each other."""
    stones = set(Tombstone.objects.values_list("public_id", flat=True))
    if stones != erased | {each for each, today in former.items() if today in erased}:
        yield "the tombstones are of others than the erased"
    lines = [(entry.number, entry.public_id) for some in ledger.entries() for entry in some]
    if sorted(public_id for _number, public_id in lines) != sorted(stones):
        yield "the ledger knows of others than the tombstones"
    if [number for number, _id in lines] != [*range(1, len(stones) + 1)] or ledger.first_break():
        yield "the lines of the ledger do not follow each other"
    if lines != [*Tombstone.objects.order_by("line").values_list("line", "public_id")]:
        yield "the tombstones have other numbers than their lines"
    runs = PurgeRun.objects.values_list("erased", flat=True)
    if sum(runs) != len(erased):
        yield f"{len(erased)} were erased, the runs say {sum(runs)}"
    if places := {place for run in PurgeRun.objects.all() for place in run.residue}:
        yield f"residue in {sorted(places)}"
