"""The receipt of a closing: what ended, what stays, by which rule and until when. Not stored."""

from collections.abc import Iterator

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.closing import Terms
from accounts.held import kept_after_closing
from accounts.models import ClosingCause, ConsentDecision, Customer
from common.documents import (
    Content,
    Document,
    Fact,
    Section,
    document_kind,
    in_language,
    issue,
    name_of,
    said_day,
    said_moment,
)
from common.personal_data import DataCategory
from policies.as_of import company_at
from policies.document_parts import controller_section, party_of, period_facts, period_under

KIND = "closing-receipt"
SCHEMA = "portal closing receipt 1"


def issue_closing_receipt(customer: Customer) -> Document:
    """Certify the closing of an account that is closed now."""
    rule, closed_at = customer.closing_rule, customer.closed_at
    if rule is None or closed_at is None or customer.kept_until is None:
        raise ValueError("an open account has no receipt of its closing")
    kept = kept_after_closing(customer, Terms(rule, customer.kept_until, customer.grace_until))
    ended = customer.consents.filter(decision=ConsentDecision.WITHDRAWN, at__gte=closed_at)
    return issue(
        KIND,
        {
            "schema_version": SCHEMA,
            "pii_principal_id": customer.public_id,
            "controller": party_of(company_at(closed_at)),
            "closed_at": timezone.localtime(closed_at, timezone.get_default_timezone()).isoformat(),
            "cause": customer.closing_cause,
            "consents_withdrawn": [
                {"vi": consent.purpose.name_vi, "en": consent.purpose.name_en}
                for consent in ended.select_related("purpose")
            ],
            "kept": {
                "categories": [str(each.category) for each in kept],
                "until": customer.kept_until.isoformat(),
                "earlier": {
                    str(each.category): each.until.isoformat()
                    for each in kept
                    if each.until < customer.kept_until
                },
                "grace_until": customer.grace_until.isoformat() if customer.grace_until else "",
                **period_under(rule),
            },
        },
    )


@document_kind(KIND, _("Receipt of the closing of an account"))
def read_closing_receipt(content: Content) -> list[Section]:
    kept = content["kept"]
    return [
        Section(
            _("The closing"),
            [
                Fact(_("Customer, by pseudonym"), content["pii_principal_id"]),
                Fact(_("Account closed"), said_moment(content["closed_at"])),
                Fact(_("Closed because"), name_of(ClosingCause, content["cause"])),
                Fact(_("Can be opened again until"), said_day(kept["grace_until"])),
            ],
        ),
        Section(
            _("What ended at once"),
            [
                Fact(_("Access"), _("Every signed-in device was signed out.")),
                Fact(_("Consents withdrawn"), *map(in_language, content["consents_withdrawn"])),
            ],
        ),
        Section(
            _("What stays, why and until when"),
            [
                Fact(_("Data"), *(name_of(DataCategory, code) for code in kept["categories"])),
                Fact(_("Kept until"), said_day(kept["until"])),
                Fact(_("Of that, earlier"), *_earlier(kept)),
                *period_facts(kept),
                Fact(
                    _("Then"),
                    _("Everything is deleted, unless a law or an open case keeps it for longer."),
                ),
            ],
        ),
        controller_section(content["controller"]),
    ]


def _earlier(kept: Content) -> Iterator[str]:
    """Say what goes before the rest; receipts of before told nothing of it."""
    for code, day in kept.get("earlier", {}).items():
        yield f"{name_of(DataCategory, code)}: {said_day(day)}"
