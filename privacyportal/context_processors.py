from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from policies.models import Company


def portal(request: HttpRequest) -> dict[str, Any]:
    """Give every page the company, asked of the database only where a page names it.

    The official address is shown where passwords are asked.
    """
    return {
        "company": SimpleLazyObject(Company.objects.first),
        "site_origin": settings.SITE_ORIGIN,
        "contact_email": settings.CONTACT_EMAIL,
        "shows_promises": settings.TRANSPARENCY_PAGE,
    }
