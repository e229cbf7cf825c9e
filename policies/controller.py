"""The company as the signed documents name it."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from common.documents import Content, Fact, Section, in_language
from policies.models import Company

CONTROLLER = "controller"


def party_of(company: Company) -> dict[str, Any]:
    return {
        "party_id": CONTROLLER,
        "party_role": "PII controller",
        "party_name": {"vi": company.name_vi, "en": company.name_en},
        "party_address": {"vi": company.address_vi, "en": company.address_en},
        "party_email": company.email or settings.CONTACT_EMAIL,
        "party_phone": company.phone,
        "party_url": company.website or settings.SITE_ORIGIN,
        "party_tax_code": company.tax_code,
    }


def controller_section(party: Content) -> Section:
    return Section(
        _("Controller"),
        [
            Fact(_("Name"), in_language(party["party_name"])),
            Fact(_("Address"), in_language(party["party_address"])),
            Fact(_("Email"), party["party_email"]),
            Fact(_("Phone"), party["party_phone"]),
            Fact(_("Website"), party["party_url"]),
            Fact(_("Tax code"), party["party_tax_code"]),
        ],
    )
