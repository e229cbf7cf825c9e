"""Who is told nothing of a case, because of an interest of their own."""

from collections import defaultdict
from collections.abc import Iterable

from casework.models import Case, CaseConflict


def kept_away(cases: Iterable[Case]) -> defaultdict[int, set[str]]:
    """Return for each case (primary key) the public ids of who is to hear nothing of it."""
    conflicts = CaseConflict.objects.filter(case__in=[case.pk for case in cases])
    away: defaultdict[int, set[str]] = defaultdict(set)
    for case, person in conflicts.values_list("case", "staff__public_id"):
        away[case].add(person)
    return away
