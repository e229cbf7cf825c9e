"""What the signed documents of several rooms say in common: the controller, and how long."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from common.documents import Content, Fact, Section, in_language, name_of
from policies.models import Company, RetentionRule, RetentionTrigger

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
            Fact(_("Company"), in_language(party["party_name"])),
            Fact(_("Address"), in_language(party["party_address"])),
            Fact(_("Email"), party["party_email"]),
            Fact(_("Phone"), party["party_phone"]),
            Fact(_("Website"), party["party_url"]),
            Fact(_("Tax code"), party["party_tax_code"]),
        ],
    )


def period_under(rule: RetentionRule) -> dict[str, Any]:
    return {
        "counted_from": rule.trigger,
        "months": rule.months,
        "source": {"vi": rule.source_vi, "en": rule.source_en},
    }


def period_facts(period: Content) -> list[Fact]:
    months = ngettext("%(n)d month", "%(n)d months", period["months"]) % {"n": period["months"]}
    return [
        Fact(_("Counted from when"), name_of(RetentionTrigger, period["counted_from"])),
        Fact(_("Kept for"), months if period["months"] else _("until the end of that day")),
        Fact(_("Stated in"), in_language(period["source"])),
    ]
