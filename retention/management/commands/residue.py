from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from redis.exceptions import RedisError

from accounts.models import Customer
from common.personal_data import erased_among
from retention.portraits import Mark, portray
from retention.residue import Search


class Command(BaseCommand):
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
            raise CommandError("Name a public id, or strings after --text.")
        search = Search({t: m for marks in wanted.values() for t, m in marks.items()}, True)
        try:
            search.run()
        except (DatabaseError, RedisError, OSError) as error:
            raise CommandError(f"The search broke off: {type(error).__name__}") from error
        self._report(search)
        found = [self._list(name, search, marks) for name, marks in wanted.items()]
        if any(found):
            raise CommandError(f"Found: {sum(found)} places.")

    def _report(self, search: Search) -> None:
        numbers = ", ".join(f"{number} {kind}" for kind, number in search.searched.items())
        self.stdout.write(f"searched: {numbers}")
        for place, reason in search.left_out.items():
            self.stdout.write(f"left out: {place}: {reason}")

    def _list(self, name: str, search: Search, marks: dict[str, Mark]) -> int:
        """Write where something was found, never what; return in how many places."""
        places = {place for text in marks for place in search.places.get(text, ())}
        self.stdout.write(f"{name}: {'nothing found' if not places else ''}")
        for place in sorted(places):
            self.stdout.write(f"  {place}")
        return len(places)


def _marks_of(public_id: str) -> dict[str, Mark]:
    """Raises CommandError for an id that nobody ever had: a slip of the pen proves nothing."""
    known = Customer.objects.known_as(public_id).prefetch_related("merges")
    if not known.exists() and not erased_among([public_id]):
        raise CommandError(f"No customer has the public id {public_id}, and none ever had.")
    return {public_id: Mark(public_id, True), **portray(known).marks}
