from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.devices import asks_for_screen
from common.personal_data import DataCategory
from policies.categories import deals_with
from policies.models import Company


def portal(request: HttpRequest) -> dict[str, Any]:
    """Give every page the company, asked of the database only where a page names it.

    With it comes what some companies hold alone, for the menu. The official address is
    shown where passwords are asked.
    """
    return {
        "company": SimpleLazyObject(_company),
        "site_origin": settings.SITE_ORIGIN,
        "asks_for_screen": SimpleLazyObject(asks_for_screen),
        "contact_email": settings.CONTACT_EMAIL,
        "shows_promises": settings.TRANSPARENCY_PAGE,
    }


def _company() -> Company | None:
    return Company.objects.annotate(
        records_calls=deals_with(DataCategory.CALL_RECORDING),
        hosts_content=deals_with(DataCategory.HOSTED_CONTENT),
    ).first()
