"""Cases that a member of staff is to hear nothing of; rooms above say which."""

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

Hides = Callable[[Any], QuerySet[Any, Any]]
_hiding: list[Hides] = []


def hides_cases(function: Hides) -> Hides:
    """Register a function that returns a query for the references hidden from somebody."""
    _hiding.append(function)
    return function


def hidden_from(user: Any) -> Q:
    """Ask for the access records that name such a case."""
    nothing = Q(pk__in=())
    return reduce(or_, (Q(case_reference__in=hides(user)) for hides in _hiding), nothing)
