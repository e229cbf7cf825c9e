from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from policies.models import Company


def portal(request: HttpRequest) -> dict[str, Any]:
    """Give every page the company; asked of the database only where a page names it."""
    return {"company": SimpleLazyObject(Company.objects.first)}
