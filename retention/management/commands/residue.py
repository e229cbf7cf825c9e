import re
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from accounts.models import Customer
from common.commands import SpokenCommand
from common.personal_data import erased_among
from retention.portraits import Mark, portray
from retention.residue import KINDS, Search


class Command(SpokenCommand):
    help = (
        "Search every table, history, file, queue and cache for what must be gone. Of a customer"
        " who was erased the public id is searched for; of one who was not, all that tells them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("public_ids", nargs="*", metavar="PUBLIC_ID")
        parser.add_argument("--text", nargs="+", default=[], metavar="STRING")

    def handle(self, *, public_ids: list[str], text: list[str], **options: Any) -> None:
        wanted = {each: _marks_of(each) for each in public_ids}
        wanted |= {f"text {n}": {each: Mark(each, True)} for n, each in enumerate(text, start=1)}
        if not wanted:
            raise CommandError(_("Name a public id, or strings after --text."))
        if not all(re.search(r"\w", each) for each in text):
            raise CommandError(_("A string without a letter or a digit cannot be searched for."))
        search = Search({t: m for marks in wanted.values() for t, m in marks.items()}, True)
        try:
            search.run()
        except (DatabaseError, RedisError, OSError) as error:
            raise CommandError(_("The search broke off: %s") % type(error).__name__) from error
        found = [self._list(name, search, marks) for name, marks in wanted.items()]
        self._report(search)
        if any(found):
            raise CommandError(_("Found in %d places.") % sum(found))
        self.stdout.write(
            _(
                "Nothing was found in %(rows)d rows of %(tables)d tables, %(keys)d keys of Redis"
                " and %(files)d files."
            )
            % {kind: search.searched[kind] for kind in KINDS}
        )

    def _list(self, name: str, search: Search, marks: dict[str, Mark]) -> int:
        """Write where something was found, never what; return in how many places."""
        places = {place for text in marks for place in search.places.get(text, ())}
        outcome = _("found") if places else _("nothing found")
        self.stdout.write(f"{name}: {outcome}")
        if Customer.objects.known_as(name).exists():
            why = _("This customer is not erased: what is found may rightly be there.")
            self.stdout.write(f"  {why}")
        for place in sorted(places):
            self.stdout.write(f"  {place}")
        return len(places)

    def _report(self, search: Search) -> None:
        numbers = ", ".join(f"{KINDS[kind]} {number}" for kind, number in search.searched.items())
        self.stdout.write(_("searched: %s") % numbers)
        places: dict[str, list[str]] = {}
        for place, reason in search.left_out.items():
            places.setdefault(reason, []).append(place)
        for reason, some in places.items():
            words = {"why": reason, "places": ", ".join(some)}
            self.stdout.write(_("left out, %(why)s: %(places)s") % words)


def _marks_of(public_id: str) -> dict[str, Mark]:
    """Raises CommandError for an id that nobody ever had: a slip of the pen proves nothing."""
    known = Customer.objects.known_as(public_id).with_former_ids()
    if not known.exists() and not erased_among([public_id]):
        raise CommandError(
            _("No customer has the public id %s, and none ever had. Nothing was searched.")
            % public_id
        )
    return {public_id: Mark(public_id, True), **portray(known).marks}
